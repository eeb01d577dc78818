/// How a loop of independent parts is shared out. This room never sees a thread.
public protocol Crew: Sendable {
    /// How many parts can run at the same time.
    var memberCount: Int { get }
    /// Work was given up: parts that have not begun are left out, and what comes of an operation
    /// means nothing.
    var isAbandoning: Bool { get }

    /// Runs `part` once for each index in `0..<partCount`, in any order; returns when all have run.
    func run(partCount: Int, _ part: @Sendable (Int) -> Void)
}

extension Crew {
    public var isAbandoning: Bool { false }
}

/// One after the other, on the caller's thread.
public struct SerialCrew: Crew {
    public init() {}
    public var memberCount: Int { 1 }

    public func run(partCount: Int, _ part: @Sendable (Int) -> Void) {
        for index in 0..<partCount { part(index) }
    }
}
