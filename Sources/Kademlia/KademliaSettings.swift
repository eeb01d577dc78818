public import Identity
public import Primitives
public import Wire

/// What an owner or a test may choose; the defaults are for a line that costs nothing.
public struct KademliaSettings: Sendable {
    /// Requests of one lookup that may wait for an answer at once (Kademlia's alpha).
    public var concurrency = 3
    /// The same where a person waits.
    public var urgentConcurrency = 5
    /// Nodes that a lookup wants to hear of, and nodes that store an ad (Kademlia's k).
    public var closestCount = 16
    /// Whether ads are also kept by, and looked for at, all nodes of their topic's region.
    public var keepsRegions = true
    /// Between two liveness checks, whatever the size of the table: so long after one that failed,
    /// and so much longer after each that was answered, up to the maximum.
    public var livenessInterval = Interval.seconds(5)
    public var livenessIntervalMaximum = Interval.seconds(60)
    /// Nodes heard from within this time are not checked.
    public var quietInterval = Interval.seconds(30)
    /// Between two lookups of the own id, once the node has joined.
    public var selfLookupInterval = Interval.minutes(30)
    /// Before the second lookup of the own id; the gap grows fourfold up to `selfLookupInterval`.
    public var joinLookupInterval = Interval.milliseconds(500)
    /// The longest gap between lookups of the own id while the table is empty.
    public var emptyLookupInterval = Interval.seconds(10)
    /// Between two bucket refreshes, one bucket each.
    public var refreshInterval = Interval.minutes(15)
    /// How long the nodes found near a topic are taken for its keepers when an ad is published
    /// again.
    public var keeperMemory = Interval.minutes(15)
    /// A slower answer frees its place in the lookup, and still counts when it comes.
    public var softTimeoutMinimum = Interval.milliseconds(150)
    /// The soft timeout where no round trip is known.
    public var softTimeoutUnknown = Interval.milliseconds(500)
    /// No answer by then is a miss.
    public var hardTimeout = Interval.seconds(2)
    /// A node that just failed is not asked again for this long.
    public var failureMemory = Interval.seconds(30)
    /// The longest life of a lookup.
    public var lookupTimeout = Interval.seconds(30)
    /// The longest that an ad is kept after it came.
    public var adLifetimeMaximum = Interval.minutes(60)

    public init() {}

    /// The same for a node whose owner pays for each byte.
    var onMeteredLine: KademliaSettings {
        var settings = self
        settings.livenessInterval = .seconds(30)
        settings.livenessIntervalMaximum = .minutes(5)
        settings.selfLookupInterval = .hours(3)
        settings.refreshInterval = .hours(3)
        settings.keeperMemory = .hours(3)
        return settings
    }
}

/// One lookup of this node, from its start until its event.
public struct LookupID: Hashable, Comparable, Sendable {
    public let number: UInt64

    public init(number: UInt64) { self.number = number }

    public static func < (left: LookupID, right: LookupID) -> Bool { left.number < right.number }
}

/// What a caller learns of the work it asked for.
public enum KademliaEvent: Sendable {
    /// The nodes that answered, nearest to the target first; empty where nobody did.
    case foundNodes(LookupID, [NodeRecord])
    /// One authentic ad for each holder, in the holders' order. The caller judges whether an ad
    /// concerns what it looked for: only the topic of layers can be recomputed from an ad.
    case foundAds(LookupID, [Ad])
    /// Nodes that said they keep the ad. Publishing again before it expires is the caller's part.
    case published(topic: NodeID, holderCount: Int)
}

/// What happened, counted from the start; the network's mistakes among it.
public struct KademliaCounters: Hashable, Sendable {
    public var requestsSent = 0
    public var requestsAnswered = 0
    public var requestsMissed = 0
    /// Requests of others that got a reply, and those dropped because a peer sent too many.
    public var requestsServed = 0
    public var requestsRefused = 0
    public var lookupsFinished = 0
    /// Lookups that ended early because too many were under way.
    public var lookupsCutShort = 0
    /// Of the requests, those to nodes without a session: each cost a handshake.
    public var strangersAsked = 0
    /// Steps from this node's table to the nearest node that answered, over all lookups.
    public var hopCount = 0
    public var messagesMalformed = 0
    /// Replies to nothing we asked, or from somebody else.
    public var repliesUnexpected = 0
    /// Messages of peers that no session was announced for.
    public var messagesOfStrangers = 0
    public var recordsForged = 0
    /// Records at a distance that was not asked for.
    public var recordsMisplaced = 0
    public var recordsOfOurselves = 0
    public var recordsTransient = 0
    /// Records without an address that could be reached from here.
    public var recordsUnreachable = 0
    /// Two records with one sequence and different bytes; the first is kept.
    public var recordsConflicting = 0
    public var adsForged = 0
    public var adsStored = 0
    public var adsRefused = 0
    public var entriesAdmitted = 0
    public var entriesDropped = 0
    /// Nodes not admitted because their /24 or /48 has its share.
    public var entriesRefused = 0

    public init() {}
}
