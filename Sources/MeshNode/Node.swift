public import Identity
public import Primitives
public import Wire
internal import Gossip
internal import Kademlia
internal import Pipelines
internal import Placement
internal import Sessions
internal import Shards

/// A whole node without its sockets, clock, disk and arithmetic: the only place where the protocol
/// cores meet. Epoll drives it in production, virtual time in the simulator.
///
/// Every verb ends in `settle`: mail becomes datagrams, events of one core become verbs of another,
/// until all are quiet. What the shell must do is left in `effects`.
public struct Node: ~Copyable, Core {
    public let keys: NodeKeys
    public internal(set) var record: NodeRecord
    let settings: NodeSettings
    var sessions: SessionCore
    var kademlia: KademliaCore
    var gossip: GossipCore
    var placement: PlacementCore
    var shards: ShardCore
    var pipelines: PipelineCore
    var mail = Mail()
    var effects = Ring<NodeEffect>(capacity: Limits.nodeEffectCount)
    /// Records of nodes met on the way that no table keeps: chain members, ad holders.
    var book = RecordBook()
    var bootstrap: Bootstrap
    var votes = AddressVotes()
    var models = OrderedTable<Digest, ModelEntry>()
    var queries: [ManifestSearch] = []
    var adHolders = AdHolders()
    var doubts = Doubts()
    /// Peers asked by a visitor for what they know, one after another.
    var refreshCount = 0
    var requests = OrderedTable<Ticket, OpenRequest>()
    var nextTicket: UInt64 = 1
    var closedTickets = ClosedTickets()
    var neighborsChanged = false
    var stateChanged = true
    var isLeaving = false
    /// What the owner's sensors say; the node works for others while it is idle.
    public internal(set) var presence = Presence.idle
    var isLineSpared = false
    var adSequence: UInt64
    var random: SeededRandom
    var deadlines: NodeDeadlines
    public internal(set) var counters = NodeCounters()

    /// - Parameters:
    ///   - addresses: where peers can reach the node, as far as it knows by itself.
    ///   - entropy: 32 bytes nobody can guess: ephemeral keys follow from them.
    ///   - seed: chance for everything that needs no secrecy.
    public init(
        keys: NodeKeys, addresses: [PeerAddress], settings: NodeSettings, entropy: Bytes32,
        seed: UInt64, at now: Instant
    ) {
        var random = SeededRandom(seed: seed)
        let record = NodeRecord(
            keys: keys, sequence: settings.firstSequence,
            addresses: Array(addresses.prefix(Limits.recordAddressCount)), flags: settings.flags,
            region: settings.region)
        self.keys = keys
        self.record = record
        self.settings = settings
        sessions = SessionCore(
            keys: keys, record: record, settings: settings.sessions, entropy: entropy, at: now)
        kademlia = KademliaCore(
            own: record, suite: settings.suite, puzzleBitCount: settings.puzzleBitCount,
            settings: settings.kademlia, seed: random.next())
        gossip = GossipCore(
            keys: keys, record: record, settings: settings.gossip,
            puzzleBitCount: settings.puzzleBitCount, initialSequence: settings.firstSequence,
            seed: random.next())
        placement = PlacementCore(
            own: keys.id, settings: settings.placement, seed: random.next(), at: now)
        placement.setDomain(FailureDomain(of: record))
        placement.setBudget(
            memoryByteCount: settings.memoryByteCount, layerLimit: settings.layerLimit)
        shards = ShardCore(suite: settings.suite, seed: random.next())
        pipelines = PipelineCore(
            keys: keys, record: record, puzzleBitCount: settings.puzzleBitCount,
            firstNumber: settings.firstSequence, comesBack: settings.comesBack)
        bootstrap = Bootstrap(random: random.split())
        self.random = random.split()
        adSequence = settings.firstSequence
        deadlines = NodeDeadlines(start: now)
    }

    public var id: NodeID { keys.id }
    public var isTransient: Bool { settings.flags.contains(.transient) }

    public mutating func nextEffect() -> NodeEffect? { effects.popFirst() }

    public mutating func receive(
        _ bytes: Span<UInt8>, from address: PeerAddress, at now: Instant, into outbox: inout Outbox
    ) {
        sessions.receive(bytes, from: address, at: now, into: &outbox)
        settle(at: now, into: &outbox)
    }

    public mutating func fire(at now: Instant, into outbox: inout Outbox) {
        if sessions.nextDeadline <= now { sessions.fire(at: now, into: &outbox) }
        if kademlia.nextDeadline <= now { kademlia.fire(at: now, into: &mail) }
        if gossip.nextDeadline <= now { gossip.fire(at: now, into: &mail) }
        if placement.nextDeadline <= now {
            // No choice is made on old news.
            if deadlines.placement != .never { tellPlacement(at: now) }
            placement.fire(at: now)
        }
        if shards.nextDeadline <= now { shards.fire(at: now, into: &mail) }
        if pipelines.nextDeadline <= now { pipelines.fire(at: now, into: &mail) }
        fireOwn(at: now, into: &outbox)
        settle(at: now, into: &outbox)
    }

    public var nextDeadline: Instant {
        var earliest = min(sessions.nextDeadline, kademlia.nextDeadline)
        earliest = min(earliest, min(gossip.nextDeadline, placement.nextDeadline))
        earliest = min(earliest, min(shards.nextDeadline, pipelines.nextDeadline))
        earliest = min(earliest, min(bootstrap.nextDeadline, doubts.nextDeadline))
        return min(earliest, min(searchDeadline, deadlines.earliest))
    }

    /// Lets mail and events flow until every core is quiet.
    mutating func settle(at now: Instant, into outbox: inout Outbox) {
        shards.isYielding =
            pipelines.stageCount > 0 || requests.values.contains { $0.requestID != nil }
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            // One packet can bring a hundred messages: what each leaves goes before the next.
            while settleOne(at: now, into: &outbox) { isQuiet = false }
            if neighborsChanged {
                neighborsChanged = false
                neighborhoodChanged(at: now)
                isQuiet = false
            }
            if stateChanged {
                stateChanged = false
                publishState(at: now)
                isQuiet = false
            }
        }
    }

    /// One event of the sessions, then all that it led to in the cores; false when there was
    /// nothing.
    private mutating func settleOne(at now: Instant, into outbox: inout Outbox) -> Bool {
        var hadWork = false
        if let event = sessions.nextEvent() {
            handle(event, at: now, into: &outbox)
            hadWork = true
        }
        // Events first: they may tell where a letter's recipient is now.
        if drainCores(at: now, into: &outbox) { hadWork = true }
        while let letter = mail.next() {
            deliver(letter, at: now, into: &outbox)
            hadWork = true
        }
        return hadWork
    }

    /// Hands on the events of the message cores; true when there was one.
    private mutating func drainCores(at now: Instant, into outbox: inout Outbox) -> Bool {
        var hadEvent = false
        while let event = kademlia.nextEvent() {
            handle(event, at: now)
            hadEvent = true
        }
        while let event = gossip.nextEvent() {
            handle(event, at: now, into: &outbox)
            hadEvent = true
        }
        while let event = placement.nextEvent() {
            handle(event, at: now)
            hadEvent = true
        }
        while let event = shards.nextEvent() {
            handle(event, at: now)
            hadEvent = true
        }
        while let event = pipelines.nextEvent() {
            handle(event, at: now, into: &outbox)
            hadEvent = true
        }
        return hadEvent
    }

    mutating func emit(_ effect: NodeEffect) {
        let added = effects.append(effect)
        precondition(added, "the driver must drain effects after each input")
    }

    mutating func note(_ note: NodeNote) { emit(.note(note)) }
}

/// What a node dropped or could not do, beyond what its cores count.
public struct NodeCounters: Hashable, Sendable {
    public var unknownKinds: UInt64 = 0
    public var lettersWithoutRecord: UInt64 = 0
    public var lettersRefused: UInt64 = 0
    /// Bytes of messages that went into sessions.
    public var sent = RoomTraffic()

    public init() {}
}

/// When the composite itself has something to do.
struct NodeDeadlines: Sendable {
    var measure: Instant
    var publish: Instant
    var seeds: Instant
    /// News of the neighbourhood is gathered for a moment before placement looks at it.
    var placement = Instant.never
    var far: Instant
    /// When a node whose owner is back gives its layers back.
    var release = Instant.never
    /// When a visitor with a request asks for states again.
    var refresh = Instant.never

    init(start: Instant) {
        measure = start + Limits.roundTripSampleInterval
        publish = start + Limits.adPublishInterval
        seeds = start + Limits.seedWait
        far = start + Limits.farQuestionInterval
    }

    var earliest: Instant {
        min(
            min(min(measure, placement), min(far, release)), min(min(publish, seeds), refresh))
    }
}
