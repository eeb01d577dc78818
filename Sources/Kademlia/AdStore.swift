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
        var isOwn: Bool
    }

    private var stored = OrderedTable<Key, Stored>()
    private var counts = OrderedTable<NodeID, Int>()
    /// When the next ad expires; never later.
    private(set) var nextExpiry = Instant.never

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
            // Also where a peer brings it back.
            keep(Stored(ad: ad, expiry: expiry, isOwn: isOwn || known.isOwn), as: key)
            return .stored
        }
        removeExpired(at: now)
        makeRoom(for: ad, under: topic)
        let ofTopic = range(of: topic).count
        let ofHolder = counts[ad.record.id] ?? 0
        // Our own ads are few and always kept: whoever asks the holder itself must find them.
        guard
            isOwn
                || (stored.count < Limits.storedAdCount && ofTopic < Limits.storedAdsPerTopic
                    && ofHolder < Limits.storedAdsPerHolder)
        else { return .full }
        keep(Stored(ad: ad, expiry: expiry, isOwn: isOwn), as: key)
        counts[ad.record.id] = ofHolder + 1
        return .stored
    }

    private mutating func keep(_ entry: Stored, as key: Key) {
        stored[key] = entry
        nextExpiry = min(nextExpiry, entry.expiry)
    }

    /// Under a full topic, holders of layers that many hold give way to one of a layer that few do,
    /// until all have the same: else whoever came first would hide the rarest.
    private mutating func makeRoom(for ad: Ad, under topic: NodeID) {
        let range = range(of: topic)
        guard range.count >= Limits.storedAdsPerTopic,
            let block = Topic.block(of: topic, among: ad.holding)
        else { return }
        var counts = Array(repeating: 0, count: Topic.layersPerBlock)
        let places = range.map { block.places(of: stored.values[$0].ad.holding) }
        for place in places.joined() { counts[place] += 1 }
        func rarest(_ places: Range<Int>) -> Int { places.map { counts[$0] }.min() ?? .max }
        var (victim, most) = (range.lowerBound, 0)
        for (index, places) in zip(range, places)
        where rarest(places) > most && !stored.values[index].isOwn {
            (victim, most) = (index, rarest(places))
        }
        guard rarest(block.places(of: ad.holding)) + 1 < most else { return }
        let holder = stored.keys[victim].holder
        stored.remove(stored.keys[victim])
        release(holder)
    }

    private mutating func release(_ holder: NodeID) {
        let left = (counts[holder] ?? 1) - 1
        counts[holder] = left > 0 ? left : nil
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
        stored.removeAll { $1.expiry <= now }
        nextExpiry = stored.values.reduce(.never) { min($0, $1.expiry) }
        for holder in gone { release(holder) }
    }
}
