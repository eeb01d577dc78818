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

@Suite struct `steps at a stage` {
    /// What the engine tells until nothing waits: requests in order, and the last outputs.
    private func drain(_ stage: Stage) -> [(id: RequestID, output: [UInt8]?)] {
        var told: [(id: RequestID, output: [UInt8]?)] = []
        while stage.engine.runRound({ answer in
            if case .computed(let id, _, let output, _) = answer { told.append((id, output)) }
        }) {}
        return told
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `give the same bits in any company`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (stage, reference) = (try Stage(), try Stage())
        let ids = (0..<5).map { request(UInt64($0)) }
        var expected: [[UInt8]] = []
        for id in ids {
            try stage.open(id)
            try reference.open(id)
            expected.append(try (0..<200).flatMap { try reference.run(id, $0..<$0 + 1) })
        }
        let rowByteCount = stage.shape.hiddenSize * 4
        var positions = ids.map { _ in 0 }
        while positions.contains(where: { $0 < 200 }) {
            var sent: [(index: Int, range: Range<Int>)] = []
            for index in ids.indices where positions[index] < 200 && random.below(4) > 0 {
                // Now and then some positions are overwritten, as after a draft that did not hold.
                let start = max(0, positions[index] - (random.below(5) == 0 ? 3 : 0))
                let count = random.below(2) == 0 ? 1 : 1 + random.below(120)
                sent.append((index, start..<min(200, start + count)))
                stage.engine.submit(stage.step(ids[index], start..<min(200, start + count)))
            }
            let told = drain(stage)
            #expect(told.count == sent.count)
            for (index, range) in sent {
                let bytes = range.lowerBound * rowByteCount..<range.upperBound * rowByteCount
                #expect(
                    told.first { $0.id == ids[index] }?.output == Array(expected[index][bytes]))
                positions[index] = range.upperBound
            }
        }
    }

    @Test func `short ones go first and long ones still come through`() throws {
        let stage = try Stage()
        for number in 1...3 { try stage.open(request(UInt64(number))) }
        stage.engine.submit(stage.step(request(1), 0..<200))
        stage.engine.submit(stage.step(request(2), 0..<1))
        var order: [RequestID] = []
        var roundCount = 0
        var next = 1
        while stage.engine.runRound({ answer in
            if case .computed(let id, _, _, _) = answer { order.append(id) }
        }) {
            roundCount += 1
            // Somebody decodes all the time.
            if roundCount < 20 {
                stage.engine.submit(stage.step(request(2), next..<next + 1))
                next += 1
            }
        }
        #expect(order.first == request(2))
        // 71 rows beside each decoded one: it ends in the third batch.
        #expect(order.firstIndex(of: request(1)) == 2)
    }

    @Test func `that come side by side part ways where other stages have a share`() throws {
        for (layers, expected) in [(LayerRange(0, 2), [2, 1, 0]), (LayerRange(0, 4), [3, 0])] {
            let stage = try Stage(layers: layers)
            for number in 1...3 { try stage.open(request(UInt64(number))) }
            for number in 1...3 {
                stage.engine.submit(stage.step(request(UInt64(number)), 0..<1))
            }
            var counts: [Int] = []
            for _ in expected {
                var count = 0
                _ = stage.engine.runRound { _ in count += 1 }
                counts.append(count)
            }
            #expect(counts == expected)
            // Who was busy takes all that has come meanwhile.
            stage.engine.submit(stage.step(request(1), 1..<101))
            _ = stage.engine.runRound { _ in }
            for number in 2...3 {
                stage.engine.submit(stage.step(request(UInt64(number)), 1..<2))
            }
            var count = 0
            _ = stage.engine.runRound { _ in count += 1 }
            #expect(count >= 2)
        }
    }

    @Test func `of other layers lead when they have waited`() throws {
        let stage = try Stage()
        try stage.open(request(1))
        try stage.engine.open(
            request(2), model: stage.model, layers: LayerRange(0, 2),
            hiddenSize: stage.shape.hiddenSize, positionLimit: 200)
        stage.engine.submit(stage.step(request(2), 0..<100))
        var order: [RequestID] = []
        for position in 0..<12 {
            stage.engine.submit(stage.step(request(1), position..<position + 1))
            _ = stage.engine.runRound { answer in
                if case .computed(let id, _, _, _) = answer { order.append(id) }
            }
        }
        #expect(order.contains(request(2)))
    }

    @Test(arguments: [1, 2]) func `that are given up leave the caches as they were`(
        memberCount: Int
    ) throws {
        let stage = try Stage(memberCount: memberCount)
        let id = request(9)
        try stage.open(id)
        let expected = try stage.run(id, 0..<200)
        var givenUpCount = 0
        // On a busy machine the owner may come late each time: then it tries again.
        for attempt in 0..<400 where attempt < 20 || givenUpCount == 0 {
            let engine = stage.engine
            let thread = try PlainThread(name: "owner") {
                let end = SystemClock.now() + .microseconds(attempt % 20 * 100)
                while SystemClock.now() < end {}
                engine.abandon(at: .origin)
            }
            stage.engine.submit(stage.step(id, 20..<200))
            let told = drain(stage)
            thread.join()
            #expect(told.count == 1)
            if told[0].output == nil { givenUpCount += 1 }
            #expect(
                stage.engine.cacheSize(of: id)?.positionCount == (told[0].output == nil ? 20 : 200))
            // Whoever comes now is sent away, until the owner leaves again.
            stage.engine.submit(stage.step(id, 20..<30))
            #expect(drain(stage).map(\.output) == [nil])
            engine.abandon(at: nil)
        }
        #expect(givenUpCount > 0)
        let rowByteCount = stage.shape.hiddenSize * 4
        #expect(try stage.run(id, 20..<200) == Array(expected[(20 * rowByteCount)...]))
    }

    @Test func `that do not follow, or of strangers, are answered without an output`() throws {
        let stage = try Stage()
        try stage.open(request(1))
        for step in [
            stage.step(request(1), 1..<2), stage.step(request(2), 0..<1),
            stage.step(request(1), 0..<201),
        ] {
            stage.engine.submit(step)
            let told = drain(stage)
            #expect(told.count == 1 && told[0].output == nil)
        }
        stage.engine.submit(stage.step(request(1), 0..<200))
        stage.engine.close(request(1))
        #expect(drain(stage).isEmpty)
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
