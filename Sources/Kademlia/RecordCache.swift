internal import Identity
internal import Primitives

/// Records that are authentic, and nothing more: where lookups and letters find addresses of nodes
/// that are in no table. Two generations; the older one is forgotten when the younger is full.
struct RecordCache: Sendable {
    private struct Cached: Sendable {
        var record: NodeRecord
        var failedAt: Instant?
    }

    private var young = OrderedTable<NodeID, Cached>()
    private var old = OrderedTable<NodeID, Cached>()

    func record(of id: NodeID) -> NodeRecord? { (young[id] ?? old[id])?.record }

    /// Keeps the record with the highest sequence; none of a visitor, whom nobody is to look for.
    mutating func insert(_ record: NodeRecord) {
        guard !record.isTransient else { return }
        var cached = young[record.id] ?? old[record.id] ?? Cached(record: record)
        if cached.record.sequence < record.sequence { cached = Cached(record: record) }
        put(cached)
    }

    private mutating func put(_ cached: Cached) {
        let isFull = young.count >= Limits.candidateRecordCount
        if isFull, !young.contains(cached.record.id) {
            old = young
            young = OrderedTable()
        }
        young[cached.record.id] = cached
    }

    /// Remembers that this record led nowhere; a later record of the same node starts afresh.
    mutating func fail(_ record: NodeRecord, at now: Instant) {
        insert(record)
        young.update(record.id) { $0.failedAt = now }
    }

    mutating func succeed(_ id: NodeID) {
        young.update(id) { $0.failedAt = nil }
        old.update(id) { $0.failedAt = nil }
    }

    /// Whether exactly this record, or a later one of its node, failed after `moment`.
    func hasFailed(_ record: NodeRecord, after moment: Instant) -> Bool {
        guard let cached = young[record.id] ?? old[record.id], let failedAt = cached.failedAt
        else { return false }
        return record.sequence <= cached.record.sequence && failedAt > moment
    }

    var isEmpty: Bool { young.isEmpty && old.isEmpty }

    /// Up to `count` records nearest to `target` that did not fail after `moment`.
    func closest(to target: NodeID, count: Int, unfailedSince moment: Instant) -> [NodeRecord] {
        var places: [(distance: Bytes32, isYoung: Bool, index: Int)] = []
        for index in young.keys.indices
        where (young.values[index].failedAt ?? .origin) <= moment {
            places.append((young.keys[index].distance(to: target), true, index))
        }
        for index in old.keys.indices
        where (old.values[index].failedAt ?? .origin) <= moment && !young.contains(old.keys[index])
        {
            places.append((old.keys[index].distance(to: target), false, index))
        }
        places.sort { $0.distance < $1.distance }
        return places.prefix(count).map { ($0.isYoung ? young : old).values[$0.index].record }
    }
}
