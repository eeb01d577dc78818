import Pipelines
import Primitives
import Runtime
import Tensors
import Testing
import Transformers

/// A small model that is loaded into engines, and steps of random rows for it.
private struct Stage {
    let shape: ModelShape
    let model = Digest(Bytes32(Array(repeating: 7, count: 32)))
    let engine: StageEngine
    let layers: LayerRange

    init(layers: LayerRange? = nil, cacheByteLimit: Int = 1 << 24) throws {
        shape = try ModelShape(
            architecture: .llama, options: [], layerCount: 4, hiddenSize: 64,
            feedForwardSize: 96, headCount: 4, keyValueHeadCount: 2, headSize: 16,
            vocabularySize: 100, contextLength: 512, normEpsilon: 1e-5, rotaryBase: 10_000)
        self.layers = layers ?? shape.layers
        engine = StageEngine(
            kernels: Kernels(level: .detected), crew: try ThreadCrew(memberCount: 2),
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

private func request(_ number: UInt64) -> RequestID {
    RequestID(entry: NodeID(Bytes32(Array(repeating: 1, count: 32))), number: number)
}

@Suite struct `handing a request over` {
    @Test func `goes on with the same bits at the heir`() throws {
        let (giver, heir) = (try Stage(), try Stage())
        let id = request(5)
        try giver.open(id)
        try heir.open(id)
        let rowByteCount = giver.shape.hiddenSize * 4
        _ = try giver.run(id, 0..<100)
        let export = try #require(giver.engine.export(id))
        // Per position: 4 layers of 2 heads of 16 numbers, keys and values, 2 bytes each.
        #expect(export.positions == 0..<100 && export.bytes.count == 100 * 4 * 2 * 16 * 2 * 2)
        #expect(giver.engine.cacheSize(of: id)?.positionByteCount == 512)
        let first = try #require(giver.engine.export(id, positions: 0..<37))
        let rest = try #require(giver.engine.export(id, positions: 37..<100))
        #expect(first.bytes + rest.bytes == export.bytes)
        #expect(!heir.engine.take(rest, for: id))
        #expect(heir.engine.take(first, for: id))
        #expect(!heir.engine.take(first, for: id))
        #expect(heir.engine.take(rest, for: id))
        let expected = try giver.run(id, 100..<130)
        #expect(try heir.run(id, 100..<130) == expected)
        #expect(expected.count == 30 * rowByteCount)
    }

    @Test func `refuses what does not fit`() throws {
        let stage = try Stage()
        let id = request(1)
        #expect(stage.engine.export(id) == nil && stage.engine.cacheSize(of: id) == nil)
        try stage.open(id, positionLimit: 10)
        #expect(stage.engine.export(id, positions: 0..<1) == nil)
        let long = CacheExport(positions: 0..<11, bytes: [UInt8](repeating: 0, count: 11 * 512))
        #expect(!stage.engine.take(long, for: id))
        let short = CacheExport(positions: 0..<2, bytes: [UInt8](repeating: 0, count: 1_023))
        #expect(!stage.engine.take(short, for: id))
        #expect(stage.engine.cacheSize(of: id)?.positionCount == 0)
        #expect(!stage.engine.take(short, for: request(2)))
    }
}

@Suite struct `a stage's memory` {
    @Test func `is refused with a reason and free at once`() throws {
        // A page: 64 positions of 4 layers, 2 heads, 16 + 32 halves.
        let pageByteCount = 64 * 4 * 2 * 48 * 2
        let stage = try Stage(cacheByteLimit: 4 * pageByteCount)
        try stage.open(request(1), positionLimit: 190)
        #expect(
            throws: StageRefusal.memory(
                KeyValueRefusal(neededByteCount: 2 * pageByteCount, freeByteCount: pageByteCount))
        ) { try stage.open(request(2), positionLimit: 65) }
        #expect(throws: StageRefusal.tooManyPositions(limit: 512)) {
            try stage.open(request(2), positionLimit: 513)
        }
        #expect(throws: StageRefusal.layersNotLoaded) {
            try stage.engine.open(
                request(2), model: stage.model, layers: LayerRange(2, 5), hiddenSize: 64,
                positionLimit: 1)
        }
        _ = try stage.run(request(1), 0..<70)
        #expect(stage.engine.cacheFigures.pageCount == 2)
        stage.engine.close(request(1))
        #expect(stage.engine.cacheFigures == KeyValuePool.Figures())
        try stage.open(request(2), positionLimit: 256)
    }
}
