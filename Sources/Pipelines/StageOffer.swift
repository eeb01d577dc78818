public import Identity
public import Primitives
internal import Wire

/// The entry's signed offer of a stage: everything the stage needs for the request.
public struct StageOffer: Hashable, Sendable {
    public var request: RequestID
    public var entryRecord: NodeRecord
    public var model: Digest
    public var layers: LayerRange
    public var stageIndex: Int
    public var stageCount: Int
    /// Floats in one position.
    public var hiddenSize: Int
    /// Positions for which the stage must have room in its KV cache.
    public var positionLimit: Int
    /// Who sends the steps: the entry for the first stage.
    public var previous: NodeID
    /// Who gets the results; nil for the last stage, whose results go to the entry.
    public var next: NodeRecord?

    func encode(keys: NodeKeys) -> [UInt8] {
        var writer = ByteWriter(reserving: 900)
        writer.write(MessageKind.openStage.rawValue)
        writer.write(entryRecord)
        writer.write(request.number)
        writer.write(model)
        writer.writeVarint(layers.lower)
        writer.writeVarint(layers.upper)
        writer.writeVarint(stageIndex)
        writer.writeVarint(stageCount)
        writer.writeVarint(hiddenSize)
        writer.writeVarint(positionLimit)
        writer.write(previous)
        writer.writeBlob(next?.encoded ?? [])
        writer.write(keys.sign(writer.bytes).bytes)
        return writer.bytes
    }

    /// Reads an offer behind its kind byte; the signature is `isAuthentic`'s matter.
    init(from reader: inout ByteReader) throws(WireError) {
        entryRecord = try reader.readRecord()
        request = RequestID(entry: entryRecord.id, number: try reader.readUInt64())
        model = try reader.read32(Digest.self)
        let lower = try reader.readCount(limit: Limits.layerCount)
        let upper = try reader.readCount(limit: Limits.layerCount)
        guard lower < upper else { throw .invalid }
        layers = LayerRange(lower, upper)
        stageIndex = try reader.readCount(limit: Limits.chainStageCount)
        stageCount = try reader.readCount(limit: Limits.chainStageCount)
        hiddenSize = try reader.readCount(limit: Limits.hiddenSize)
        positionLimit = try reader.readCount(limit: Limits.positionCount)
        previous = try reader.read32(NodeID.self)
        let nextBytes = try reader.readBlob(limit: Limits.recordByteCount)
        next = nextBytes.isEmpty ? nil : try NodeRecord(decoding: nextBytes)
        guard hiddenSize > 0, positionLimit > 0, stageIndex < stageCount else { throw .invalid }
        guard (next == nil) == (stageIndex == stageCount - 1) else { throw .invalid }
        guard reader.remaining == 64 else { throw .truncated }
    }

    init(
        request: RequestID, entryRecord: NodeRecord, model: Digest, layers: LayerRange,
        stageIndex: Int, stageCount: Int, hiddenSize: Int, positionLimit: Int, previous: NodeID,
        next: NodeRecord?
    ) {
        self.request = request
        self.entryRecord = entryRecord
        self.model = model
        self.layers = layers
        self.stageIndex = stageIndex
        self.stageCount = stageCount
        self.hiddenSize = hiddenSize
        self.positionLimit = positionLimit
        self.previous = previous
        self.next = next
    }
}

/// Whether `message` ends with the signature of `key` over all before it.
func isSigned(_ message: [UInt8], by key: PublicKey, suite: CryptoSuite) -> Bool {
    message.count > 64
        && suite.verify(
            Signature(Array(message.suffix(64))), of: Array(message.dropLast(64)), by: key)
}

/// A stage's signed answer to an offer.
struct StageAnswer: Hashable, Sendable {
    var number: UInt64
    var stageIndex: Int
    /// BLAKE2b-256 over the offer's bytes: what exactly was accepted or refused.
    var offerDigest: Digest
    /// Nil where the stage accepts.
    var refusal: RefusalReason?

    static func digest(ofOffer bytes: [UInt8]) -> Digest { Digest.of(bytes, for: .token) }

    func encode(keys: NodeKeys) -> [UInt8] {
        var writer = ByteWriter(reserving: 128)
        let kind = refusal == nil ? MessageKind.stageOpened : .stageRefused
        writer.write(kind.rawValue)
        writer.write(number)
        writer.writeVarint(stageIndex)
        writer.write(offerDigest)
        if let refusal { writer.write(refusal.rawValue) }
        writer.write(keys.sign(writer.bytes).bytes)
        return writer.bytes
    }

    init(number: UInt64, stageIndex: Int, offerDigest: Digest, refusal: RefusalReason?) {
        self.number = number
        self.stageIndex = stageIndex
        self.offerDigest = offerDigest
        self.refusal = refusal
    }

    init(from reader: inout ByteReader, isRefusal: Bool) throws(WireError) {
        number = try reader.readUInt64()
        stageIndex = try reader.readCount(limit: Limits.chainStageCount)
        offerDigest = try reader.read32(Digest.self)
        refusal = nil
        if isRefusal {
            guard let reason = RefusalReason(rawValue: try reader.readUInt8()) else {
                throw .invalid
            }
            refusal = reason
        }
        guard reader.remaining == 64 else { throw .truncated }
    }
}
