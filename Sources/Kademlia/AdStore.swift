internal import Identity
internal import Primitives
internal import Wire

/// Ads that this node keeps for others, one for each topic and holder.
struct AdStore: Sendable {
    private struct Key: Hashable, Comparable, Sendable {
        var topic: NodeID
        var holder: NodeID

        static func < (left: Key, right: Key) -> Bool {
            left.topic != right.topic ? left.topic < right.topic : left.holder < right.holder
        }
    }

    private struct Stored: Sendable {
        var ad: Ad
        var expiry: Instant
    }

    private var stored = OrderedTable<Key, Stored>()
    private var counts = OrderedTable<NodeID, Int>()

    var count: Int { stored.count }
    var isEmpty: Bool { stored.isEmpty }

    /// Keeps an authentic ad of `ad.record.id` until `expiry`.
    mutating func put(
        _ ad: Ad, topic: NodeID, expiry: Instant, isOwn: Bool, at now: Instant
    ) -> AdVerdict {
        guard expiry > now else { return .refused }
        let key = Key(topic: topic, holder: ad.record.id)
        if let known = stored[key], known.expiry > now {
            // The same ad again only says that its holder still means it.
            let isNewer = ad.sequence > known.ad.sequence
            guard isNewer || ad.encoded == known.ad.encoded else { return .refused }
            stored[key] = Stored(ad: ad, expiry: expiry)
            return .stored
        }
        removeExpired(at: now)
        let ofTopic = range(of: topic).count
        let ofHolder = counts[ad.record.id] ?? 0
        // Our own ads are few and always kept: whoever asks the holder itself must find them.
        guard
            isOwn
                || (stored.count < Limits.storedAdCount && ofTopic < Limits.storedAdsPerTopic
                    && ofHolder < Limits.storedAdsPerHolder)
        else { return .full }
        stored[key] = Stored(ad: ad, expiry: expiry)
        counts[ad.record.id] = ofHolder + 1
        return .stored
    }

    private func range(of topic: NodeID) -> Range<Int> {
        let first = stored.position(of: Key(topic: topic, holder: NodeID(.zero))).index
        var last = first
        while last < stored.count, stored.keys[last].topic == topic { last += 1 }
        return first..<last
    }

    /// Up to `count` living ads of a topic, chosen by chance.
    func ads(
        of topic: NodeID, count: Int, at now: Instant, random: inout SeededRandom
    ) -> [AgedAd] {
        var living = range(of: topic).map { stored.values[$0] }.filter { $0.expiry > now }
        if living.count > count { living.shuffle(using: &random) }
        return living.prefix(count).map { stored in
            let left = stored.expiry.since(now).milliseconds / 1_000
            return AgedAd(remainingSeconds: UInt32(clamping: left), ad: stored.ad)
        }
    }

    mutating func removeExpired(at now: Instant) {
        var gone: [NodeID] = []
        for index in stored.keys.indices where stored.values[index].expiry <= now {
            gone.append(stored.keys[index].holder)
        }
        guard !gone.isEmpty else { return }
        stored.removeAll { $1.expiry <= now }
        for holder in gone {
            let left = (counts[holder] ?? 1) - 1
            counts[holder] = left > 0 ? left : nil
        }
    }
}
