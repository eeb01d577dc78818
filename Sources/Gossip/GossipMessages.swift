public import Identity
public import Primitives
public import Wire

/// Why a node asks for a link (HyParView section 4.3).
public enum NeighborPriority: UInt8, Sendable {
    /// Takes a free place only.
    case low = 0
    /// From a node without links: always accepted, for a link that must go.
    case high = 1
    /// Takes a free place, or that of a link more than twice as far.
    case near = 2
}

/// What became of a probe.
public enum ProbeOutcome: UInt8, Sendable {
    /// The sender of the reply was probed itself.
    case alive = 0
    /// The sender of the reply got an answer from the target.
    case reached = 1
    /// The sender of the reply got none (Lifeguard's nack).
    case unreached = 2
}

/// One line of a digest: "I know this sequence, and its owner lived this long ago".
public struct DigestItem: Hashable, Sendable {
    /// The first six bytes of the owner's id.
    public var prefix: UInt64
    /// The low 32 bits of the state's sequence.
    public var sequence: UInt32
    /// In tenths of a second, rounded up; 255 says 25.5 s or more.
    public var age: UInt8

    public init(prefix: UInt64, sequence: UInt32, age: UInt8) {
        self.prefix = prefix
        self.sequence = sequence
        self.age = age
    }
}

/// A state on its way, as its sender knows it.
public struct StateItem: Hashable, Sendable {
    /// Hops from the owner to the sender: 0 where it is the sender's own.
    public var hopCount: UInt8
    /// As in `DigestItem`.
    public var age: UInt8
    public var signed: SignedState

    public init(hopCount: UInt8, age: UInt8, signed: SignedState) {
        self.hopCount = hopCount
        self.age = age
        self.signed = signed
    }
}

/// Everything that gossip says (Protocol.md, "Gossip messages").
public enum GossipMessage: Hashable, Sendable {
    case join(SignedState)
    case forwardJoin(hopsLeft: Int, SignedState)
    case neighbor(NeighborPriority, SignedState)
    case neighborReply(isAccepted: Bool, SignedState)
    case disconnect
    case shuffle(hopsLeft: Int, origin: NodeRecord, [NodeRecord])
    case shuffleReply([NodeRecord])
    case probe(
        number: UInt32, isNeighbor: Bool, sequence: UInt32, links: [DigestItem], far: [DigestItem])
    case probeReply(number: UInt32, ProbeOutcome, links: [DigestItem] = [])
    case probeRequest(number: UInt32, target: NodeID)
    /// Part of an answer to `askStates`, which has so many states in all its parts together; nil
    /// where nobody asked.
    case states(answerCount: Int?, [StateItem])
    /// Six-byte prefixes of the ids asked for; none asks for everything.
    case askStates([UInt64])
    case leave(SignedState)

    public var kind: MessageKind {
        switch self {
        case .join: .join
        case .forwardJoin: .forwardJoin
        case .neighbor: .neighbor
        case .neighborReply: .neighborReply
        case .disconnect: .disconnect
        case .shuffle: .shuffle
        case .shuffleReply: .shuffleReply
        case .probe: .probe
        case .probeReply: .probeReply
        case .probeRequest: .probeRequest
        case .states: .states
        case .askStates: .askStates
        case .leave: .leave
        }
    }

    /// The whole message, kind first.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 512)
        writer.write(kind.rawValue)
        switch self {
        case .join(let signed), .leave(let signed): signed.write(into: &writer)
        case .forwardJoin(let hopsLeft, let signed):
            writer.write(UInt8(hopsLeft))
            signed.write(into: &writer)
        case .neighbor(let priority, let signed):
            writer.write(priority.rawValue)
            signed.write(into: &writer)
        case .neighborReply(let isAccepted, let signed):
            writer.write(UInt8(isAccepted ? 1 : 0))
            signed.write(into: &writer)
        case .disconnect: break
        case .shuffle(let hopsLeft, let origin, let records):
            writer.write(UInt8(hopsLeft))
            writer.write(origin)
            writer.write(records)
        case .shuffleReply(let records): writer.write(records)
        case .probe(let number, let isNeighbor, let sequence, let links, let far):
            writer.write(number)
            writer.write(UInt8(isNeighbor ? 1 : 0))
            writer.write(sequence)
            writer.write(links)
            writer.write(far)
        case .probeReply(let number, let outcome, let links):
            writer.write(number)
            writer.write(outcome.rawValue)
            writer.write(links)
        case .probeRequest(let number, let target):
            writer.write(number)
            writer.write(target)
        case .states(let answerCount, let items):
            writer.write(UInt8(answerCount == nil ? 0 : 1))
            if let answerCount { writer.writeVarint(answerCount) }
            writer.writeVarint(items.count)
            for item in items {
                writer.write(item.hopCount)
                writer.write(item.age)
                item.signed.write(into: &writer)
            }
        case .askStates(let prefixes):
            writer.writeVarint(prefixes.count)
            for prefix in prefixes { writer.writePrefix(prefix) }
        }
        return writer.bytes
    }

    /// Reads a whole message; signatures are not looked at.
    public init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        guard let kind = MessageKind(rawValue: try reader.readUInt8()) else { throw .invalid }
        self = try Self.read(kind, from: &reader)
        try reader.finish()
    }

    private static func read(_ kind: MessageKind, from reader: inout ByteReader) throws(WireError)
        -> GossipMessage
    {
        switch kind {
        case .join: return .join(try SignedState(from: &reader))
        case .leave: return .leave(try SignedState(from: &reader))
        case .forwardJoin:
            let hopsLeft = try reader.readHops()
            return .forwardJoin(hopsLeft: hopsLeft, try SignedState(from: &reader))
        case .neighbor:
            guard let priority = NeighborPriority(rawValue: try reader.readUInt8()) else {
                throw .invalid
            }
            return .neighbor(priority, try SignedState(from: &reader))
        case .neighborReply:
            let isAccepted = try reader.readFlag()
            return .neighborReply(isAccepted: isAccepted, try SignedState(from: &reader))
        case .disconnect: return .disconnect
        case .shuffle:
            let hopsLeft = try reader.readHops()
            let origin = try reader.readRecord()
            return .shuffle(hopsLeft: hopsLeft, origin: origin, try reader.readRecords())
        case .shuffleReply: return .shuffleReply(try reader.readRecords())
        case .probe:
            let number = try reader.readUInt32()
            let isNeighbor = try reader.readFlag()
            let sequence = try reader.readUInt32()
            let links = try reader.readDigest()
            return .probe(
                number: number, isNeighbor: isNeighbor, sequence: sequence, links: links,
                far: try reader.readDigest())
        case .probeReply:
            let number = try reader.readUInt32()
            guard let outcome = ProbeOutcome(rawValue: try reader.readUInt8()) else {
                throw .invalid
            }
            return .probeReply(number: number, outcome, links: try reader.readDigest())
        case .probeRequest:
            let number = try reader.readUInt32()
            return .probeRequest(number: number, target: try reader.read32(NodeID.self))
        case .states: return try readStates(&reader)
        case .askStates:
            var prefixes: [UInt64] = []
            for _ in 0..<(try reader.readCount(limit: Limits.gossipDigestItemCount)) {
                prefixes.append(try reader.readPrefix())
            }
            return .askStates(prefixes)
        default: throw .invalid
        }
    }

    private static func readStates(_ reader: inout ByteReader) throws(WireError) -> GossipMessage {
        let flags = try reader.readUInt8()
        guard flags <= 1 else { throw .invalid }
        let answerCount =
            flags == 1 ? try reader.readCount(limit: Limits.gossipAnswerStateCount) : nil
        var items: [StateItem] = []
        for _ in 0..<(try reader.readCount(limit: Limits.gossipStatesPerMessage)) {
            let hopCount = try reader.readUInt8()
            let age = try reader.readUInt8()
            items.append(
                StateItem(hopCount: hopCount, age: age, signed: try SignedState(from: &reader)))
        }
        return .states(answerCount: answerCount, items)
    }
}

extension NodeID {
    /// The first six bytes, which name a node among the few hundred that two peers know.
    var prefix: UInt64 { raw.first >> 16 }
}

extension ByteWriter {
    fileprivate mutating func writePrefix(_ prefix: UInt64) {
        for shift in stride(from: 40, through: 0, by: -8) {
            write(UInt8(truncatingIfNeeded: prefix >> UInt64(shift)))
        }
    }

    fileprivate mutating func write(_ items: [DigestItem]) {
        writeVarint(items.count)
        for item in items {
            writePrefix(item.prefix)
            write(item.sequence)
            write(item.age)
        }
    }

    fileprivate mutating func write(_ records: [NodeRecord]) {
        writeVarint(records.count)
        for record in records { write(record) }
    }
}

extension ByteReader {
    fileprivate mutating func readPrefix() throws(WireError) -> UInt64 {
        var prefix: UInt64 = 0
        for _ in 0..<6 { prefix = prefix << 8 | UInt64(try readUInt8()) }
        return prefix
    }

    fileprivate mutating func readFlag() throws(WireError) -> Bool {
        let value = try readUInt8()
        guard value <= 1 else { throw .invalid }
        return value == 1
    }

    fileprivate mutating func readHops() throws(WireError) -> Int {
        let value = Int(try readUInt8())
        guard value <= Limits.gossipHopCount else { throw .overLimit }
        return value
    }

    fileprivate mutating func readDigest() throws(WireError) -> [DigestItem] {
        var items: [DigestItem] = []
        for _ in 0..<(try readCount(limit: Limits.gossipDigestItemCount)) {
            let prefix = try readPrefix()
            let sequence = try readUInt32()
            items.append(DigestItem(prefix: prefix, sequence: sequence, age: try readUInt8()))
        }
        return items
    }

    fileprivate mutating func readRecords() throws(WireError) -> [NodeRecord] {
        var records: [NodeRecord] = []
        for _ in 0..<(try readCount(limit: Limits.gossipShuffleRecordCount)) {
            records.append(try readRecord())
        }
        return records
    }
}
