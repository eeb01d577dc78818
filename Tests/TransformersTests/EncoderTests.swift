import Tensors
import Testing
import Transformers

@Suite struct `the vector of an encoder` {
    @Test func `is the mean of all rows, or the first one, where the model says so`() throws {
        let options: BlockOptions = [
            .encoder, .layerNorm, .attentionBias, .outputBias, .feedForwardBias, .ungated, .gelu,
        ]
        let vectors = try [options, options.union(.firstRow)].map { options in
            let shape = try makeShape(options: options, headCount: 4, keyValueHeadCount: 4)
            let pieces = (0...shape.layerCount).map {
                WeightBytes(copying: RandomModel.piece($0, shape: shape, seed: 5))
            }
            let encoder = try Encoder(shape: shape, pieces: pieces, kernels: fastestKernels)
            return [[7], [7, 30, 2]].map { encoder.embed($0) }
        }
        // One row is its own mean.
        #expect(vectors[0][0] == vectors[1][0])
        #expect(vectors[0][1] != vectors[1][1])
        for vector in vectors.joined() {
            #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 0.001)
        }
        #expect(throws: ModelError.self) { try makeShape(options: .firstRow) }
    }
}
