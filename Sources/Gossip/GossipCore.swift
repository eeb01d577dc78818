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
    public private(set) var settings: GossipSettings
    /// What other nodes said of themselves, by id; never this node's own.
    public internal(set) var known = OrderedTable<NodeID, KnownState>()
    /// As last signed.
    public internal(set) var ownState: NodeState
    public internal(set) var counters = GossipCounters()

    let keys: NodeKeys
    let puzzleBitCount: Int
    private let givenSettings: GossipSettings
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
    /// Answers this node waits for, with the states that came so far.
    var asking = OrderedTable<NodeID, Int>()
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
        known[peer]?.signed.record ?? records[peer]
    }

    /// This node's state as peers get it, for answers outside gossip.
    public var signedState: SignedState { signedOwn }

    public mutating func nextEvent() -> GossipEvent? { events.popFirst() }

    // MARK: what the composite tells

    /// This node has new addresses or flags.
    public mutating func update(record: NodeRecord, at now: Instant, into mail: inout Mail) {
        precondition(record.id == id)
        self.record = record
        settings = record.isMetered ? givenSettings.onMeteredLine : givenSettings
        changed(at: now, into: &mail)
    }

    /// Says something about this node. Id, sequence and coordinate are filled in here; what says
    /// nothing new costs nothing. At most `pushBurst` changes go out at once, then one each
    /// `pushInterval`, the latest.
    public mutating func setState(_ state: NodeState, at now: Instant, into mail: inout Mail) {
        var next = state
        next.id = id
        next.sequence = ownState.sequence
        next.coordinate = ownState.coordinate
        guard next != ownState else { return }
        ownState = next
        changed(at: now, into: &mail)
    }

    /// Enters the swarm through a contact; call with several, in any order. Asks for a link while
    /// there are free places, and else keeps the contact in reserve.
    public mutating func join(through peer: NodeRecord, at now: Instant, into mail: inout Mail) {
        guard peer.id != id, !hasLeft, adopt(peer) else { return }
        guard !peer.isTransient, !record.isTransient else { return }
        guard contacts.contains(peer.id) || contacts.count < Limits.gossipContactCount else {
            addPassive(peer.id)
            return
        }
        contacts[peer.id] = Contact(nextTryAt: now + .seconds(2), wait: .seconds(2))
        guard active.count + requested.count < settings.joinLinkCount, isCandidate(peer.id, at: now)
        else { return addPassive(peer.id) }
        requested.mark(peer.id, until: now + .seconds(2))
        send(.join(signedOwn), to: peer.id, into: &mail)
    }

    /// A session with a peer stands.
    public mutating func peerEstablished(
        _ record: NodeRecord, address: PeerAddress, at now: Instant, into mail: inout Mail
    ) {
        // Whoever comes back has forgotten what it was told.
        answered.unmark(record.id)
        guard record.id != id, adopt(record), !record.isTransient else { return }
        passive.update(record.id) { $0 = 0 }
        if !active.contains(record.id) { addPassive(record.id) }
    }

    /// A session ended. The link goes; the state stays as long as anyone hears its owner.
    public mutating func peerClosed(_ peer: NodeID, at now: Instant, into mail: inout Mail) {
        if active.contains(peer) { dropLink(peer, at: now) }
    }

    /// A letter to this peer could not be delivered: no session came about.
    public mutating func peerUnreachable(_ peer: NodeID, at now: Instant, into mail: inout Mail) {
        requested.unmark(peer)
        tried.mark(peer, until: now + settings.retryInterval)
        asking.remove(peer)
        if active.contains(peer) { dropLink(peer, at: now) }
        guard let failures = passive[peer] else { return }
        passive[peer] = failures + 1 < 4 ? failures + 1 : nil
    }

    /// The session layer's smoothed round trip to a peer.
    public mutating func measured(roundTrip: Interval, to peer: NodeID, at now: Instant) {
        active.update(peer) { $0.measured(roundTrip) }
        known.update(peer) { $0.roundTrip = roundTrip }
        guard let remote = known[peer]?.state.coordinate else { return }
        vivaldi.update(roundTrip: roundTrip, remote: remote)
    }

    /// Asks a peer for every state it knows, without joining its view. The answer comes as
    /// `stateChanged` events, then `statesAnswered`.
    public mutating func askStates(of peer: NodeID, at now: Instant, into mail: inout Mail) {
        guard !hasLeft, peer != id else { return }
        if asking[peer] == nil, asking.count < Limits.gossipContactCount { asking[peer] = 0 }
        send(.askStates([]), to: peer, into: &mail)
    }

    /// Asks a peer for its own state alone: whoever answers is alive.
    public mutating func askOwnState(of peer: NodeID, into mail: inout Mail) {
        guard !hasLeft, peer != id else { return }
        send(.askStates([peer.prefix]), to: peer, into: &mail)
    }

    /// Says goodbye. Afterwards this core is deaf and dumb.
    public mutating func leave(at now: Instant, into mail: inout Mail) {
        guard !hasLeft else { return }
        ownState.presence = .leaving
        signOwn()
        for peer in active.keys { send(.leave(signedOwn), to: peer, into: &mail) }
        active = OrderedTable()
        hasLeft = true
    }

    // MARK: time

    public var nextDeadline: Instant {
        guard !hasLeft else { return .never }
        var earliest = schedule.next
        for link in active.values {
            earliest = min(earliest, min(link.nextProbeAt, link.stage.until))
        }
        for relay in relays.values { earliest = min(earliest, relay.until) }
        return earliest
    }

    public mutating func fire(at now: Instant, into mail: inout Mail) {
        guard !hasLeft else { return }
        excuseStall(at: now)
        fireProbes(at: now, into: &mail)
        if schedule.sweepAt <= now { sweep(at: now, into: &mail) }
        if schedule.promoteAt <= now { promote(at: now, into: &mail) }
        if schedule.shuffleAt <= now { shuffle(at: now, into: &mail) }
        if schedule.reachOutAt <= now { reachOut(at: now, into: &mail) }
        if schedule.optimiseAt <= now { optimise(at: now, into: &mail) }
        if schedule.refreshAt <= now { refresh(at: now, into: &mail) }
        if schedule.pushAt <= now { pushOwn(at: now, into: &mail) }
        if schedule.passOnAt <= now { passOn(at: now, into: &mail) }
    }

    /// A node that slept (a closed lid, a stopped process) must not take its own absence for the
    /// others': it moves what it remembers, and the timeouts it runs, by the time it missed.
    private mutating func excuseStall(at now: Instant) {
        defer { hasFired = true }
        guard hasFired, nextDeadline != .never else { return }
        let late = now.since(nextDeadline)
        guard late > .seconds(2) else { return }
        counters.stalls += 1
        health = min(settings.healthLimit, health + 1)
        for index in known.keys.indices {
            known.update(at: index) {
                $0.heardAt = $0.heardAt + late
                $0.signedAt = $0.signedAt + late
                $0.secondHopUntil = $0.secondHopUntil + late
            }
        }
        for index in active.keys.indices {
            active.update(at: index) {
                $0.stage = .idle
                $0.lastHeard = now
                $0.nextProbeAt = now
            }
        }
        schedule.postpone(by: late)
    }

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

    /// Remembers a record whose signature and work hold; false where they do not.
    mutating func adopt(_ record: NodeRecord) -> Bool {
        if let old = records[record.id] {
            if old == record { return true }
            guard record.sequence > old.sequence else { return true }
        }
        counters.signaturesChecked += 1
        guard record.isAuthentic(suite: keys.suite, puzzleBitCount: puzzleBitCount) else {
            counters.forged += 1
            return false
        }
        if records[record.id] == nil, records.count >= Limits.gossipRecordCount { forgetRecord() }
        records[record.id] = record
        return true
    }

    /// Makes room in the records: from a random place on, the first that nothing else refers to.
    private mutating func forgetRecord() {
        let start = random.below(records.count)
        for offset in 0..<records.count {
            let peer = records.keys[(start + offset) % records.count]
            let isNeeded =
                active.contains(peer) || passive.contains(peer) || contacts.contains(peer)
                || known.contains(peer)
            if !isNeeded {
                records.remove(peer)
                return
            }
        }
        records.remove(records.keys[start])
    }
}
