internal import Identity
internal import Primitives
internal import Wire

/// A node that a lookup knows of.
struct Candidate: Sendable {
    enum Progress: Sendable { case fresh, asked, slow, answered, failed }

    var record: NodeRecord
    var progress = Progress.fresh
    /// Steps from our own table: 1 for a node in it.
    var hopCount: Int
}

/// What a lookup is for, and with it which request it sends and which event it ends in.
enum LookupPurpose: Sendable {
    case nodes
    case ads(wanted: Int)
    case publish(Ad)
    case ownNeighbours
    /// A quick one wants a few nodes of a bucket, not the nearest to its target.
    case refresh(isQuick: Bool)
}

/// One iterative lookup (Kademlia section 2.3): ask the nearest known, learn nearer ones, until the
/// nearest `closestCount` have answered.
struct Lookup: Sendable {
    let target: NodeID
    let purpose: LookupPurpose
    let isUrgent: Bool
    let deadline: Instant
    /// Every node no farther from the target than this belongs to the target's region, in units of
    /// 2^-64 of the space; nil where the region is not known, or nothing depends on it.
    let regionRadius: UInt64?
    /// In order of distance to the target.
    private(set) var candidates = OrderedTable<Bytes32, Candidate>()
    /// The best ad of each holder.
    var ads = OrderedTable<NodeID, Ad>()
    private(set) var requestCount = 0

    init(
        target: NodeID, purpose: LookupPurpose, isUrgent: Bool, deadline: Instant,
        regionRadius: UInt64? = nil
    ) {
        self.target = target
        self.purpose = purpose
        self.isUrgent = isUrgent
        self.deadline = deadline
        self.regionRadius = regionRadius
    }

    private func isInRegion(_ distance: Bytes32) -> Bool {
        regionRadius.map { distance.first <= $0 } ?? false
    }

    /// Whether a caller waits for this lookup's event.
    var isAwaited: Bool {
        switch purpose {
        case .nodes, .ads, .publish: true
        case .ownNeighbours, .refresh: false
        }
    }

    /// Whether it ends only when everybody near the target was heard.
    var isThorough: Bool {
        switch purpose {
        case .ads, .refresh(isQuick: true): false
        case .nodes, .publish, .ownNeighbours, .refresh: !isUrgent
        }
    }

    /// Whether the request tells the whole target: only where ads are asked for.
    var asksForAds: Bool { if case .ads = purpose { true } else { false } }

    mutating func add(_ record: NodeRecord, hopCount: Int) {
        let distance = record.id.distance(to: target)
        if var known = candidates[distance] {
            // A failed node with a later record may be back at another address.
            guard known.record.sequence < record.sequence, known.progress == .failed else { return }
            known = Candidate(record: record, hopCount: known.hopCount)
            candidates[distance] = known
            return
        }
        candidates[distance] = Candidate(record: record, hopCount: hopCount)
        if candidates.count > Limits.lookupCandidateCount, let last = candidates.keys.last {
            candidates.remove(last)
        }
    }

    mutating func mark(_ id: NodeID, _ progress: Candidate.Progress) {
        candidates.update(id.distance(to: target)) { $0.progress = progress }
    }

    func candidate(_ id: NodeID) -> Candidate? { candidates[id.distance(to: target)] }

    /// The nearest candidate to ask now, marked as asked; nil while enough answers are awaited.
    mutating func nextToAsk(concurrency: Int, closestCount: Int) -> NodeRecord? {
        let awaited = candidates.values.count { $0.progress == .asked }
        guard awaited < concurrency, requestCount < Limits.lookupRequestCount else { return nil }
        var seen = 0
        for index in candidates.keys.indices {
            let candidate = candidates.values[index]
            if candidate.progress == .failed { continue }
            if seen >= closestCount, !isInRegion(candidates.keys[index]) { break }
            if candidate.progress == .fresh {
                candidates.update(at: index) { $0.progress = .asked }
                requestCount += 1
                return candidate.record
            }
            seen += 1
        }
        return nil
    }

    /// Nearest first, those that answered.
    var answered: [NodeRecord] {
        candidates.values.filter { $0.progress == .answered }.map(\.record)
    }

    /// Of those that answered the nearest `closestCount`, and the others of the region.
    func nearest(closestCount: Int) -> [NodeRecord] {
        let answered = answered
        let inRegion = answered.prefix { isInRegion($0.id.distance(to: target)) }
        return Array(answered.prefix(max(closestCount, inRegion.count)))
    }

    /// Whether asking on can change nothing: the nearest `closestCount`, and all of the region,
    /// have answered or failed.
    func isSettled(closestCount: Int) -> Bool {
        if case .ads(let wanted) = purpose, ads.count >= wanted { return true }
        switch purpose {
        case .nodes where isUrgent, .refresh(isQuick: true): if isAnswerKnown { return true }
        case .nodes, .refresh, .ads, .publish, .ownNeighbours: break
        }
        let isSpent = requestCount >= Limits.lookupRequestCount
        var seen = 0
        for index in candidates.keys.indices {
            let progress = candidates.values[index].progress
            if progress == .failed || (progress == .fresh && isSpent) { continue }
            if seen >= closestCount, !isInRegion(candidates.keys[index]) { return true }
            guard progress == .answered else { return false }
            seen += 1
        }
        return true
    }

    /// Whether somebody who waits can have the answer: the target itself answered, or the three
    /// nearest did (go-libp2p's beta).
    private var isAnswerKnown: Bool {
        var seen = 0
        for candidate in candidates.values where candidate.progress != .failed {
            guard candidate.progress == .answered else { return false }
            if candidate.record.id == target { return true }
            seen += 1
            if seen == 3 { return true }
        }
        return true
    }
}

/// Which log-distances to ask `peer` for so that it names nodes near `target`.
///
/// Nodes of the peer's bucket i are nearer to the target than the peer exactly where bit i of the
/// XOR of both is set: so the two highest set bits first, then the highest clear bit below, whose
/// nodes are hardly farther than the peer.
func distancesToAsk(_ peer: NodeID, for target: NodeID, nodeCount: Int) -> [Int] {
    let distance = peer.distance(to: target)
    let top = 256 - distance.leadingZeroBitCount
    guard top > 0 else {
        // The peer is the target: its neighbours begin where one node is expected.
        let nearest = 256 - (Int.bitWidth - max(nodeCount, 1).leadingZeroBitCount)
        return [nearest + 1, nearest + 2, nearest].map { min(max($0, 1), 256) }.unique
    }
    var (set, clear): (Int?, Int?) = (nil, nil)
    for index in stride(from: top - 1, through: 1, by: -1) where set == nil || clear == nil {
        if distance.bit(index - 1) { set = set ?? index } else { clear = clear ?? index }
    }
    return [top, set, clear].compactMap { $0 }
}

extension [Int] {
    fileprivate var unique: [Int] {
        reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
