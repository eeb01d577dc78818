internal import Identity
internal import Primitives
internal import Wire

/// Holders that the DHT named and gossip does not know.
struct AdHolders: Sendable {
    struct Holder: Sendable {
        var ad: Ad
        var goodUntil: Instant
    }

    private(set) var holders = OrderedTable<NodeID, [Holder]>()

    /// Keeps an authentic ad; a later one of the same node for the same model replaces it.
    mutating func add(_ ad: Ad, at now: Instant) {
        var known = holders[ad.record.id] ?? []
        known.removeAll { $0.ad.holding.model == ad.holding.model || $0.goodUntil <= now }
        let lifetime = Interval.seconds(Int(min(ad.lifetimeSeconds, Limits.adLifetimeSeconds)))
        known.append(Holder(ad: ad, goodUntil: now + lifetime))
        if !holders.contains(ad.record.id), holders.count >= Limits.adHolderCount { return }
        holders[ad.record.id] = Array(known.suffix(Limits.modelsPerNode))
    }

    mutating func remove(_ id: NodeID) { holders[id] = nil }

    /// Live ads for a model, in the order of their holders' ids.
    func ads(for model: Digest, at now: Instant) -> [Ad] {
        holders.values.flatMap { known in
            known.filter { $0.ad.holding.model == model && $0.goodUntil > now }.map(\.ad)
        }
    }
}
