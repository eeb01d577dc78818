import Primitives

/// The canonical bytes of a shape (Protocol.md, "Shape"): equal shapes have equal
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
        write(numbers, into: &writer)
        return writer.bytes
    }

    private func write(_ numbers: BlockNumbers, into writer: inout ByteWriter) {
        writer.writeVarint(numbers.rotatedSize)
        writer.write(numbers.localRotaryBase.bitPattern)
        writer.write(numbers.rotaryScale.bitPattern)
        writer.writeVarint(numbers.longRotaryDivisors.count)
        for divisor in numbers.longRotaryDivisors { writer.write(divisor.bitPattern) }
        writer.writeVarint(numbers.originalContextLength)
        for number in [
            numbers.attentionScale, numbers.attentionSoftCap, numbers.finalSoftCap,
            numbers.embeddingScale,
        ] {
            writer.write(number.bitPattern)
        }
        writer.writeVarint(numbers.window)
        write(numbers.windowedLayers, into: &writer)
        writer.writeVarint(numbers.expertCount)
        writer.writeVarint(numbers.usedExpertCount)
        if options.contains(.denseLayers) {
            writer.writeVarint(numbers.denseFeedForwardSize)
            write(numbers.denseLayers, into: &writer)
        }
    }

    /// One bit for each layer, the first in the lowest of the first byte.
    private func write(_ layers: [Bool], into writer: inout ByteWriter) {
        for first in stride(from: 0, to: layers.count, by: 8) {
            let bits = layers.indices.dropFirst(first).prefix(8).filter { layers[$0] }
            writer.write(bits.reduce(UInt8(0)) { $0 | 1 << UInt8($1 - first) })
        }
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
            rotaryDivisors: fields.rotaryDivisors, numbers: fields.numbers)
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
    var numbers = BlockNumbers()

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
        rotaryDivisors = try Self.divisors(&reader)
        try readNumbers(&reader)
        try reader.finish()
    }

    private static func divisors(_ reader: inout ByteReader) throws(WireError) -> [Float] {
        var divisors: [Float] = []
        for _ in 0..<(try reader.readCount(limit: Limits.headSize / 2)) {
            divisors.append(try number(&reader))
        }
        return divisors
    }

    private static func number(_ reader: inout ByteReader) throws(WireError) -> Float {
        Float(bitPattern: try reader.readUInt32())
    }

    private mutating func readNumbers(_ reader: inout ByteReader) throws(WireError) {
        numbers.rotatedSize = try reader.readCount(limit: Limits.headSize)
        numbers.localRotaryBase = try Self.number(&reader)
        numbers.rotaryScale = try Self.number(&reader)
        numbers.longRotaryDivisors = try Self.divisors(&reader)
        numbers.originalContextLength = try reader.readCount(limit: Limits.contextLength)
        numbers.attentionScale = try Self.number(&reader)
        numbers.attentionSoftCap = try Self.number(&reader)
        numbers.finalSoftCap = try Self.number(&reader)
        numbers.embeddingScale = try Self.number(&reader)
        numbers.window = try reader.readCount(limit: Limits.contextLength)
        if numbers.window > 0 { numbers.windowedLayers = try layers(&reader) }
        numbers.expertCount = try reader.readCount(limit: Limits.expertCount)
        numbers.usedExpertCount = try reader.readCount(limit: Limits.expertCount)
        if options.contains(.denseLayers) {
            numbers.denseFeedForwardSize = try reader.readCount(limit: Limits.layerWidth)
            numbers.denseLayers = try layers(&reader)
        }
    }

    private func layers(_ reader: inout ByteReader) throws(WireError) -> [Bool] {
        let layerCount = counts[0]
        guard layerCount <= Limits.layerCount else { throw .overLimit }
        var layers: [Bool] = []
        for first in stride(from: 0, to: layerCount, by: 8) {
            let bits = try reader.readUInt8()
            let count = min(8, layerCount - first)
            guard count == 8 || bits >> UInt8(count) == 0 else { throw .invalid }
            for bit in 0..<count { layers.append(bits >> UInt8(bit) & 1 == 1) }
        }
        return layers
    }
}
