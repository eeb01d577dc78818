internal import Gossip
internal import Primitives
internal import Wire

/// Round trips between the nodes of one choice, looked up once: measured from here, predicted by
/// coordinates elsewhere.
struct Ways {
    private let own: NodeID
    private var fromHere = OrderedTable<NodeID, Int>()
    private var coordinates = OrderedTable<NodeID, Coordinate>()

    init(_ node: borrowing Node, to ids: [NodeID]) {
        own = node.id
        for id in ids {
            fromHere[id] = node.roundTripMicroseconds(id)
            coordinates[id] = node.gossip.known[id]?.signed.state.coordinate
        }
    }

    /// Microseconds between two nodes; nil stands for this one.
    func between(_ one: NodeID?, _ other: NodeID?) -> Int {
        let (first, second) = (one ?? own, other ?? own)
        if first == second { return 0 }
        if first == own || second == own {
            return fromHere[first == own ? second : first] ?? Limits.unknownRoundTripMicroseconds
        }
        guard let here = coordinates[first], let there = coordinates[second], here.isKnown,
            there.isKnown
        else { return Limits.unknownRoundTripMicroseconds }
        return Int(here.predictedRoundTrip(to: there).microseconds)
    }
}
