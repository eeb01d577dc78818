public import Primitives
public import Wire

/// What a node's gossip may cost and how fast it notices (Protocol.md, "Gossip").
public struct GossipSettings: Sendable {
    /// Peers that this node keeps links with: half of them the nearest, half by chance.
    public var activeLimit = 8
    /// Records kept in reserve for links that break.
    public var passiveLimit = 96
    /// States of other nodes kept; beyond it fewer hops, then nearer ones win.
    public var neighbourhoodLimit = 128
    /// Up to this many known states, newcomers and leavers are told to everyone, however far.
    public var smallSwarmLimit = 64

    /// Each link is probed this often, by its two ends in turn; each probe carries a digest.
    public var probeInterval = Interval.seconds(2)
    /// Bounds of a probe's timeout; between them it is smoothed RTT + 4 deviations (RFC 6298).
    public var probeTimeoutMinimum = Interval.milliseconds(500)
    public var probeTimeoutMaximum = Interval.seconds(3)
    public var indirectProbeCount = 3
    /// How long a peer that answers nobody stays suspect before its link is given up.
    public var suspicionTimeout = Interval.seconds(3)
    /// Rounds in a row that only others could reach a peer before its link is given up.
    public var indirectRoundLimit = 5
    /// Local health never gets worse than this (Lifeguard's awareness maximum).
    public var healthLimit = 8

    /// Entries about others in a probe, beside those about the sender's own links.
    public var digestFarCount = 24
    /// A state vanishes when its owner was heard by nobody for this long.
    public var stateExpiry = Interval.seconds(9)
    /// Both, where an end of the link, or the state's owner, is on a metered line.
    public var meteredProbeInterval = Interval.seconds(25)
    public var meteredStateExpiry = Interval.seconds(90)
    /// The owner signs again at least this often; first after `stateRefreshFirst`, then in gaps
    /// that double.
    public var stateRefresh = Interval.minutes(5)
    public var stateRefreshFirst = Interval.seconds(20)
    /// A state vanishes without a newer signature after this long, whatever others report.
    public var signedExpiry = Interval.minutes(15)
    /// Added to an age at each hop, more than the path's delay, so that hearsay never gets younger.
    public var hopAllowance = Interval.milliseconds(200)
    /// Changes of the own state sent at once; after them one each `pushInterval`.
    public var pushBurst = 10
    public var pushInterval = Interval.seconds(1)
    /// How long states are gathered before they are handed on in one message.
    public var passOnDelay = Interval.milliseconds(50)
    /// A node with so many links, or on the way to them, joins through no more contacts.
    public var joinLinkCount = 3

    /// Steps of a join's and a shuffle's random walk, and where a join enters passive views.
    public var joinHops = 4
    public var passiveHops = 2
    public var shuffleHops = 3
    /// Both of these and `reachOutInterval` double up to their maximum while no link is lost.
    public var shuffleInterval = Interval.seconds(30)
    public var shuffleIntervalMaximum = Interval.minutes(4)
    public var shuffleActiveCount = 3
    public var shufflePassiveCount = 4

    /// How often a node with free places asks a candidate, in gaps that double where it has some
    /// links and none is lost, and how long one that refused rests.
    public var promoteInterval = Interval.milliseconds(200)
    public var promoteIntervalMaximum = Interval.seconds(30)
    public var promoteCount = 3
    /// How often a node cut off from most of those it knows asks one of them, and how old its links
    /// are by then: their digests have told who is behind them.
    public var bridgeInterval = Interval.milliseconds(500)
    /// A link younger than this gives its place to nobody, or a crowd of joiners would only swap
    /// places.
    public var newLinkTime = Interval.milliseconds(700)
    public var retryInterval = Interval.seconds(5)
    /// Every so often one record outside the neighbourhood is tried: this heals partitions. In a
    /// small swarm, where nobody should be outside, the interval does not grow.
    public var reachOutInterval = Interval.seconds(5)
    public var reachOutIntervalMaximum = Interval.seconds(60)
    /// How often a far link may be exchanged for one of less than half the RTT.
    public var optimiseInterval = Interval.seconds(10)
    public var optimiseGain = Interval.milliseconds(2)
    /// How long a peer that passed on a forgery is ignored.
    public var banTime = Interval.minutes(10)

    public init() {}

    /// The same for a node whose owner pays for each byte: fewer links, and rare duties.
    var onMeteredLine: GossipSettings {
        var settings = self
        settings.activeLimit = min(activeLimit, 6)
        settings.passiveLimit = min(passiveLimit, 48)
        settings.shuffleInterval = .minutes(15)
        settings.shuffleIntervalMaximum = .minutes(60)
        settings.reachOutInterval = .minutes(1)
        settings.reachOutIntervalMaximum = .minutes(15)
        settings.optimiseInterval = .minutes(5)
        return settings
    }
}

/// How often each thing happened. Wraps never in practice: 64 bits.
public struct GossipCounters: Hashable, Sendable {
    public var received: UInt64 = 0
    public var sent: UInt64 = 0
    public var sentByteCount: UInt64 = 0
    public var malformed: UInt64 = 0
    /// Records or states whose signature does not hold; the sender is ignored from then on.
    public var forged: UInt64 = 0
    public var ignored: UInt64 = 0
    public var flooded: UInt64 = 0
    /// States not newer than what is known, or of an owner that has left.
    public var stale: UInt64 = 0
    public var ownStatesEchoed: UInt64 = 0
    public var transientRefused: UInt64 = 0
    public var unsolicited: UInt64 = 0
    public var statesRefused: UInt64 = 0
    public var statesAdopted: UInt64 = 0
    public var statesExpired: UInt64 = 0
    public var signaturesChecked: UInt64 = 0
    public var probesSent: UInt64 = 0
    public var probesMissed: UInt64 = 0
    public var suspicions: UInt64 = 0
    public var refutations: UInt64 = 0
    public var downs: UInt64 = 0
    public var stalls: UInt64 = 0

    public init() {}
}

/// What changed in the neighbourhood.
public enum GossipEvent: Hashable, Sendable {
    case stateChanged(NodeID)
    case stateGone(NodeID)
    case neighborUp(NodeID)
    case neighborDown(NodeID)
    case statesAnswered(from: NodeID, count: Int)
}

/// The state of another node, and how it is known.
public struct KnownState: Sendable {
    public internal(set) var signed: SignedState
    /// The latest moment at which its owner is known to have lived, on this node's clock.
    public internal(set) var heardAt: Instant
    /// 1 for a link of this node, 2 for a link of a link, 3 for anything farther.
    public internal(set) var hopCount: Int
    /// Measured, for nodes with a session; else ask the coordinates.
    public internal(set) var roundTrip: Interval?

    /// When this sequence was first seen: the owner must sign again in time.
    var signedAt: Instant
    /// Who the latest news of its life came from; they need not be told.
    var heardFrom: NodeID
    /// Until when it counts as a link of a link.
    var secondHopUntil: Instant
    /// Peers that sent or got this sequence, the latest ones.
    var toldTo: [NodeID]

    public var state: NodeState { signed.state }

    /// The peer has this sequence from here, or this node has it from the peer.
    mutating func tell(_ peer: NodeID) {
        guard !toldTo.contains(peer) else { return }
        if toldTo.count >= Limits.gossipToldCount { toldTo.removeFirst() }
        toldTo.append(peer)
    }

    /// News of the owner's life; older news changes nothing.
    mutating func extend(to heardAt: Instant, from peer: NodeID) {
        guard heardAt > self.heardAt else { return }
        self.heardAt = heardAt
        heardFrom = peer
    }
}
