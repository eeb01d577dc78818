import Checkpoints
import Primitives
import Tensors
import Testing
import Transformers

@Suite struct `a hostile piece` {
    private let shape: ModelShape
    private let layer: [UInt8]
    private let ends: [UInt8]

    init() throws {
        shape = try SmallShape.rests.make()
        layer = RandomModel.piece(1, shape: shape, seed: 1)
        ends = RandomModel.piece(0, shape: shape, seed: 1)
    }

    private func isAccepted(layer bytes: [UInt8]) -> Bool {
        (try? LayerWeights(WeightBytes(copying: bytes), layer: 0, shape: shape)) != nil
    }

    private func isAccepted(ends bytes: [UInt8]) -> Bool {
        (try? Ends(WeightBytes(copying: bytes), shape: shape)) != nil
    }

    @Test func `of another size is refused`() {
        #expect(isAccepted(layer: layer) && isAccepted(ends: ends))
        for count in [0, 1, 63, 64, 65, 576, layer.count - 1] {
            #expect(!isAccepted(layer: Array(layer[..<count])))
        }
        for count in [0, 1, 63, 64, 65, 576, ends.count - 1] {
            #expect(!isAccepted(ends: Array(ends[..<count])))
        }
        #expect(!isAccepted(layer: layer + [0]) && !isAccepted(ends: ends + [0]))
        #expect(!isAccepted(layer: ends) && !isAccepted(ends: layer))
    }

    @Test func `with another header is refused`() {
        for index in 0..<64 {
            for bit in [UInt8(1), 0x80] {
                var wrong = layer
                wrong[index] ^= bit
                #expect(!isAccepted(layer: wrong))
                wrong = ends
                wrong[index] ^= bit
                #expect(!isAccepted(ends: wrong))
            }
        }
    }

    @Test func `of another shape is refused`() throws {
        let other = try SmallShape.oddHeads.make()
        #expect(throws: ModelError.self) {
            try LayerWeights(WeightBytes(copying: layer), layer: 0, shape: other)
        }
        #expect(throws: ModelError.self) { try Ends(WeightBytes(copying: ends), shape: other) }
        #expect(throws: ModelError.self) {
            try LocalModel(shape: shape, pieces: [WeightBytes(copying: ends)])
        }
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `full of noise computes nonsense and goes on`(
        seed: UInt64
    ) throws {
        // Any bits are numbers of some kind: infinities and NaNs among them.
        var random = SeededRandom(seed: seed)
        let pieces = (0...shape.layerCount).map { index in
            var bytes = index == 0 ? ends : layer
            for offset in 64..<bytes.count { bytes[offset] = UInt8(random.below(256)) }
            return WeightBytes(copying: bytes)
        }
        let model = try LocalModel(shape: shape, pieces: pieces)
        for temperature in [Float(0), 1] {
            var generation = try Generation(
                promptIDs: [1, 2, 3],
                settings: GenerationSettings(
                    sampling: try SamplingSettings(temperature: temperature),
                    maximumTokenCount: 5),
                vocabularySize: shape.vocabularySize, contextLength: shape.contextLength)
            var run = LocalRun(
                model, kernels: fastestKernels, positionCount: 8, rowCountMaximum: 3)
            run.run(&generation)
            #expect(generation.answerIDs.count == 5)
        }
    }
}

@Suite struct `a random model` {
    @Test func `has bytes that follow from its seed`() throws {
        let shape = try SmallShape.oddHeads.make()
        let piece = RandomModel.piece(2, shape: shape, seed: 5)
        #expect(piece == RandomModel.piece(2, shape: shape, seed: 5))
        #expect(piece != RandomModel.piece(2, shape: shape, seed: 6))
        #expect(piece != RandomModel.piece(1, shape: shape, seed: 5))
        #expect(piece.count == PieceLayout.layer(0, of: shape).byteCount)
    }
}

@Suite(.enabled(if: Reference.isPresent)) struct `pieces built from a checkpoint` {
    private func pieces(_ path: String) throws -> [[UInt8]] {
        let builder = try PieceBuilder(
            try Reference.checkpoint(path), tokenizerBytes: [1, 2, 3])
        return try (0..<builder.pieceCount).map { index throws in try builder.build(index) }
    }

    @Test func `are the same from GGUF and from safetensors`() throws {
        #expect(
            try pieces("random/rand-llama/rand-llama-F16.gguf")
                == pieces("random/rand-llama/hf"))
        let stories = try pieces("stories260K/stories260K-F16.gguf")
        #expect(try stories == pieces("stories260K/hf"))
        #expect(try stories == pieces("stories260K/stories260K-F32.gguf"))
        #expect(try stories != pieces("stories260K/stories260K-BF16.gguf"))
        #expect(stories.count == 6)
        #expect(stories[0].suffix(3) == [1, 2, 3])
    }

    @Test func `keep quantised matrices in their own blocks`() throws {
        let path = "random/rand-llama-k/rand-llama-k-Q4_K_M.gguf"
        let builder = try PieceBuilder(try Reference.checkpoint(path), tokenizerBytes: [])
        let formats = (0..<builder.pieceCount).map { builder.layout(of: $0).formats }
        #expect(formats[0][.embedding] != .float16 && formats[1][.query] == .q4K)
        #expect(formats.dropFirst().contains { $0[.down] == .q6K })
    }

    @Test func `keep the tokenizer's bytes in the ends`() throws {
        let checkpoint = try Reference.checkpoint("stories260K/stories260K-F16.gguf")
        let tokenizer = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let model = try LocalModel(try PieceBuilder(checkpoint, tokenizerBytes: tokenizer))
        #expect(model.ends.tokenizerBytes == tokenizer)
    }
}
