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
    var deadlines: [Instant] = []
    var vacantSlots: [Int] = []
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
    var earliest = Instant.never
    /// Where the next walk over due sessions begins, so that a full outbox starves nobody.
    var cursor = 0

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
}
