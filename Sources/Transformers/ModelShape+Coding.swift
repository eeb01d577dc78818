import Primitives

/// The canonical bytes of a shape (docs/protocol/pieces.md, "Shape"): equal shapes have equal
/// bytes, and bytes that are not canonical are refused.
extension ModelShape {
    static let codingVersion: UInt8 = 1

    public var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 64 + 4 * rotaryDivisors.count)
        writer.write(ModelShape.codingVersion)
        writer.write(architecture.rawValue)
        writer.write(options.rawValue)
        for count in [
            layerCount, hiddenSize, feedForwardSize, headCount, keyValueHeadCount, headSize,
            vocabularySize, contextLength,
        ] {
            writer.writeVarint(count)
        }
        writer.write(normEpsilon.bitPattern)
        writer.write(rotaryBase.bitPattern)
        writer.writeVarint(rotaryDivisors.count)
        for divisor in rotaryDivisors { writer.write(divisor.bitPattern) }
        return writer.bytes
    }

    /// The shape that `bytes` encode, all of them.
    public init(decoding bytes: [UInt8]) throws(ModelError) {
        guard bytes.count <= Limits.shapeByteCount else { throw .malformedShape(.overLimit) }
        let fields: Fields
        do throws(WireError) {
            fields = try Fields(bytes)
        } catch {
            throw .malformedShape(error)
        }
        try self.init(
            architecture: fields.architecture, options: fields.options,
            layerCount: fields.counts[0], hiddenSize: fields.counts[1],
            feedForwardSize: fields.counts[2], headCount: fields.counts[3],
            keyValueHeadCount: fields.counts[4], headSize: fields.counts[5],
            vocabularySize: fields.counts[6], contextLength: fields.counts[7],
            normEpsilon: fields.normEpsilon, rotaryBase: fields.rotaryBase,
            rotaryDivisors: fields.rotaryDivisors)
    }
}

/// The fields of an encoded shape in wire order, each bounded, their meaning not yet checked.
private struct Fields {
    var architecture: Architecture
    var options: BlockOptions
    var counts: [Int] = []
    var normEpsilon: Float
    var rotaryBase: Float
    var rotaryDivisors: [Float] = []

    init(_ bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        guard try reader.readUInt8() == ModelShape.codingVersion,
            let architecture = Architecture(rawValue: try reader.readUInt8())
        else { throw .invalid }
        self.architecture = architecture
        options = BlockOptions(rawValue: try reader.readUInt32())
        guard BlockOptions.known.isSuperset(of: options) else { throw .invalid }
        for _ in 0..<8 { counts.append(try reader.readCount(limit: 1 << 32)) }
        normEpsilon = Float(bitPattern: try reader.readUInt32())
        rotaryBase = Float(bitPattern: try reader.readUInt32())
        let divisorCount = try reader.readCount(limit: Limits.headSize / 2)
        for _ in 0..<divisorCount {
            rotaryDivisors.append(Float(bitPattern: try reader.readUInt32()))
        }
        try reader.finish()
    }
}
