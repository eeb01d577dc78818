public import Identity
public import Primitives

/// "I hold layers a..<b of model M": signed, expiring, stored in the DHT under its topics, so that
/// holders are found beyond anybody's neighbourhood.
public struct Ad: Hashable, Sendable {
    public let record: NodeRecord
    /// A later ad of the same node for the same model replaces an earlier one.
    public let sequence: UInt64
    /// How long the ad is good for after it was made, in seconds.
    public let lifetimeSeconds: UInt32
    public let holding: Holding
    /// The whole ad as it crosses the wire, signature included.
    public let encoded: [UInt8]

    public init(
        holding: Holding, sequence: UInt64, lifetimeSeconds: UInt32, record: NodeRecord,
        keys: NodeKeys
    ) {
        precondition(record.id == keys.id)
        self.record = record
        self.sequence = sequence
        self.lifetimeSeconds = lifetimeSeconds
        self.holding = holding
        var writer = ByteWriter(reserving: Limits.adByteCount)
        writer.write(record)
        writer.write(sequence)
        writer.write(lifetimeSeconds)
        holding.write(into: &writer)
        writer.write(keys.sign(writer.bytes).bytes)
        encoded = writer.bytes
    }

    /// Reads an ad; signatures are not looked at: `isAuthentic` does.
    public init(decoding bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Limits.adByteCount else { throw .overLimit }
        var reader = ByteReader(bytes)
        record = try reader.readRecord()
        sequence = try reader.readUInt64()
        lifetimeSeconds = try reader.readUInt32()
        holding = try Holding(from: &reader)
        guard reader.remaining == 64 else { throw reader.remaining < 64 ? .truncated : .trailing }
        encoded = bytes
    }

    /// Whether the holder signed this ad, and its record is its own.
    public func isAuthentic(suite: CryptoSuite, puzzleBitCount: Int) -> Bool {
        record.isAuthentic(suite: suite, puzzleBitCount: puzzleBitCount)
            && suite.verify(
                Signature(Array(encoded.suffix(64))), of: Array(encoded.dropLast(64)),
                by: record.signingKey)
    }
}

/// Where ads are filed: keys of the same space as node ids.
public enum Topic {
    /// Layers that share one topic: an ad is filed under each block that its range touches.
    public static let layersPerBlock = 8

    public static func layers(of model: Digest, block: Int) -> NodeID {
        NodeID(Digest.of(model, block, for: .layerTopic).raw)
    }

    /// Where a model is found by its name.
    public static func name(_ name: String) -> NodeID {
        NodeID(Digest.of(Array(name.utf8), for: .nameTopic).raw)
    }

    /// A block of layers of one model: what one topic is for.
    public struct Block: Hashable, Sendable {
        public let model: Digest
        public let number: Int

        /// Which of the block's layers are among those held; empty for another model.
        public func places(of holding: Holding) -> Range<Int> {
            let first = number * layersPerBlock
            guard holding.model == model else { return 0..<0 }
            let lower = min(max(holding.layers.lower - first, 0), layersPerBlock)
            let upper = min(max(holding.layers.upper - first, 0), layersPerBlock)
            return lower..<max(lower, upper)
        }
    }

    /// The block of these layers that a topic is for; nil where it is for none of them.
    public static func block(of topic: NodeID, among holding: Holding) -> Block? {
        guard !holding.layers.isEmpty else { return nil }
        let last = (holding.layers.upper - 1) / layersPerBlock
        return (holding.layers.lower / layersPerBlock...last)
            .first { layers(of: holding.model, block: $0) == topic }
            .map { Block(model: holding.model, number: $0) }
    }

    /// Every layer topic of a range, in order.
    public static func layers(of holding: Holding) -> [NodeID] {
        guard !holding.layers.isEmpty else { return [] }
        let last = (holding.layers.upper - 1) / layersPerBlock
        return (holding.layers.lower / layersPerBlock...last).map {
            layers(of: holding.model, block: $0)
        }
    }
}
