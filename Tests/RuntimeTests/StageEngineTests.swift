import Pipelines
import Primitives
import Runtime
import Testing
import Transformers

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
        // A page: 32 positions of 4 layers, 2 heads, 16 + 32 halves.
        let pageByteCount = 32 * 4 * 2 * 48 * 2
        let stage = try Stage(cacheByteLimit: 4 * pageByteCount)
        try stage.open(request(1), positionLimit: 90)
        #expect(
            throws: StageRefusal.memory(
                KeyValueRefusal(neededByteCount: 2 * pageByteCount, freeByteCount: pageByteCount))
        ) { try stage.open(request(2), positionLimit: 33) }
        #expect(throws: StageRefusal.tooManyPositions(limit: 512)) {
            try stage.open(request(2), positionLimit: 513)
        }
        #expect(throws: StageRefusal.layersNotLoaded) {
            try stage.engine.open(
                request(2), model: stage.model, layers: LayerRange(2, 5), hiddenSize: 64,
                positionLimit: 1)
        }
        _ = try stage.run(request(1), 0..<40)
        #expect(stage.engine.cacheFigures.pageCount == 2)
        stage.engine.close(request(1))
        #expect(stage.engine.cacheFigures == KeyValuePool.Figures())
        try stage.open(request(2), positionLimit: 128)
    }
}
