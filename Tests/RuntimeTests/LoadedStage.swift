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
    let cacheByteLimit: Int
    /// A page: 32 positions of 4 layers, 2 heads, 16 + 32 halves.
    static let pageByteCount = 32 * 4 * 2 * 48 * 2

    init(
        layers: LayerRange? = nil, cacheByteLimit: Int = 1 << 24, memberCount: Int = 1,
        keepTime: Interval = .zero, originalContextLength: Int = 0
    ) throws {
        var numbers = BlockNumbers()
        numbers.originalContextLength = originalContextLength
        if originalContextLength > 0 { numbers.longRotaryDivisors = [2, 2, 3, 3, 4, 4, 5, 5] }
        shape = try ModelShape(
            architecture: .llama, options: [], layerCount: 4, hiddenSize: 64,
            feedForwardSize: 96, headCount: 4, keyValueHeadCount: 2, headSize: 16,
            vocabularySize: 100, contextLength: 512, normEpsilon: 1e-5, rotaryBase: 10_000,
            rotaryDivisors: numbers.longRotaryDivisors.map { _ in 1 }, numbers: numbers)
        self.layers = layers ?? shape.layers
        self.cacheByteLimit = cacheByteLimit
        engine = StageEngine(
            kernels: Kernels(level: .detected), crew: try ThreadCrew(memberCount: memberCount),
            cacheByteLimit: cacheByteLimit, keepTime: keepTime)
        let pieces = shape.layers.range.map { layer in
            WeightBytes(copying: RandomModel.piece(layer + 1, shape: shape, seed: 3))
        }
        let time = try engine.load(model, shape: shape, layers: shape.layers, pieces: pieces)
        #expect(time > 0)
    }

    /// Whether pages of its entry's are kept.
    @discardableResult
    func open(
        _ id: RequestID, positionLimit: Int = 200, comesBack: Bool = true
    ) throws -> Bool {
        try engine.open(
            id, model: model, layers: layers, hiddenSize: shape.hiddenSize,
            positionLimit: positionLimit, comesBack: comesBack)
    }

    /// Positions `range` of a request, with the rows of another, or its own.
    func step(_ id: RequestID, rowsOf source: RequestID? = nil, _ range: Range<Int>) -> Step {
        step(id, range) { _ in source ?? id }
    }

    /// As above; by position, whose rows they are.
    func step(_ id: RequestID, _ range: Range<Int>, rowsOf source: (Int) -> RequestID) -> Step {
        var rows = FloatBuffer(count: range.count * shape.hiddenSize)
        for (row, position) in range.enumerated() {
            var random = SeededRandom(seed: source(position).number << 32 | UInt64(position))
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

/// A request of one entry, or of another.
func request(_ number: UInt64, entry: UInt8 = 1) -> RequestID {
    RequestID(entry: NodeID(Bytes32(Array(repeating: entry, count: 32))), number: number)
}
