public import Identity
public import Primitives
public import Wire

/// One node's part in the gossip: a partial view of the swarm (HyParView, Leitao 2007), a failure
/// detector on its links (SWIM, Das 2002; Lifeguard, Dadgar 2018), and the signed states of the
/// neighbourhood. Full account: Protocol.md.
///
/// Nobody can declare another node dead to a third. A state lives as long as its owner was heard
/// of; hearsay ("I heard it n tenths ago") can lengthen that life and never shorten it.
public struct GossipCore: ~Copyable, MessageCore {
    public let id: NodeID
    /// Those given, or what follows from them while the record says that the line is metered.
    public internal(set) var settings: GossipSettings
    /// What other nodes said of themselves, by id; never this node's own.
    public internal(set) var known = OrderedTable<NodeID, KnownState>()
    /// As last signed.
    public internal(set) var ownState: NodeState
    public internal(set) var counters = GossipCounters()

    let keys: NodeKeys
    let puzzleBitCount: Int
    let givenSettings: GossipSettings
    var record: NodeRecord
    var signedOwn: SignedState
    var random: SeededRandom
    var vivaldi: Vivaldi
    /// Every record here is authentic; each (id, sequence) is checked once.
    var records = OrderedTable<NodeID, NodeRecord>()
    var active = OrderedTable<NodeID, Link>()
    /// Reserve, with the number of failed tries.
    var passive = OrderedTable<NodeID, Int>()
    var contacts = OrderedTable<NodeID, Contact>()
    /// Asked for a link and not yet answered.
    var requested = Marks<NodeID>(limit: Limits.gossipMarkCount)
    /// Not to be asked for a link again so soon.
    var tried = Marks<NodeID>(limit: Limits.gossipMarkCount)
    var banned = Marks<NodeID>(limit: Limits.gossipMarkCount)
    /// States asked for, by prefix.
    var pulled = Marks<UInt64>(limit: Limits.gossipMarkCount)
    /// Complete answers given, by asker.
    var answered = Marks<NodeID>(limit: Limits.gossipMarkCount)
    /// Reached out to, to heal a partition.
    var reached = Marks<NodeID>(limit: Limits.gossipMarkCount)
    /// Answers to questions for every state.
    var asking = OrderedTable<NodeID, StateQuestion>()
    var departed = OrderedTable<NodeID, Departure>()
    /// States to hand on, the latest of each owner, and whose turn it was to bring them.
    var onward = OrderedTable<NodeID, (item: StateItem, from: NodeID)>()
    var relays = OrderedTable<UInt32, Relay>()
    var meters = OrderedTable<NodeID, Meter>()
    var joinMeter: Meter
    var pushMeter: Meter
    var schedule = Schedule()
    var events = Ring<GossipEvent>(capacity: Limits.gossipEventCount)
    var nextNumber: UInt32
    /// Lifeguard's local health: 0 is well; timeouts are multiplied by one more than this.
    var health = 0
    var hasLeft = false
    var hasFired = false

    /// - Parameter initialSequence: above every sequence that this identity signed before; a shell
    ///   passes wall-clock milliseconds.
    public init(
        keys: NodeKeys, record: NodeRecord, settings: GossipSettings = GossipSettings(),
        puzzleBitCount: Int, initialSequence: UInt64, seed: UInt64
    ) {
        precondition(record.id == keys.id)
        var random = SeededRandom(seed: seed)
        id = keys.id
        self.keys = keys
        self.record = record
        givenSettings = settings
        self.settings = record.isMetered ? settings.onMeteredLine : settings
        self.puzzleBitCount = puzzleBitCount
        vivaldi = Vivaldi(random: random.split())
        nextNumber = UInt32(truncatingIfNeeded: random.next())
        self.random = random
        ownState = NodeState(id: keys.id, sequence: initialSequence)
        signedOwn = SignedState(ownState, record: record, keys: keys)
        joinMeter = Meter(
            burst: Limits.gossipJoinBurst,
            each: .nanoseconds(1_000_000_000 / Limits.gossipJoinsPerSecond), at: .origin)
        pushMeter = Meter(burst: settings.pushBurst, each: settings.pushInterval, at: .origin)
    }

    /// The peers that this node keeps links with.
    public var activePeers: [NodeID] { active.keys }
    /// The peers in reserve.
    public var passivePeers: [NodeID] { passive.keys }

    /// The record of anybody this node ever had reason to remember.
    public func record(of peer: NodeID) -> NodeRecord? {
        guard let told = known[peer]?.signed.record else { return records[peer] }
        guard let kept = records[peer], kept.sequence > told.sequence else { return told }
        return kept
    }

    /// This node's state as peers get it, for answers outside gossip.
    public var signedState: SignedState { signedOwn }

    public mutating func nextEvent() -> GossipEvent? { events.popFirst() }

    // MARK: small things that every part uses

    mutating func send(_ message: GossipMessage, to peer: NodeID, into mail: inout Mail) {
        let bytes = message.encoded()
        counters.sent += 1
        counters.sentByteCount += UInt64(bytes.count)
        mail.send(bytes, to: peer)
    }

    mutating func tell(_ event: GossipEvent) {
        let added = events.append(event)
        precondition(added, "gossip events overflow: drain them between inputs")
    }

    mutating func drawNumber() -> UInt32 {
        nextNumber &+= 1
        return nextNumber
    }

    mutating func pick(_ peers: [NodeID]) -> NodeID? {
        peers.isEmpty ? nil : peers[random.below(peers.count)]
    }
}
