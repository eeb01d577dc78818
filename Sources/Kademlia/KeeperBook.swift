internal import Identity
internal import Primitives

/// Who keeps this node's ads: an ad that is published again goes straight to them, and no lookup
/// asks everybody on the way.
struct KeeperBook: Sendable {
    private struct Keepers: Sendable {
        var nodes: [NodeRecord]
        var foundAt: Instant
    }

    private var topics = OrderedTable<NodeID, Keepers>()

    /// Keepers that a lookup found after `moment`; nil where it must be made again.
    func nodes(of topic: NodeID, foundAfter moment: Instant) -> [NodeRecord]? {
        guard let known = topics[topic], known.foundAt > moment, !known.nodes.isEmpty else {
            return nil
        }
        return known.nodes
    }

    /// Keeps what a lookup found; the oldest finding makes room.
    mutating func remember(_ nodes: [NodeRecord], of topic: NodeID, at now: Instant) {
        if topics.count >= Limits.keeperTopicCount, !topics.contains(topic) {
            var oldest = 0
            for index in topics.keys.indices
            where topics.values[index].foundAt < topics.values[oldest].foundAt { oldest = index }
            topics.remove(topics.keys[oldest])
        }
        topics[topic] = Keepers(nodes: nodes, foundAt: now)
    }

    /// One of them did not answer: others may be nearer now.
    mutating func forget(_ topic: NodeID) { topics[topic] = nil }
}
