internal import Identity
public import Primitives
internal import Wire

/// A stage's signed account of what it did for a request: the seed of receipts and audits.
public struct StageAccount: Hashable, Sendable {
    public var request: RequestID
    public var model: Digest
    public var layers: LayerRange
    public var seat: Int
    public var stepCount: Int
    public var positionCount: Int
    public var computeMicroseconds: UInt64
    /// A chain over every output: `link = H(link, output rows)`, from 32 zero bytes.
    public var outputChain: Digest
    /// The account as it crossed the wire, signature included.
    public var encoded: [UInt8] = []

    init(request: RequestID, model: Digest, layers: LayerRange, seat: Int) {
        self.request = request
        self.model = model
        self.layers = layers
        self.seat = seat
        stepCount = 0
        positionCount = 0
        computeMicroseconds = 0
        outputChain = Digest(.zero)
    }

    mutating func add(_ step: Step, output: [UInt8], microseconds: UInt32) {
        stepCount += 1
        positionCount += step.rowCount
        computeMicroseconds += UInt64(microseconds)
        outputChain = Digest.of(outputChain.bytes + output, for: .token)
    }

    func encode(keys: NodeKeys) -> [UInt8] {
        var writer = ByteWriter(reserving: 256)
        writer.write(MessageKind.stageAccount.rawValue)
        request.write(into: &writer)
        writer.write(model)
        writer.writeVarint(layers.lower)
        writer.writeVarint(layers.upper)
        writer.writeVarint(seat)
        writer.writeVarint(stepCount)
        writer.writeVarint(positionCount)
        writer.writeVarint(computeMicroseconds)
        writer.write(outputChain)
        writer.write(keys.sign(writer.bytes).bytes)
        return writer.bytes
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let request = try RequestID(from: &reader)
        let model = try reader.read32(Digest.self)
        let lower = try reader.readCount(limit: Limits.layerCount)
        let upper = try reader.readCount(limit: Limits.layerCount)
        guard lower < upper else { throw .invalid }
        let seat = try reader.readCount(limit: Limits.seatNumber)
        self.init(
            request: request, model: model, layers: LayerRange(lower, upper), seat: seat)
        stepCount = try reader.readCount(limit: Limits.stepIndex)
        positionCount = try reader.readCount(limit: 1 << 40)
        computeMicroseconds = try reader.readVarint()
        outputChain = try reader.read32(Digest.self)
        guard reader.remaining == 64 else { throw .truncated }
    }
}
