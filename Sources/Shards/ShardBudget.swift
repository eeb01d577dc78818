internal import Primitives

/// Bytes that pieces may still cost this node's owner, taken and given together.
struct ShardBudget: Sendable {
    /// Nil where there is no limit.
    var remaining: Int?

    mutating func spend(_ byteCount: Int) {
        if let left = remaining { remaining = max(0, left - byteCount) }
    }

    /// Whether another chunk may move beside those on their way here or from here.
    func hasRoom(beside count: Int) -> Bool {
        remaining.map { $0 / Limits.chunkByteCount > count } ?? true
    }
}
