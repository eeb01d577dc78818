public import Identity
public import Primitives
internal import Wire

/// Sessions with all peers over one UDP port: handshakes, keys, messages (Protocol.md).
///
/// `Noise_IK_25519_ChaChaPoly_SHA256` with WireGuard's guards around it (mac1, cookies, replay
/// window, timers), and inside it independent messages with QUIC's loss recovery (RFC 9002).
public struct SessionCore: ~Copyable, Core {
    let keys: NodeKeys
    var bench: Workbench
    var gate: CookieGate
    let macKey: [UInt8]

    var sessions: [Session] = []
    /// When each session has something to do.
    private var deadlines: [Instant] = []
    private var vacantSlots: [Int] = []
    var slotOfPeer = OrderedTable<NodeID, Int>()
    /// Key and handshake indices of this node, by the slot they belong to. Looked up, never walked.
    var slotOfIndex: [UInt32: Int] = [:]
    /// The last initiations of peers whose slot is gone, and the order in which they came.
    var initiationMarks = OrderedTable<NodeID, Session.InitiationMark>()
    var initiationOrder: GrowingRing<NodeID>
    /// Rises with each initiation; replays don't.
    var initiationCounter: UInt64 = 0

    var inquiries: [Inquiry] = []
    var introductionWindowStart = Instant.origin
    var introductionCount = 0

    /// Set when the node says goodbye: nobody is called any more, and nobody is answered.
    var hasLeft = false

    /// Never later than the earliest deadline.
    private var earliest = Instant.never
    /// Where the next walk over due sessions begins, so that a full outbox starves nobody.
    private var cursor = 0

    /// `entropy` is 32 secret bytes: from the system in a shell, from a seed in the simulator.
    public init(
        keys: NodeKeys, record: NodeRecord, settings: SessionSettings, entropy: Bytes32,
        at now: Instant
    ) {
        precondition(record.id == keys.id)
        self.keys = keys
        bench = Workbench(keys: keys, record: record, settings: settings, entropy: entropy)
        gate = CookieGate(limit: settings.handshakesBeforeCookies, entropy: &bench.entropy)
        macKey = Protocol.macKey(swarm: settings.swarm.digest, responder: keys.agreementKey)
        initiationOrder = GrowingRing(vacant: keys.id)
    }

    public var counters: SessionCounters { bench.counters }

    /// What happened, oldest first; nil when all was told. Drain it after every call.
    public mutating func nextEvent() -> SessionEvent? { bench.events.popFirst() }

    // MARK: asking about peers

    public func isEstablished(_ peer: NodeID) -> Bool {
        slotOfPeer[peer].map { sessions[$0].phase == .established } ?? false
    }

    /// Established or on the way to it.
    public func isKnown(_ peer: NodeID) -> Bool { slotOfPeer.contains(peer) }

    /// The smoothed round trip of RFC 9002; nil before one was measured.
    public func roundTrip(to peer: NodeID) -> Interval? {
        measuredRoundTrips(to: peer)?.smoothed
    }

    public func minimumRoundTrip(to peer: NodeID) -> Interval? {
        measuredRoundTrips(to: peer)?.minimum
    }

    private func measuredRoundTrips(to peer: NodeID) -> RoundTrips? {
        guard let slot = slotOfPeer[peer], sessions[slot].transport.roundTrips.isMeasured
        else { return nil }
        return sessions[slot].transport.roundTrips
    }

    public func address(of peer: NodeID) -> PeerAddress? {
        slotOfPeer[peer].map { sessions[$0].address }
    }

    public func record(of peer: NodeID) -> NodeRecord? {
        slotOfPeer[peer].flatMap { sessions[$0].record }
    }

    /// In order of their ids.
    public var establishedPeers: [NodeID] { slotOfPeer.keys.filter { isEstablished($0) } }

    // MARK: messages

    /// This node's record changed: peers get it with the next packet that goes to them.
    public mutating func update(record: NodeRecord) {
        precondition(record.id == keys.id)
        bench.ownRecord = record
        for slot in sessions.indices where sessions[slot].phase == .established {
            sessions[slot].transport.wantsRecord = true
        }
    }

    /// Queues a message and sends what may go at once. While a handshake is under way it waits.
    public mutating func send(
        _ bytes: [UInt8], to peer: NodeID, priority: Priority, at now: Instant,
        into outbox: inout Outbox
    ) -> SendVerdict {
        guard !bytes.isEmpty, bytes.count <= Limits.messageByteCount else { return .tooLong }
        guard let slot = slotOfPeer[peer] else { return .noSession }
        var uncompressedByteCount = 0
        var wireBytes = bytes
        if priority != .activation, let smaller = compress(bytes) {
            wireBytes = smaller
            uncompressedByteCount = bytes.count
        }
        guard
            sessions[slot].queue(
                wireBytes, uncompressedByteCount: uncompressedByteCount, priority: priority)
        else { return .full }
        sessions[slot].isWanted = true
        bench.counters.messagesSent += 1
        if uncompressedByteCount > 0 { bench.counters.messagesCompressed += 1 }
        service(slot, at: now, into: &outbox)
        return .accepted
    }

    /// Long messages are tried on their first 4 KiB: weights never shrink, and trying costs.
    private func compress(_ bytes: [UInt8]) -> [UInt8]? {
        if bytes.count > 8_192, Compression.compress(Array(bytes[0..<4_096])) == nil {
            return nil
        }
        return Compression.compress(bytes)
    }

    // MARK: closing

    /// Ends a session or a handshake; no event follows.
    public mutating func close(
        _ peer: NodeID, reason: CloseReason, at now: Instant, into outbox: inout Outbox
    ) {
        guard let slot = slotOfPeer[peer] else { return }
        sessions[slot].sendClose(reason, at: now, bench: &bench, into: &outbox)
        vacate(slot)
    }

    /// Says goodbye to all peers, as far as the outbox has room. No session comes about afterwards.
    public mutating func closeAll(at now: Instant, into outbox: inout Outbox) {
        hasLeft = true
        for peer in slotOfPeer.keys { close(peer, reason: .left, at: now, into: &outbox) }
        inquiries = []
    }

    /// Ends an established session for a reason that the composite must hear of.
    mutating func end(
        _ slot: Int, _ reason: CloseReason, tellsPeer: Bool, at now: Instant,
        into outbox: inout Outbox
    ) {
        if tellsPeer { sessions[slot].sendClose(reason, at: now, bench: &bench, into: &outbox) }
        if sessions[slot].phase == .established {
            bench.counters.sessionsClosed += 1
            bench.events.append(.closed(sessions[slot].id, reason))
        }
        vacate(slot)
    }

    // MARK: slots

    /// A slot for a peer that has none; nil where every session is in use.
    mutating func allocate(
        _ peer: NodeID, address: PeerAddress, at now: Instant, into outbox: inout Outbox
    ) -> Int? {
        if slotOfPeer.count >= bench.settings.sessionCount {
            guard let victim = leastRecentlyUsed() else {
                bench.counters.droppedTableFull += 1
                return nil
            }
            end(victim, .evicted, tellsPeer: true, at: now, into: &outbox)
        }
        let session = Session(id: peer, address: address, at: now)
        let slot: Int
        if let vacant = vacantSlots.popLast() {
            slot = vacant
            sessions[slot] = session
            deadlines[slot] = .never
        } else {
            slot = sessions.count
            sessions.append(session)
            deadlines.append(.never)
        }
        slotOfPeer[peer] = slot
        return slot
    }

    private func leastRecentlyUsed() -> Int? {
        sessions.indices.filter { sessions[$0].isIdle }
            .min { sessions[$0].lastActivity < sessions[$1].lastActivity }
    }

    mutating func vacate(_ slot: Int) {
        let id = sessions[slot].id
        if let mark = sessions[slot].lastInitiation { remember(mark, of: id) }
        bench.reassemblyByteCount -= sessions[slot].transport.partialByteCount
        for index in [
            sessions[slot].current?.localIndex, sessions[slot].previous?.localIndex,
            sessions[slot].next?.keys.localIndex, sessions[slot].handshake?.index,
        ] {
            if let index { slotOfIndex[index] = nil }
        }
        slotOfPeer[id] = nil
        sessions[slot] = Session(id: id, address: sessions[slot].address, at: .origin)
        deadlines[slot] = .never
        vacantSlots.append(slot)
    }

    private mutating func remember(_ mark: Session.InitiationMark, of peer: NodeID) {
        if initiationMarks[peer] == nil { initiationOrder.append(peer) }
        initiationMarks[peer] = mark
        if initiationOrder.count > Limits.sessionCount, let oldest = initiationOrder.popFirst() {
            initiationMarks[oldest] = nil
        }
    }

    // MARK: time

    /// Lets a session send what it can, renews its keys, and notes when it is next due.
    mutating func service(_ slot: Int, at now: Instant, into outbox: inout Outbox) {
        let service = sessions[slot].service(at: now, bench: &bench, into: &outbox)
        guard service.wantsRenewal else { return setDeadline(slot, service.deadline) }
        beginHandshake(slot, with: [sessions[slot].address], at: now, into: &outbox)
        if service.isBlocked { setDeadline(slot, now) }
    }

    func phase(_ slot: Int) -> Session.Phase { sessions[slot].phase }

    mutating func setDeadline(_ slot: Int, _ deadline: Instant) {
        deadlines[slot] = deadline
        earliest = min(earliest, deadline)
    }

    public var nextDeadline: Instant {
        inquiries.reduce(earliest) { min($0, $1.retryAt) }
    }

    public mutating func fire(at now: Instant, into outbox: inout Outbox) {
        fireInquiries(at: now, into: &outbox)
        guard earliest <= now else { return }
        let slotCount = sessions.count
        for step in 0..<slotCount {
            let slot = (cursor + step) % slotCount
            guard deadlines[slot] <= now else { continue }
            guard !outbox.isFull else {
                cursor = slot
                break
            }
            fire(slot, at: now, into: &outbox)
        }
        earliest = deadlines.reduce(.never) { min($0, $1) }
    }

    private mutating func fire(_ slot: Int, at now: Instant, into outbox: inout Outbox) {
        if let next = sessions[slot].next, next.expires <= now {
            slotOfIndex[next.keys.localIndex] = nil
            sessions[slot].next = nil
            if sessions[slot].phase == .answering {
                if sessions[slot].isWanted {
                    bench.events.append(.unreachable(sessions[slot].id))
                }
                return vacate(slot)
            }
        }
        if let handshake = sessions[slot].handshake, handshake.retryAt <= now {
            guard retryHandshake(slot, at: now, into: &outbox) else { return }
        }
        guard sessions[slot].phase == .established else {
            return setDeadline(slot, sessions[slot].nextDeadline(bench.settings))
        }
        if sessions[slot].transport.lostPeerAt(bench.settings.lossTimeout) <= now {
            return end(slot, .timeout, tellsPeer: false, at: now, into: &outbox)
        }
        if sessions[slot].transport.isQuiet,
            sessions[slot].lastActivity + bench.settings.idleTimeout <= now
        {
            return end(slot, .idle, tellsPeer: true, at: now, into: &outbox)
        }
        if sessions[slot].transport.lossAt <= now {
            let lossCount = sessions[slot].transport.lossCount
            sessions[slot].transport.detectLosses(at: now)
            bench.counters.packetsLost += sessions[slot].transport.lossCount - lossCount
        } else if sessions[slot].transport.probeAt <= now {
            sessions[slot].transport.probe()
            bench.counters.probes += 1
        }
        sessions[slot].tryPath(at: now, bench: &bench, into: &outbox)
        service(slot, at: now, into: &outbox)
    }
}
