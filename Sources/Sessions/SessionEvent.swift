public import Identity
public import Primitives

/// Why a session ended. The raw value is what the close frame says.
public enum CloseReason: UInt8, Sendable, CaseIterable {
    /// The other side said goodbye.
    case left = 0
    /// Packets stayed unacknowledged.
    case timeout = 1
    /// Nothing was said for a long time.
    case idle = 2
    /// One side needed the room.
    case evicted = 3
    /// One side sent what the protocol forbids.
    case protocolViolation = 4
    /// The peer began anew: it restarted, or had lost the session.
    case replaced = 5
}

/// What sessions tell the composite.
public enum SessionEvent: Sendable {
    /// Both roles; once per session, not on rekey.
    case established(NodeRecord, address: PeerAddress)
    /// The peer pushed a record with a higher sequence.
    case recordChanged(NodeRecord)
    /// A whole message, delivered once.
    case message(from: NodeID, bytes: [UInt8])
    /// An established session ended for another reason than this node's own `close`.
    case closed(NodeID, CloseReason)
    /// A handshake gave up; what waited for it is dropped.
    case unreachable(NodeID)
    /// An inquiry was answered.
    case introduced(NodeRecord, at: PeerAddress)
    /// An inquiry gave up.
    case silent(PeerAddress)
    /// How a peer sees this node's address.
    case observed(PeerAddress, by: NodeID)
}

/// What became of a message given to `send`.
public enum SendVerdict: Sendable {
    case accepted
    /// Neither a session nor a handshake with this peer.
    case noSession
    /// Too much waits for this peer already.
    case full
    /// Longer than `Limits.messageByteCount`, or empty.
    case tooLong
}

/// What happened, counted since the core was made.
public struct SessionCounters: Hashable, Sendable {
    public var packetsReceived: UInt64 = 0
    public var packetsSent: UInt64 = 0
    public var bytesReceived: UInt64 = 0
    public var bytesSent: UInt64 = 0
    public var messagesSent: UInt64 = 0
    public var messagesReceived: UInt64 = 0
    public var messagesCompressed: UInt64 = 0
    public var handshakesStarted: UInt64 = 0
    public var handshakesAnswered: UInt64 = 0
    public var sessionsEstablished: UInt64 = 0
    public var sessionsClosed: UInt64 = 0
    public var rekeys: UInt64 = 0
    public var pathsChanged: UInt64 = 0
    public var cookiesSent: UInt64 = 0
    public var cookiesReceived: UInt64 = 0
    public var packetsLost: UInt64 = 0
    public var probes: UInt64 = 0
    public var spuriousFragments: UInt64 = 0
    public var introductionsSent: UInt64 = 0

    // Reasons for which a datagram or a part of it was dropped.
    public var droppedUnknownKind: UInt64 = 0
    public var droppedWrongSize: UInt64 = 0
    public var droppedWrongMAC: UInt64 = 0
    public var droppedRateLimited: UInt64 = 0
    public var droppedUnauthentic: UInt64 = 0
    public var droppedWrongRecord: UInt64 = 0
    public var droppedReplayed: UInt64 = 0
    public var droppedUnknownIndex: UInt64 = 0
    public var droppedExpiredKey: UInt64 = 0
    public var droppedOtherSwarm: UInt64 = 0
    public var droppedUnasked: UInt64 = 0
    public var droppedMalformed: UInt64 = 0
    public var droppedOverLimit: UInt64 = 0
    public var droppedTableFull: UInt64 = 0
    public var droppedOutboxFull: UInt64 = 0
    public var droppedCrossing: UInt64 = 0

    public init() {}
}
