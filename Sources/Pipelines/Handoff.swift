internal import Identity
internal import Primitives

/// A stage on its way out: what it still does, and how far its KV cache has gone to its heir.
struct Leaving: Hashable, Sendable {
    struct Heir: Hashable, Sendable {
        var node: NodeID
        var seat: Int
        var resumeIndex: Int
    }

    /// No step begins after this moment ...
    var computeUntil: Instant
    /// ... and nothing is kept after this one.
    var until: Instant
    var heir: Heir?
    /// Positions that were sent to the heir.
    var sentPosition = 0
    /// Ends of the parts under way, oldest first.
    var partsUnderWay: [Int] = []
    var isExporting = false
    /// No step begins any more: the steps that come are the heir's.
    var isFrozen = false
    var hasEnded = false
}

/// A stage that gets its KV cache from the one it follows.
struct Inheriting: Sendable {
    var giver: NodeID
    /// Parts that overtook earlier ones, by position.
    var parts = OrderedTable<Int, [UInt8]>()
    var isImporting = false
    /// The giver's last word, where it has come.
    var end: HandoffEnd?
}
