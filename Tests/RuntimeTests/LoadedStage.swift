import Pipelines
import Primitives
import Runtime
import Tensors
import Testing
import Transformers

/// A small model that is loaded into engines, and steps of random rows for it.
struct Stage {
    let shape: ModelShape
    let model = Digest(Bytes32(Array(repeating: 7, count: 32)))
    let engine: StageEngine
    let layers: LayerRange

    init(
        layers: LayerRange? = nil, cacheByteLimit: Int = 1 << 24, memberCount: Int = 1
    ) throws {
        shape = try ModelShape(
            architecture: .llama, options: [], layerCount: 4, hiddenSize: 64,
            feedForwardSize: 96, headCount: 4, keyValueHeadCount: 2, headSize: 16,
            vocabularySize: 100, contextLength: 512, normEpsilon: 1e-5, rotaryBase: 10_000)
        self.layers = layers ?? shape.layers
        engine = StageEngine(
            kernels: Kernels(level: .detected), crew: try ThreadCrew(memberCount: memberCount),
            cacheByteLimit: cacheByteLimit)
        let pieces = shape.layers.range.map { layer in
            WeightBytes(copying: RandomModel.piece(layer + 1, shape: shape, seed: 3))
        }
        let time = try engine.load(model, shape: shape, layers: shape.layers, pieces: pieces)
        #expect(time > 0)
    }

    func open(_ id: RequestID, positionLimit: Int = 200) throws {
        try engine.open(
            id, model: model, layers: layers, hiddenSize: shape.hiddenSize,
            positionLimit: positionLimit)
    }

    /// Rows of positions `range` of the request with this seed.
    func step(_ id: RequestID, _ range: Range<Int>) -> Step {
        var rows = FloatBuffer(count: range.count * shape.hiddenSize)
        for (row, position) in range.enumerated() {
            var random = SeededRandom(seed: id.number << 32 | UInt64(position))
            for column in 0..<shape.hiddenSize {
                rows[row * shape.hiddenSize + column] = Float(random.below(1_000)) / 500 - 1
            }
        }
        return Step(
            request: id, index: 0, position: range.lowerBound, rowCount: range.count,
            rows: rows.littleEndianBytes(numberCount: rows.count))
    }

    func run(_ id: RequestID, _ range: Range<Int>) throws -> [UInt8] {
        try #require(engine.run(step(id, range))?.output)
    }
}

/// A request of one entry.
func request(_ number: UInt64) -> RequestID {
    RequestID(entry: NodeID(Bytes32(Array(repeating: 1, count: 32))), number: number)
}
