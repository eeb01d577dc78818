public import Identity
public import Primitives
internal import Wire

/// The entry's signed offer of a stage: everything the stage needs for the request.
public struct StageOffer: Hashable, Sendable {
    public var request: RequestID
    public var entryRecord: NodeRecord
    public var model: Digest
    public var layers: LayerRange
    /// The stage's place in this request. Seats are numbered from 1 in the order of their offers;
    /// of two offers of one request to one node, the one with the higher seat replaces the other.
    public var seat: Int
    /// Floats in one position.
    public var hiddenSize: Int
    /// Positions for which the stage must have room in its KV cache.
    public var positionLimit: Int
    /// The first step that the stage will be given ...
    public var resumeIndex: Int
    /// ... and the position at which that begins: rows of the positions before come as replays.
    public var resumePosition: Int
    /// Who sends the steps: the entry for the first stage; and that one's seat, 0 for the entry.
    public var previous: NodeID
    public var previousSeat: Int
    /// Where the results go.
    public var next: StageHop
    /// The stage whose KV cache comes in place of replays, and whose part this node takes over.
    public var giver: NodeID?
    /// Whether the entry may come again with rows that begin like these, so that keeping what came
    /// of them is worth its memory.
    public var comesBack: Bool

    func encode(keys: NodeKeys) -> [UInt8] {
        var writer = ByteWriter(reserving: 900)
        writer.write(MessageKind.openStage.rawValue)
        writer.write(entryRecord)
        writer.write(request.number)
        writer.write(model)
        writer.writeVarint(layers.lower)
        writer.writeVarint(layers.upper)
        writer.writeVarint(seat)
        writer.writeVarint(hiddenSize)
        writer.writeVarint(positionLimit)
        writer.writeVarint(resumeIndex)
        writer.writeVarint(resumePosition)
        writer.write(previous)
        writer.writeVarint(previousSeat)
        next.write(into: &writer)
        writer.write((giver == nil ? 0 : 1) | (comesBack ? 2 : 0) as UInt8)
        if let giver { writer.write(giver) }
        writer.write(keys.sign(writer.bytes).bytes)
        return writer.bytes
    }

    /// Reads an offer behind its kind byte; the signature is `isSigned`'s matter.
    init(from reader: inout ByteReader) throws(WireError) {
        entryRecord = try reader.readRecord()
        request = RequestID(entry: entryRecord.id, number: try reader.readUInt64())
        model = try reader.read32(Digest.self)
        let lower = try reader.readCount(limit: Limits.layerCount)
        let upper = try reader.readCount(limit: Limits.layerCount)
        guard lower < upper else { throw .invalid }
        layers = LayerRange(lower, upper)
        seat = try reader.readCount(limit: Limits.seatNumber)
        hiddenSize = try reader.readCount(limit: Limits.hiddenSize)
        positionLimit = try reader.readCount(limit: Limits.positionCount)
        resumeIndex = try reader.readCount(limit: Limits.stepIndex)
        resumePosition = try reader.readCount(limit: Limits.positionCount)
        previous = try reader.read32(NodeID.self)
        previousSeat = try reader.readCount(limit: Limits.seatNumber)
        next = try StageHop(from: &reader)
        let options = try reader.readUInt8()
        guard options < 4 else { throw .invalid }
        giver = options & 1 == 0 ? nil : try reader.read32(NodeID.self)
        comesBack = options & 2 != 0
        guard hiddenSize > 0, positionLimit > 0, seat > 0 else { throw .invalid }
        guard resumePosition <= positionLimit, next.seat != seat, previousSeat != seat else {
            throw .invalid
        }
        guard previousSeat != 0 || previous == entryRecord.id else { throw .invalid }
        guard reader.remaining == 64 else { throw .truncated }
    }

    init(
        request: RequestID, entryRecord: NodeRecord, model: Digest, layers: LayerRange, seat: Int,
        hiddenSize: Int, positionLimit: Int, resumeIndex: Int = 0, resumePosition: Int = 0,
        previous: NodeID, previousSeat: Int, next: StageHop, giver: NodeID? = nil,
        comesBack: Bool
    ) {
        self.request = request
        self.entryRecord = entryRecord
        self.model = model
        self.layers = layers
        self.seat = seat
        self.hiddenSize = hiddenSize
        self.positionLimit = positionLimit
        self.resumeIndex = resumeIndex
        self.resumePosition = resumePosition
        self.previous = previous
        self.previousSeat = previousSeat
        self.next = next
        self.giver = giver
        self.comesBack = comesBack
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
    var seat: Int
    /// BLAKE2b-256 over the offer's bytes: what exactly was accepted or refused.
    var offerDigest: Digest
    /// Nil where the stage accepts.
    var refusal: RefusalReason?
    /// Whether it has kept what it computed of earlier rows of this entry.
    var keepsRows = false

    static func digest(ofOffer bytes: [UInt8]) -> Digest { Digest.of(bytes, for: .token) }

    func encode(keys: NodeKeys) -> [UInt8] {
        var writer = ByteWriter(reserving: 128)
        let kind = refusal == nil ? MessageKind.stageOpened : .stageRefused
        writer.write(kind.rawValue)
        writer.write(number)
        writer.writeVarint(seat)
        writer.write(offerDigest)
        writer.write(refusal?.rawValue ?? (keepsRows ? 1 : 0))
        writer.write(keys.sign(writer.bytes).bytes)
        return writer.bytes
    }

    init(
        number: UInt64, seat: Int, offerDigest: Digest, refusal: RefusalReason?,
        keepsRows: Bool = false
    ) {
        self.keepsRows = keepsRows
        self.number = number
        self.seat = seat
        self.offerDigest = offerDigest
        self.refusal = refusal
    }

    init(from reader: inout ByteReader, isRefusal: Bool) throws(WireError) {
        number = try reader.readUInt64()
        seat = try reader.readCount(limit: Limits.seatNumber)
        offerDigest = try reader.read32(Digest.self)
        refusal = nil
        if isRefusal {
            guard let reason = RefusalReason(rawValue: try reader.readUInt8()) else {
                throw .invalid
            }
            refusal = reason
        } else {
            let flag = try reader.readUInt8()
            guard flag <= 1 else { throw .invalid }
            keepsRows = flag == 1
        }
        guard reader.remaining == 64 else { throw .truncated }
    }
}
