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

@Suite struct `requests that begin alike` {
    private func other(_ number: UInt64, entry: UInt8 = 1) -> RequestID {
        RequestID(entry: NodeID(Bytes32(Array(repeating: entry, count: 32))), number: number)
    }

    /// A step with the rows of another request.
    private func step(
        _ stage: Stage, _ id: RequestID, rowsOf source: RequestID, _ range: Range<Int>
    )
        -> Step
    {
        var step = stage.step(source, range)
        step.request = id
        return step
    }

    @Test func `share pages, and write into none that others hold`() throws {
        let stage = try Stage()
        let reference = try Stage()
        let (first, second) = (other(1), other(2))
        for id in [first, second] { try stage.open(id) }
        try reference.open(first)
        let expected = try reference.run(first, 0..<200)
        let rowByteCount = stage.shape.hiddenSize * 4
        #expect(try stage.run(first, 0..<150) == Array(expected[..<(150 * rowByteCount)]))
        #expect(stage.engine.cacheFigures.knownPageCount == 4)
        let answer = try #require(
            stage.engine.run(step(stage, second, rowsOf: first, 0..<140)))
        #expect(answer.output == Array(expected[..<(140 * rowByteCount)]))
        let figures = stage.engine.cacheFigures
        #expect(figures.sharedPageCount == 4)
        // Five pages each, four of them the same.
        #expect(figures.pageCount == 6)
        // The second goes back into a shared page and writes other rows there and in the next.
        _ = try #require(stage.engine.run(stage.step(second, 70..<110)))
        #expect(stage.engine.cacheFigures.pageCount == 8)
        // The first does not notice.
        #expect(try stage.run(first, 150..<200) == Array(expected[(150 * rowByteCount)...]))
        // A third one shares what the first holds still.
        try stage.open(other(3))
        let third = try #require(
            stage.engine.run(step(stage, other(3), rowsOf: first, 0..<200)))
        #expect(third.output == expected)
        #expect(stage.engine.cacheFigures.sharedPageCount == 8)
        // All but four pages of the second's 140 rows, and four of the third's 200.
        #expect(stage.engine.counters.pagesShared == 8)
        #expect(stage.engine.counters.rowsRun == 150 + 12 + 40 + 50 + 72)
        for id in [first, second, other(3)] { stage.engine.close(id) }
        var rest = stage.engine.cacheFigures
        rest.sharedPageCount = 0
        #expect(rest == KeyValuePool.Figures())
    }

    @Test func `share nothing with another entry's`() throws {
        let stage = try Stage()
        try stage.open(other(1))
        try stage.open(other(1, entry: 2))
        _ = try stage.run(other(1), 0..<128)
        _ = try #require(
            stage.engine.run(step(stage, other(1, entry: 2), rowsOf: other(1), 0..<128)))
        #expect(stage.engine.cacheFigures.sharedPageCount == 0)
        #expect(stage.engine.cacheFigures.pageCount == 8)
    }

    /// What an entry sends of a prompt: the last step's last row is all that it wants to see.
    @Test(arguments: [false, true]) func `share what a prompter's steps fill`(isLast: Bool) throws {
        let (stage, reference) = (try Stage(), try Stage())
        let (first, second, size) = (other(1), other(2), Limits.promptStepRowCount)
        try reference.open(first)
        let expected = try reference.run(first, 0..<3 * size)
        let rowByteCount = stage.shape.hiddenSize * 4
        for id in [first, second] {
            try stage.open(id)
            var outputs: [UInt8] = []
            for start in [0, size, 2 * size] {
                var step = step(stage, id, rowsOf: first, start..<start + size)
                step.resultCount = 1
                step.isLast = isLast
                outputs += try #require(stage.engine.run(step)?.output)
            }
            let wanted = isLast ? [size - 1, 2 * size - 1, 3 * size - 1] : Array(0..<3 * size)
            #expect(
                outputs
                    == wanted.flatMap { expected[$0 * rowByteCount..<($0 + 1) * rowByteCount] })
        }
        #expect(stage.engine.cacheFigures.sharedPageCount == 3)
        // Who wants more of a page than was computed has it computed.
        try stage.open(other(3))
        var step = step(stage, other(3), rowsOf: first, 0..<size)
        (step.resultCount, step.isLast) = (2, isLast)
        let output = try #require(stage.engine.run(step)?.output)
        let start = (isLast ? size - 2 : 0) * rowByteCount
        #expect(output == Array(expected[start..<size * rowByteCount]))
        #expect(stage.engine.cacheFigures.sharedPageCount == (isLast ? 3 : 4))
    }

    @Test func `give way to requests that need the memory`() throws {
        let pageByteCount = 32 * 4 * 2 * 48 * 2
        let outputByteCount = 32 * 64 * 4
        let stage = try Stage(cacheByteLimit: 12 * pageByteCount + outputByteCount)
        for number in 1...2 { try stage.open(other(UInt64(number)), positionLimit: 128) }
        _ = try stage.run(other(1), 0..<128)
        #expect(stage.engine.cacheFigures.outputByteCount == 4 * outputByteCount)
        try stage.open(other(3), positionLimit: 128)
        #expect(stage.engine.cacheFigures.outputByteCount == 0)
        _ = try #require(
            stage.engine.run(step(stage, other(2), rowsOf: other(1), 0..<128)))
        // Computed, as its output is gone, and then held once.
        #expect(stage.engine.cacheFigures.sharedPageCount == 0)
        #expect(stage.engine.cacheFigures.pageCount == 4)
    }
}
