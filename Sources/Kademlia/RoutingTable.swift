internal import Identity
internal import Primitives

/// A node in the table: somebody we had an authenticated session with.
struct TableEntry: Sendable {
    /// What is handed out: learnt from the node itself.
    var record: NodeRecord
    /// A later record learnt from others: good for connecting, not yet for handing out.
    var newerRecord: NodeRecord?
    /// Where the session was; what the prefix limits count.
    var address: PeerAddress
    var lastHeard: Instant
    /// Answers so far, capped; a miss divides it by three, and at zero the node is dropped
    /// (go-ethereum's rule). A newcomer may miss once.
    var score = 3
    var roundTrip: Interval?

    static let scoreMaximum = 26

    var id: NodeID { record.id }
    var freshest: NodeRecord { newerRecord ?? record }
}

/// The nodes at one log-distance, and those that wait for a place among them.
struct Bucket: Sendable {
    var entries: [TableEntry] = []
    var replacements: [TableEntry] = []

    static func capacity(at logDistance: Int) -> Int {
        let fromTop = 256 - logDistance
        return fromTop < Limits.farBucketEntryCounts.count
            ? Limits.farBucketEntryCounts[fromTop] : Limits.bucketEntryCount
    }
}

/// Kademlia's k-buckets (Maymounkov and Mazieres 2002, section 2.4), the four farthest widened as
/// libtorrent does, so that the first step of a lookup goes further.
struct RoutingTable: Sendable {
    let own: NodeID
    private(set) var buckets = OrderedTable<Int, Bucket>()
    private(set) var count = 0

    init(own: NodeID) { self.own = own }

    enum Admission: Sendable { case added, known, waiting, refused }

    /// Takes in a node that we have a session with. A full bucket keeps whom it has, except that a
    /// part of it where nobody is gets its first node from a part where several are.
    mutating func admit(_ entry: TableEntry) -> Admission {
        precondition(entry.id != own && !entry.record.isTransient)
        let logDistance = own.logDistance(to: entry.id)
        // Taken out, so that its entries are changed in place.
        var bucket = buckets.remove(logDistance) ?? Bucket()
        defer { buckets[logDistance] = bucket }
        if let index = bucket.entries.firstIndex(where: { $0.id == entry.id }) {
            bucket.entries[index].meet(entry)
            return .known
        }
        bucket.replacements.removeAll { $0.id == entry.id }
        guard hasRoom(for: entry.address, in: bucket, at: logDistance) else { return .refused }
        if bucket.entries.count < Bucket.capacity(at: logDistance) {
            bucket.entries.append(entry)
            count += 1
            return .added
        }
        if let index = crowded(in: bucket, at: logDistance, for: entry.id) {
            keep(bucket.entries[index], in: &bucket)
            bucket.entries[index] = entry
            return .added
        }
        keep(entry, in: &bucket)
        return .waiting
    }

    private func keep(_ entry: TableEntry, in bucket: inout Bucket) {
        guard bucket.replacements.count < Limits.bucketReplacementCount else { return }
        bucket.replacements.append(entry)
    }

    /// Whether a /24 or /48 may have one more node; loopback and private space may always, because
    /// a home or a test runs many nodes there.
    private func hasRoom(
        for address: PeerAddress, in bucket: Bucket, at logDistance: Int
    ) -> Bool {
        guard !address.isPrivate else { return true }
        let prefix = address.prefix
        let near = bucket.entries.count { $0.address.prefix == prefix }
        guard near < Limits.bucketPrefixEntryCount else { return false }
        var total = near
        for (other, bucket) in zip(buckets.keys, buckets.values) where other != logDistance {
            total += bucket.entries.count { $0.address.prefix == prefix }
        }
        return total < Limits.tablePrefixEntryCount
    }

    /// The entry that gives way to a node whose part of the bucket is empty: of the most crowded
    /// part, the one with the longest round trip.
    private func crowded(in bucket: Bucket, at logDistance: Int, for id: NodeID) -> Int? {
        let capacity = Bucket.capacity(at: logDistance)
        var counts = Array(repeating: 0, count: capacity)
        let slots = bucket.entries.map { slot(of: $0.id, at: logDistance, capacity: capacity) }
        for slot in slots { counts[slot] += 1 }
        guard counts[slot(of: id, at: logDistance, capacity: capacity)] == 0 else { return nil }
        let most = counts.max() ?? 0
        return bucket.entries.indices.filter { counts[slots[$0]] == most }
            .max { bucket.entries[$0].cost < bucket.entries[$1].cost }
    }

    /// Which part of a bucket an id lies in: the bits of the distance behind its first one.
    private func slot(of id: NodeID, at logDistance: Int, capacity: Int) -> Int {
        let distance = own.distance(to: id)
        let bitCount = capacity.trailingZeroBitCount
        var slot = 0
        for offset in 0..<bitCount {
            let bit = logDistance - 2 - offset
            slot = slot << 1 | (bit >= 0 && distance.bit(bit) ? 1 : 0)
        }
        return slot
    }

    func entry(of id: NodeID) -> TableEntry? {
        buckets[own.logDistance(to: id)]?.entries.first { $0.id == id }
    }

    mutating func update(_ id: NodeID, _ change: (inout TableEntry) -> Void) {
        buckets.update(own.logDistance(to: id)) { bucket in
            if let index = bucket.entries.firstIndex(where: { $0.id == id }) {
                change(&bucket.entries[index])
            }
        }
    }

    /// A request to this node found no answer. True where it was dropped for that; its place goes
    /// to a replacement chosen by chance, so that a flood of newcomers can't choose who follows.
    mutating func miss(_ id: NodeID, random: inout SeededRandom) -> Bool {
        let logDistance = own.logDistance(to: id)
        guard var bucket = buckets[logDistance] else { return false }
        bucket.replacements.removeAll { $0.id == id }
        guard let index = bucket.entries.firstIndex(where: { $0.id == id }) else {
            buckets[logDistance] = bucket
            return false
        }
        bucket.entries[index].score /= 3
        guard bucket.entries[index].score == 0 else {
            buckets[logDistance] = bucket
            return false
        }
        bucket.entries.remove(at: index)
        count -= 1
        buckets[logDistance] = bucket
        let fitting = bucket.replacements.indices.filter {
            hasRoom(for: bucket.replacements[$0].address, in: bucket, at: logDistance)
        }
        if !fitting.isEmpty {
            let chosen = fitting[random.below(fitting.count)]
            bucket.entries.append(bucket.replacements.remove(at: chosen))
            count += 1
        }
        let isEmpty = bucket.entries.isEmpty && bucket.replacements.isEmpty
        buckets[logDistance] = isEmpty ? nil : bucket
        return true
    }

    /// Every entry, nearest bucket first.
    var entries: [TableEntry] { buckets.values.flatMap(\.entries) }

    /// Up to `count` entries nearest to `target`, nearest first.
    func closest(to target: NodeID, count: Int) -> [TableEntry] {
        var places: [(distance: Bytes32, bucket: Int, entry: Int)] = []
        places.reserveCapacity(self.count)
        for bucket in buckets.values.indices {
            for entry in buckets.values[bucket].entries.indices {
                let id = buckets.values[bucket].entries[entry].record.id
                places.append((id.distance(to: target), bucket, entry))
            }
        }
        places.sort { $0.distance < $1.distance }
        return places.prefix(count).map { buckets.values[$0.bucket].entries[$0.entry] }
    }

    /// Records at the asked log-distances, in their order; of a bucket too big a random part.
    func records(
        at distances: [Int], except asker: NodeID, count: Int, random: inout SeededRandom
    ) -> [NodeRecord] {
        var records: [NodeRecord] = []
        for distance in distances {
            guard let bucket = buckets[distance] else { continue }
            var some = bucket.entries.filter { $0.id != asker && !$0.record.addresses.isEmpty }
                .map(\.record)
            if some.count > count - records.count { some.shuffle(using: &random) }
            records += some.prefix(count - records.count)
        }
        return records
    }

    /// Who was not heard from for the longest time, before `moment`.
    func leastRecentlyHeard(before moment: Instant) -> NodeID? {
        var oldest: TableEntry?
        for bucket in buckets.values {
            for entry in bucket.entries where entry.lastHeard < moment {
                if oldest.map({ entry.lastHeard < $0.lastHeard }) ?? true { oldest = entry }
            }
        }
        return oldest?.id
    }
}

extension TableEntry {
    /// Nanoseconds of round trip; an unmeasured node costs most.
    fileprivate var cost: UInt64 { roundTrip?.nanoseconds ?? .max }

    /// Learns from a new session with the same node: what the node says of itself wins.
    fileprivate mutating func meet(_ entry: TableEntry) {
        record = entry.record
        if let newer = newerRecord, newer.sequence <= record.sequence { newerRecord = nil }
        address = entry.address
        lastHeard = entry.lastHeard
        roundTrip = entry.roundTrip ?? roundTrip
        score = max(score, 3)
    }
}

extension Bytes32 {
    /// Bit `index`, 0 being the last one and 255 the first.
    func bit(_ index: Int) -> Bool {
        let word =
            switch index >> 6 {
            case 3: first
            case 2: second
            case 1: third
            default: fourth
            }
        return word >> UInt64(index & 63) & 1 == 1
    }
}
