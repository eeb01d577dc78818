internal import Identity
internal import Primitives
internal import Wire

/// Holders that the DHT named and gossip does not know.
struct AdHolders: Sendable {
    struct Holder: Sendable {
        var ad: Ad
        /// When this sequence was first seen: a holder that lives publishes the next one soon.
        var seenAt: Instant
        var goodUntil: Instant
    }

    private(set) var holders = OrderedTable<NodeID, [Holder]>()

    /// Keeps an authentic ad; a later one of the same node for the same model replaces it.
    mutating func add(_ ad: Ad, at now: Instant) {
        var known = holders[ad.record.id] ?? []
        let isKnown = known.contains {
            $0.ad.holding.model == ad.holding.model && $0.ad.sequence >= ad.sequence
                && $0.goodUntil > now
        }
        if isKnown { return }
        known.removeAll { $0.ad.holding.model == ad.holding.model || $0.goodUntil <= now }
        let lifetime = Interval.seconds(Int(min(ad.lifetimeSeconds, Limits.adLifetimeSeconds)))
        known.append(Holder(ad: ad, seenAt: now, goodUntil: now + lifetime))
        if !holders.contains(ad.record.id), holders.count >= Limits.adHolderCount { return }
        holders[ad.record.id] = Array(known.suffix(Limits.modelsPerNode))
    }

    mutating func remove(_ id: NodeID) { holders[id] = nil }

    /// Live ads for a model, in the order of their holders' ids.
    func ads(for model: Digest, at now: Instant, youngerThan age: Interval = .hours(1)) -> [Ad] {
        holders.values.flatMap { known in
            known.filter {
                $0.ad.holding.model == model && $0.goodUntil > now && now.since($0.seenAt) < age
            }.map(\.ad)
        }
    }
}
