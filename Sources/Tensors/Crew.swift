/// How a loop of independent parts is shared out. This room never sees a thread.
public protocol Crew: Sendable {
    /// How many parts can run at the same time.
    var memberCount: Int { get }

    /// Whether the work is not wanted any more: parts are left out from now on, and whatever they
    /// were to make is not to be looked at. Long parts ask between their steps.
    var isAbandoned: Bool { get }

    /// Runs `part` once for each index in `0..<partCount`, in any order; returns when all have run,
    /// or at once after the parts under way where the work is abandoned.
    ///
    /// - Parameters:
    ///   - work: multiplications, or numbers that are written, in all parts together: loops of as
    ///     many parts and as much work take about as long. 0 where nobody knows.
    ///   - isLocal: neighbouring parts have to do with neighbouring memory. Each member then
    ///     begins with its own share of them, the same in every loop, so that its core's cache has
    ///     what it wrote before: cores that share no cache get at it slower than at memory.
    func run(partCount: Int, work: Int, isLocal: Bool, _ part: @Sendable (Int) -> Void)
}

extension Crew {
    public var isAbandoned: Bool { false }

    public func run(partCount: Int, isLocal: Bool = false, _ part: @Sendable (Int) -> Void) {
        run(partCount: partCount, work: 0, isLocal: isLocal, part)
    }

    /// Runs `body` for ranges that make up `0..<rowCount`; for all of it at once where handing on
    /// would take longer than it saves.
    ///
    /// - Parameter rowWork: numbers that come of one row.
    func share(rowCount: Int, rowWork: Int, _ body: @Sendable (Range<Int>) -> Void) {
        // So many numbers take some microseconds.
        let perPart = max(1, (1 << 14) / max(1, rowWork))
        guard rowCount > perPart else { return body(0..<rowCount) }
        let partCount = (rowCount + perPart - 1) / perPart
        run(partCount: partCount, work: rowCount * rowWork, isLocal: true) { index in
            body(index * perPart..<min(rowCount, (index + 1) * perPart))
        }
    }
}

/// One after the other, on the caller's thread.
public struct SerialCrew: Crew {
    public init() {}
    public var memberCount: Int { 1 }

    public func run(
        partCount: Int, work: Int, isLocal: Bool, _ part: @Sendable (Int) -> Void
    ) {
        for index in 0..<partCount { part(index) }
    }
}
