public import Primitives

/// What a node's record says of it in one byte.
public struct RecordFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The owner pays for each byte.
    public static let metered = RecordFlags(rawValue: 1 << 0)
    /// Here for the length of a prompt or a question: not for anybody's tables, holds nothing.
    public static let transient = RecordFlags(rawValue: 1 << 1)
}

/// Which arithmetic a node keeps; nodes that differ are not mixed in one chain.
public enum ArithmeticScheme: UInt8, Sendable {
    /// Protocol.md, "exact-1".
    case exact1 = 1
}

/// A node's signed description of itself (Protocol.md, "Record"; after ENR, EIP-778).
///
/// The highest sequence wins. Bytes behind the known fields are kept and stay under the signature,
/// so that a later version can add fields.
public struct NodeRecord: Hashable, Sendable {
    public static let version: UInt8 = 1

    public let flags: RecordFlags
    public let scheme: UInt8
    public let sequence: UInt64
    public let signingKey: PublicKey
    public let agreementKey: PublicKey
    public let puzzleNonce: UInt64
    /// A claim, at most eight ASCII bytes; empty when the owner says nothing.
    public let region: String
    public let addresses: [PeerAddress]
    /// Derived from the key and the nonce.
    public let id: NodeID
    /// The whole record as it crosses the wire, signature included.
    public let encoded: [UInt8]

    public var isTransient: Bool { flags.contains(.transient) }
    /// Each byte costs its owner.
    public var isMetered: Bool { flags.contains(.metered) }

    /// Signs a record of this node.
    public init(
        keys: NodeKeys, sequence: UInt64, addresses: [PeerAddress], flags: RecordFlags = [],
        region: String = ""
    ) {
        precondition(addresses.count <= Limits.recordAddressCount && region.utf8.count <= 8)
        self.flags = flags
        self.scheme = ArithmeticScheme.exact1.rawValue
        self.sequence = sequence
        self.signingKey = keys.signingKey
        self.agreementKey = keys.agreementKey
        self.puzzleNonce = keys.puzzleNonce
        self.region = region
        self.addresses = addresses
        self.id = keys.id
        var writer = ByteWriter(reserving: Limits.recordByteCount)
        writer.write(Self.version)
        writer.write(flags.rawValue)
        writer.write(scheme)
        writer.write(sequence)
        writer.write(signingKey)
        writer.write(agreementKey)
        writer.write(puzzleNonce)
        writer.writeString(region)
        writer.writeVarint(addresses.count)
        for address in addresses { writer.write(address) }
        writer.writeVarint(0)
        writer.write(keys.sign(writer.bytes).bytes)
        encoded = writer.bytes
    }

    /// Reads a record, without looking at its signature: `isAuthentic` does.
    public init(decoding bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Limits.recordByteCount else { throw .overLimit }
        var reader = ByteReader(bytes)
        guard try reader.readUInt8() == Self.version else { throw .invalid }
        flags = RecordFlags(rawValue: try reader.readUInt8())
        scheme = try reader.readUInt8()
        sequence = try reader.readUInt64()
        signingKey = try reader.read32(PublicKey.self)
        agreementKey = try reader.read32(PublicKey.self)
        puzzleNonce = try reader.readUInt64()
        region = try reader.readString(limit: 8)
        guard region.isPlain else { throw .invalid }
        let addressCount = try reader.readCount(limit: Limits.recordAddressCount)
        var addresses: [PeerAddress] = []
        for _ in 0..<addressCount { addresses.append(try reader.readAddress()) }
        self.addresses = addresses
        _ = try reader.readBlob(limit: Limits.recordByteCount)
        guard reader.remaining == 64 else { throw reader.remaining < 64 ? .truncated : .trailing }
        id = Puzzle.nodeID(of: signingKey, nonce: puzzleNonce)
        encoded = bytes
    }

    /// Whether the owner of the key signed exactly this, and did the work for its id.
    public func isAuthentic(suite: CryptoSuite, puzzleBitCount: Int) -> Bool {
        let signature = Signature(Array(encoded.suffix(64)))
        return Puzzle.isSolved(signingKey, nonce: puzzleNonce, bitCount: puzzleBitCount)
            && suite.verify(signature, of: Array(encoded.dropLast(64)), by: signingKey)
    }
}

extension ByteReader {
    /// A record behind its length; its signature is not looked at.
    public mutating func readRecord() throws(WireError) -> NodeRecord {
        try NodeRecord(decoding: try readBlob(limit: Limits.recordByteCount))
    }
}

extension ByteWriter {
    public mutating func write(_ record: NodeRecord) { writeBlob(record.encoded) }
}
