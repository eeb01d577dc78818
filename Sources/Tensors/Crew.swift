/// How a loop of independent parts is shared out. This room never sees a thread.
public protocol Crew: Sendable {
    /// How many parts can run at the same time.
    var memberCount: Int { get }

    /// Runs `part` once for each index in `0..<partCount`, in any order; returns when all have run.
    func run(partCount: Int, _ part: @Sendable (Int) -> Void)
}

/// One after the other, on the caller's thread.
public struct SerialCrew: Crew {
    public init() {}
    public var memberCount: Int { 1 }

    public func run(partCount: Int, _ part: @Sendable (Int) -> Void) {
        for index in 0..<partCount { part(index) }
    }
}
