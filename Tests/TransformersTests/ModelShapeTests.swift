import Primitives
import Testing
import Transformers

/// A small valid shape; tests change one thing of it.
func makeShape(
    options: BlockOptions = [], layerCount: Int = 3, hiddenSize: Int = 64,
    feedForwardSize: Int = 172, headCount: Int = 8, keyValueHeadCount: Int = 4, headSize: Int = 8,
    vocabularySize: Int = 100, contextLength: Int = 128, normEpsilon: Float = 1e-5,
    rotaryBase: Float = 10_000, rotaryDivisors: [Float] = [],
    numbers: BlockNumbers = BlockNumbers()
) throws(ModelError) -> ModelShape {
    try ModelShape(
        architecture: .llama, options: options, layerCount: layerCount, hiddenSize: hiddenSize,
        feedForwardSize: feedForwardSize, headCount: headCount,
        keyValueHeadCount: keyValueHeadCount, headSize: headSize, vocabularySize: vocabularySize,
        contextLength: contextLength, normEpsilon: normEpsilon, rotaryBase: rotaryBase,
        rotaryDivisors: rotaryDivisors, numbers: numbers)
}

extension BlockNumbers {
    /// Every number as no plain model has it, for heads of 8 of which 4 turn.
    static func unusual(layerCount: Int) -> BlockNumbers {
        var numbers = BlockNumbers()
        numbers.rotatedSize = 4
        numbers.localRotaryBase = 100
        numbers.rotaryScale = 1.25
        numbers.longRotaryDivisors = [3, 4]
        numbers.originalContextLength = 64
        numbers.attentionScale = 0.5
        numbers.attentionSoftCap = 50
        numbers.finalSoftCap = 30
        numbers.embeddingScale = 8
        numbers.window = 16
        numbers.windowedLayers = (0..<layerCount).map { $0 % 3 != 1 }
        numbers.expertCount = 4
        numbers.usedExpertCount = 2
        numbers.denseFeedForwardSize = 300
        numbers.denseLayers = (0..<layerCount).map { $0 % 4 == 1 }
        return numbers
    }
}

@Suite struct `a model's shape` {
    @Test func `survives its encoding`() throws {
        for shape in [
            try makeShape(), try makeShape(options: [.tiedHead], rotaryDivisors: [1, 2, 4, 8]),
            try makeShape(layerCount: 1_024, headCount: 2, keyValueHeadCount: 1, headSize: 128),
            try makeShape(
                options: [.denseLayers], layerCount: 11, rotaryDivisors: [1, 2],
                numbers: .unusual(layerCount: 11)),
        ] {
            #expect(try ModelShape(decoding: shape.encoded) == shape)
        }
    }

    @Test func `has the documented bytes`() throws {
        let bytes = try makeShape(options: [.tiedHead], rotaryDivisors: [1, 2, 4, 8]).encoded
        #expect(
            bytes == [
                1, 1, 1, 0, 0, 0, 3, 64, 0xAC, 1, 8, 4, 8, 100, 0x80, 1,
                0xAC, 0xC5, 0x27, 0x37, 0, 0x40, 0x1C, 0x46, 4,
                0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x80, 0x40, 0, 0, 0, 0x41,
                // No part of a head, no local base, scale 1, no long divisors, no original context.
                0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F, 0, 0,
                // Attention's usual scale, no caps, embedding times 1, no window, no experts.
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F, 0, 0, 0,
            ])
    }

    @Test func `refuses every cut and every longer encoding`() throws {
        let bytes = try makeShape(
            options: [.denseLayers], layerCount: 11, rotaryDivisors: [1, 2],
            numbers: .unusual(layerCount: 11)
        ).encoded
        for count in bytes.indices {
            #expect(throws: ModelError.self) { try ModelShape(decoding: Array(bytes[..<count])) }
        }
        #expect(throws: ModelError.malformedShape(.trailing)) {
            try ModelShape(decoding: bytes + [0])
        }
        #expect(throws: ModelError.malformedShape(.overLimit)) {
            try ModelShape(decoding: [UInt8](repeating: 0, count: 9_000))
        }
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `never traps on mutated bytes`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let bytes = try makeShape(
            options: [.denseLayers], layerCount: 11, rotaryDivisors: [1, 2],
            numbers: .unusual(layerCount: 11)
        ).encoded
        var acceptedCount = 0
        for _ in 0..<20_000 {
            var mutated = bytes
            for _ in 0...random.below(3) {
                mutated[random.below(bytes.count)] = UInt8(random.below(256))
            }
            guard let shape = try? ModelShape(decoding: mutated) else { continue }
            #expect(shape.encoded == mutated)
            acceptedCount += 1
        }
        #expect(acceptedCount > 0)
    }

    @Test func `refuses values that no model has`() {
        #expect(throws: ModelError.self) { try makeShape(layerCount: 0) }
        #expect(throws: ModelError.self) { try makeShape(layerCount: 1_025) }
        #expect(throws: ModelError.self) { try makeShape(hiddenSize: 0) }
        #expect(throws: ModelError.self) { try makeShape(hiddenSize: .max) }
        #expect(throws: ModelError.self) { try makeShape(feedForwardSize: -1) }
        #expect(throws: ModelError.self) { try makeShape(headCount: 6) }
        #expect(throws: ModelError.self) { try makeShape(keyValueHeadCount: 16) }
        #expect(throws: ModelError.self) { try makeShape(headSize: 7) }
        #expect(throws: ModelError.self) {
            try makeShape(headCount: 4_096, keyValueHeadCount: 4_096, headSize: 1_024)
        }
        #expect(throws: ModelError.self) { try makeShape(vocabularySize: 1 << 30) }
        #expect(throws: ModelError.self) {
            try makeShape(hiddenSize: 1 << 16, vocabularySize: 1 << 21)
        }
        #expect(throws: ModelError.self) { try makeShape(contextLength: 0) }
        #expect(throws: ModelError.self) { try makeShape(normEpsilon: 0) }
        #expect(throws: ModelError.self) { try makeShape(normEpsilon: .nan) }
        #expect(throws: ModelError.self) { try makeShape(rotaryBase: .infinity) }
        #expect(throws: ModelError.self) { try makeShape(rotaryBase: 0.5) }
        #expect(throws: ModelError.self) { try makeShape(rotaryDivisors: [1, 1]) }
        #expect(throws: ModelError.self) { try makeShape(rotaryDivisors: [1, 0, 1, 1]) }
        #expect(throws: ModelError.self) {
            try makeShape(options: BlockOptions(rawValue: 1 << 20))
        }
    }

    @Test func `has dense layers only beside others with experts`() throws {
        var numbers = BlockNumbers()
        numbers.expertCount = 4
        numbers.usedExpertCount = 2
        numbers.denseLayers = [false, true, false]
        numbers.denseFeedForwardSize = 40
        let shape = try makeShape(options: [.denseLayers], numbers: numbers)
        #expect((0..<3).map { shape.expertCount(ofLayer: $0) } == [4, 0, 4])
        #expect((0..<3).map { shape.feedForwardSize(ofLayer: $0) } == [172, 40, 172])
        let dense = PieceLayout.layer(1, of: shape)
        #expect(dense.section(.router) == nil && dense.section(.down)?.columnCount == 40)
        #expect(dense.byteCount < PieceLayout.layer(2, of: shape).byteCount)
        #expect(throws: ModelError.self) { try makeShape(numbers: numbers) }
        let wrong: [(inout BlockNumbers) -> Void] = [
            { $0.denseLayers = [false, true] }, { $0.denseLayers = [true, true, true] },
            { $0.denseLayers = [false, false, false] }, { $0.denseFeedForwardSize = 0 },
            { ($0.expertCount, $0.usedExpertCount) = (0, 0) },
        ]
        for change in wrong {
            var other = numbers
            change(&other)
            #expect(throws: ModelError.self) {
                try makeShape(options: [.denseLayers], numbers: other)
            }
        }
        // A piece as large as no piece may be, in a layer that is not the first.
        numbers.denseFeedForwardSize = Limits.layerWidth
        #expect(throws: ModelError.self) {
            try makeShape(options: [.denseLayers], hiddenSize: 1 << 16, numbers: numbers)
        }
    }
}

@Suite struct `a piece's layout` {
    @Test func `puts every section at a multiple of 64 in the documented order`() throws {
        let layer = PieceLayout.layer(0, of: try makeShape())
        #expect(
            layer.sections.map(\.role) == [
                .attentionNorm, .feedForwardNorm, .query, .key, .value, .output, .gate, .up, .down,
            ])
        #expect(
            layer.sections.map(\.offset) == [
                64, 320, 576, 8_768, 12_864, 16_960, 25_152, 49_728, 74_304,
            ])
        #expect(layer.byteCount == 74_304 + 2 * 172 * 64)
        let ends = PieceLayout.ends(try makeShape(), tokenizerByteCount: 5)
        #expect(ends.sections.map(\.role) == [.finalNorm, .embedding, .head, .tokenizer])
        #expect(ends.sections.map(\.offset) == [64, 320, 16_704, 33_088])
        #expect(ends.byteCount == 33_093)
        let tied = PieceLayout.ends(try makeShape(options: [.tiedHead]))
        #expect(tied.sections.map(\.role) == [.finalNorm, .embedding, .tokenizer])
    }

    @Test func `has the documented header`() throws {
        let ends = PieceLayout.ends(try makeShape(), tokenizerByteCount: 5)
        let expected: [UInt8] =
            Array("bored-pc".utf8) + [1, 0, 0, 0, 4, 0, 0, 0, 0x45, 0x81, 0, 0, 0, 0, 0, 0, 5]
            + [UInt8](repeating: 0, count: 15) + [1, 1]
        #expect(ends.header == expected + [UInt8](repeating: 0, count: 64 - expected.count))
        #expect(try PieceLayout.piece(0, of: try makeShape(), header: ends.header) == ends)
    }

    @Test func `refuses every other header of the ends`() throws {
        let shape = try makeShape()
        let header = PieceLayout.ends(shape, tokenizerByteCount: 5).header
        for index in header.indices {
            var wrong = header
            wrong[index] ^= 0x80
            #expect(throws: ModelError.wrongPieceHeader) {
                try PieceLayout.piece(0, of: shape, header: wrong)
            }
        }
        #expect(throws: ModelError.wrongPieceHeader) {
            try PieceLayout.piece(0, of: shape, header: Array(header.dropLast()))
        }
    }
}
