internal import Identity
internal import Primitives

/// The constants of Protocol.md that both ends must share.
enum Protocol {
    static let name = "BoredMesh"
    static let version: UInt8 = 1

    static let dataHeaderByteCount = 16
    static let macByteCount = 16
    static let initiationByteCount = 512
    /// What the initiation seals: counter, index, record, zeros.
    static let initiationPayloadByteCount = 376
    /// Header 12, Noise 48, flags, address, record with its length.
    static let responseByteCounts = 12 + 48 + 20 + 1...12 + 48 + 20 + 2 + Limits.recordByteCount
    static let cookieByteCount = 64
    static let inquiryByteCount = 352
    static let introductionByteCounts = 13...14 + Limits.recordByteCount

    static let cookieLifetime = Interval.seconds(120)
    static let keyLifetime = Interval.seconds(180)
    static let keyPacketCount: UInt64 = 1 << 60
    /// Below this a session counts as quiet and keeps its keys for an hour.
    static let quietByteCount: UInt64 = 1 << 20

    /// An answered handshake is not displaced by others before this age: many round trips.
    static let confirmationPatience = Interval.seconds(1)

    static let packetThreshold: UInt64 = 3
    static let granularity = Interval.milliseconds(1)
    static let initialRoundTrip = Interval.milliseconds(333)
    static let activationAckDelay = Interval.milliseconds(1)
    static let ackDelay = Interval.milliseconds(5)
    /// Ids that may be under way above the oldest unfinished one of their priority.
    static let messageWindow: UInt64 = 1_024
    static let ackRangeCount = 32

    static func prologue(swarm: Digest, responder: NodeID) -> [UInt8] {
        Array(name.utf8) + [version] + swarm.bytes + responder.bytes
    }

    /// The key of mac1 of packets to the owner of `key`.
    static func macKey(swarm: Digest, responder key: PublicKey) -> [UInt8] {
        Digest.of(swarm.bytes + key.bytes, for: .handshakeMAC).bytes
    }

    static func cookieKey(swarm: Digest, responder key: PublicKey) -> SealingKey {
        SealingKey(Digest.of(swarm.bytes + key.bytes, for: .cookieKey).bytes)
    }
}

/// The first byte of a datagram.
enum PacketKind: UInt8 {
    case initiation = 1
    case response = 2
    case cookie = 3
    case data = 4
    case inquiry = 6
    case introduction = 7
}

/// The first byte of a frame.
enum FrameKind {
    static let padding: UInt8 = 0
    static let ping: UInt8 = 1
    static let ack: UInt8 = 2
    static let fragment: UInt8 = 3
    static let pathChallenge: UInt8 = 4
    static let pathResponse: UInt8 = 5
    static let record: UInt8 = 6
    static let addressSeen: UInt8 = 7
    static let close: UInt8 = 8
}

extension ByteWriter {
    /// Kind, version and two zero bytes: how every packet begins.
    init(packet kind: PacketKind) {
        self.init(reserving: Limits.datagramByteCount)
        write(kind.rawValue)
        write(Protocol.version)
        write(UInt16(0))
    }
}

/// Four bytes of a datagram whose length was checked.
func readUInt32(_ bytes: Span<UInt8>, at index: Int) -> UInt32 {
    var value: UInt32 = 0
    for offset in 0..<4 { value |= UInt32(bytes[index + offset]) << UInt32(8 * offset) }
    return value
}

/// Eight bytes of a datagram whose length was checked.
func readUInt64(_ bytes: Span<UInt8>, at index: Int) -> UInt64 {
    var value: UInt64 = 0
    for offset in 0..<8 { value |= UInt64(bytes[index + offset]) << UInt64(8 * offset) }
    return value
}

func array(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var copy: [UInt8] = []
    copy.reserveCapacity(range.count)
    for index in range { copy.append(bytes[index]) }
    return copy
}
