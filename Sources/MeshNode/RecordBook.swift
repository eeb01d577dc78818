internal import Identity
internal import Primitives

/// Records of nodes that are neither neighbours nor in the routing table, newest kept.
struct RecordBook: Sendable {
    private var records = OrderedTable<NodeID, NodeRecord>()
    private var order: [NodeID] = []

    /// Keeps an authentic record; the oldest one makes room.
    mutating func add(_ record: NodeRecord) {
        if let known = records[record.id] {
            if known.sequence < record.sequence { records[record.id] = record }
            return
        }
        if order.count >= Limits.recordBookCount {
            records[order.removeFirst()] = nil
        }
        records[record.id] = record
        order.append(record.id)
    }

    subscript(id: NodeID) -> NodeRecord? { records[id] }
}
