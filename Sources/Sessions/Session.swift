internal import Identity
internal import Primitives

/// A value that is seldom there, outside of the place that it would take in each session.
final class Aside<Value: Sendable>: Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}

/// One peer: a handshake, a session, or both.
struct Session {
    enum Phase {
        /// A slot that nobody uses.
        case vacant
        /// This node asked.
        case connecting
        /// The peer asked and was answered, but has not confirmed.
        case answering
        case established
    }

    /// When an initiation was made, on its maker's own scale: it must rise.
    struct InitiationMark: Comparable {
        var sequence: UInt64
        var counter: UInt64

        static func < (left: InitiationMark, right: InitiationMark) -> Bool {
            (left.sequence, left.counter) < (right.sequence, right.counter)
        }
    }

    var phase = Phase.vacant
    let id: NodeID
    /// As the peer gave it, or as the caller of `connect` did.
    var record: NodeRecord?
    var address: PeerAddress
    /// Where initiations go.
    var candidates: [PeerAddress] = []
    var handshake: OutgoingHandshake? {
        get { handshakeAside?.value }
        set { handshakeAside = newValue.map { Aside($0) } }
    }
    private var handshakeAside: Aside<OutgoingHandshake>?
    var current: SessionKeys?
    var previous: SessionKeys?
    var next: UnconfirmedKeys? {
        get { nextAside?.value }
        set { nextAside = newValue.map { Aside($0) } }
    }
    private var nextAside: Aside<UnconfirmedKeys>?
    var lastInitiation: InitiationMark?
    /// Whether this node's own side asked for the session, and wants to hear if it fails.
    var isWanted = false
    var lastActivity: Instant
    var renewalBlockedUntil = Instant.origin
    var path: PathCheck?
    var pathBlockedUntil = Instant.origin
    /// A challenge to answer, and where it came from.
    var pathReply: (token: UInt64, address: PeerAddress)?
    var transport = Transport()

    init(id: NodeID, address: PeerAddress, at now: Instant) {
        self.id = id
        self.address = address
        lastActivity = now
    }

    var isIdle: Bool {
        phase == .established && transport.isQuiet && handshake == nil
            && transport.partialCount == 0
    }

    func wantsRenewal(at now: Instant, settings: SessionSettings) -> Bool {
        guard phase == .established, handshake == nil, now >= renewalBlockedUntil, let current
        else { return false }
        return current.wantsRenewal(
            at: now, counter: transport.sent.next, settings: settings)
    }

    func nextDeadline(_ settings: SessionSettings) -> Instant {
        var deadline = min(handshake?.retryAt ?? .never, next?.expires ?? .never)
        guard phase == .established else { return deadline }
        deadline = min(deadline, path?.dueAt ?? .never)
        deadline = min(deadline, min(transport.ackAt, transport.paceAt))
        deadline = min(deadline, min(transport.lossAt, transport.probeAt))
        deadline = min(deadline, transport.lostPeerAt(settings.lossTimeout))
        if transport.isQuiet { deadline = min(deadline, lastActivity + settings.idleTimeout) }
        return deadline
    }

    /// What is to be done with a session after it sent what it could.
    struct Service {
        /// The outbox was too full for all of it.
        var isBlocked: Bool
        var wantsRenewal: Bool
        var deadline: Instant
    }

    /// Sends what may go now, and says what is next. One call, because a table of sessions lends
    /// each in place only to what may change it.
    mutating func service(
        at now: Instant, bench: inout Workbench, into outbox: inout Outbox
    ) -> Service {
        let isBlocked = pump(at: now, bench: &bench, into: &outbox)
        return Service(
            isBlocked: isBlocked,
            wantsRenewal: wantsRenewal(at: now, settings: bench.settings),
            deadline: isBlocked ? now : nextDeadline(bench.settings))
    }

    /// Puts renewed keys in use; those before stay good for what is on its way.
    mutating func rotate(to keys: SessionKeys) -> UInt32? {
        let retired = previous?.localIndex
        previous = current
        current = keys
        return retired
    }

    /// Appends a message; false where too much waits.
    mutating func queue(_ bytes: [UInt8], uncompressedByteCount: Int, priority: Priority) -> Bool {
        let index = Int(priority.rawValue)
        guard transport.queuedByteCount + bytes.count <= Limits.queuedByteCount,
            transport.queues[index].count < Limits.queuedMessageCount
        else { return false }
        transport.queues[index].append(bytes, uncompressedByteCount: uncompressedByteCount)
        return true
    }
}
