public import Identity
public import Primitives
public import Wire

/// A peer that we have a session with now.
struct KademliaPeer: Sendable {
    var record: NodeRecord
    var address: PeerAddress
    /// RFC 6298's smoothed round trip and its variation; nil before the first measurement.
    var roundTrip: (smoothed: Interval, variation: Interval)?
    /// Requests that this peer may still send, refilled over time.
    var allowance: Int
    var allowanceAt: Instant
}

/// A request that waits for its reply.
struct KademliaRequest: Sendable {
    enum Purpose: Sendable {
        case lookup(LookupID, distances: [Int])
        case lookupAds(LookupID)
        case put(LookupID)
        case check(distances: [Int])
    }

    var peer: NodeID
    var purpose: Purpose
    var sentAt: Instant
    /// Whether a session stood when the request was sent, so that its round trip means something.
    var hadSession: Bool
    var softDeadline: Instant
    var hardDeadline: Instant
    var isSlow = false
}

/// An ad on its way to the nodes nearest to its topic.
struct Publication: Sendable {
    var topic: NodeID
    var awaitedCount: Int
    var storedCount: Int
}

/// A node's part of the distributed hash table: whom it knows, how it finds others, and the ads it
/// keeps (Protocol.md; Maymounkov and Mazieres 2002).
///
/// Letters may go to nodes without a session: the driver then connects with `record(of:)`, and
/// calls `peerUnreachable` where that fails.
public struct KademliaCore: ~Copyable, MessageCore {
    let suite: CryptoSuite
    let puzzleBitCount: Int
    private let givenSettings: KademliaSettings
    /// Those given, or what follows from them while the record says that the line is metered.
    private(set) var settings: KademliaSettings
    var own: NodeRecord
    var random: SeededRandom
    var table: RoutingTable
    var cache = RecordCache()
    var peers = OrderedTable<NodeID, KademliaPeer>()
    var requests = OrderedTable<UInt32, KademliaRequest>()
    var lookups = OrderedTable<LookupID, Lookup>()
    var publications = OrderedTable<LookupID, Publication>()
    var keepers = KeeperBook()
    var waitingAds = OrderedTable<NodeID, Ad>()
    var store = AdStore()
    var density = Density()
    var events = Ring<KademliaEvent>(capacity: Limits.kademliaEventCount)
    var nextRequest: UInt32
    var nextLookup: UInt64 = 1
    var nextCheckAt = Instant.never
    var nextSelfLookupAt = Instant.never
    var selfLookupGap: Interval
    var checkGap: Interval
    var isSelfLookupRunning = false
    var nextRefreshAt = Instant.never
    /// The bucket to refresh next; the first round runs without pauses and ends at the nearest.
    var refreshDistance = 256
    var isFirstRefreshRound = true
    public internal(set) var counters = KademliaCounters()

    public init(
        own: NodeRecord, suite: CryptoSuite, puzzleBitCount: Int, settings: KademliaSettings,
        seed: UInt64
    ) {
        self.own = own
        self.suite = suite
        self.puzzleBitCount = puzzleBitCount
        givenSettings = settings
        self.settings = own.isMetered ? settings.onMeteredLine : settings
        random = SeededRandom(seed: seed)
        table = RoutingTable(own: own.id)
        selfLookupGap = settings.joinLookupInterval
        checkGap = settings.livenessInterval
        nextRequest = UInt32(truncatingIfNeeded: random.next())
    }

    /// This node's own record changed; the id never does.
    public mutating func update(record: NodeRecord) {
        precondition(record.id == own.id)
        own = record
        settings = record.isMetered ? givenSettings.onMeteredLine : givenSettings
    }

    /// Looks for the nodes nearest to `target`; ends in `foundNodes`. Where somebody waits, the
    /// answer comes when the target or the three nearest have answered, else when the nearest
    /// `closestCount` have.
    public mutating func findNodes(
        near target: NodeID, urgent: Bool, at now: Instant, into mail: inout Mail
    ) -> LookupID {
        startLookup(target, .nodes, urgent: urgent, at: now, into: &mail)
    }

    /// Looks for ads under a topic; ends in `foundAds`, early where `wanted` holders are known.
    public mutating func findAds(
        topic: NodeID, wanted: Int, urgent: Bool, at now: Instant, into mail: inout Mail
    ) -> LookupID {
        startLookup(topic, .ads(wanted: max(wanted, 1)), urgent: urgent, at: now, into: &mail)
    }

    /// Brings this node's ad to the 16 nodes nearest to each topic that answer; one `published`
    /// event for each topic. A later ad replaces one that still waits under the same topic.
    public mutating func publish(
        _ ad: Ad, topics: [NodeID], at now: Instant, into mail: inout Mail
    ) {
        precondition(ad.record.id == own.id)
        for topic in topics {
            let isRoom = waitingAds.count < Limits.waitingPublicationCount
            guard isRoom || waitingAds.contains(topic) else {
                emit(.published(topic: topic, holderCount: 0))
                continue
            }
            waitingAds[topic] = ad
            _ = store.put(
                ad, topic: topic, expiry: expiry(of: ad, at: now), isOwn: true, at: now)
        }
        publishWaiting(at: now, into: &mail)
    }

    /// Nodes of the table nearest to a key, nearest first.
    public func closest(to target: NodeID, count: Int) -> [NodeRecord] {
        table.closest(to: target, count: count).map(\.record)
    }

    /// The freshest record known of a node, for connecting to it.
    public func record(of id: NodeID) -> NodeRecord? {
        let known = [peers[id]?.record, table.entry(of: id)?.freshest, cache.record(of: id)]
        // Of equals the first: what the node said itself.
        return known.compactMap { $0 }.reduce(nil) { best, record in
            guard let best, best.sequence >= record.sequence else { return record }
            return best
        }
    }

    /// All nodes of the swarm that can be reached, this one included; the standard error is about
    /// a quarter after one lookup and 6 percent after 25.
    public var nodeCountEstimate: Int { max(density.median ?? 0, table.count + 1) }

    public var tableCount: Int { table.count }

    /// Ads that this node keeps, its own included.
    public var adCount: Int { store.count }

    /// The entries most worth keeping on disk: proven often, heard lately.
    public func seeds(count: Int) -> [NodeRecord] {
        table.entries.sorted { left, right in
            if left.score != right.score { return left.score > right.score }
            if left.lastHeard != right.lastHeard { return left.lastHeard > right.lastHeard }
            return left.id < right.id
        }.prefix(count).map(\.freshest)
    }

    /// The oldest event that was not taken yet.
    public mutating func nextEvent() -> KademliaEvent? { events.popFirst() }

    mutating func emit(_ event: KademliaEvent) {
        let added = events.append(event)
        precondition(added, "events overflow: the driver must drain between inputs")
    }

    func expiry(of ad: Ad, at now: Instant) -> Instant {
        now + min(.seconds(Int(ad.lifetimeSeconds)), settings.adLifetimeMaximum)
    }
}

extension KademliaPeer {
    /// RFC 6298 section 2.
    mutating func measured(_ sample: Interval) {
        guard let (smoothed, variation) = roundTrip else {
            roundTrip = (sample, sample / 2)
            return
        }
        let difference = smoothed > sample ? smoothed - sample : sample - smoothed
        roundTrip = ((smoothed * 7 + sample) / 8, (variation * 3 + difference) / 4)
    }

    /// Whether one more request is within this peer's rate.
    mutating func allow(at now: Instant) -> Bool {
        let earned = now.since(allowanceAt) * Limits.kademliaRequestsPerSecond / 1_000_000_000
        if earned.nanoseconds > 0 {
            allowance = min(allowance + Int(earned.nanoseconds), Limits.kademliaRequestBurst)
            allowanceAt = now
        }
        guard allowance > 0 else { return false }
        allowance -= 1
        return true
    }
}
