import Pipelines
import Primitives
import Runtime
import Testing
import Transformers

/// Steps that name their rows, at a stage that keeps what came of earlier ones.
@Suite struct `rows that are named` {
    /// The names of the first rows of `source`, as an entry knows them that asks as `id`.
    private func names(
        _ stage: Stage, _ id: RequestID, rowsOf source: RequestID, _ count: Int
    ) -> [Digest] {
        var names = RowNames(entry: id.entry, model: stage.model, layer: stage.layers.lower)
        let rows = stage.step(id, rowsOf: source, 0..<count).rows
        names.add(rows: rows, rowCount: count)
        return names.digests
    }

    private func named(
        _ stage: Stage, _ id: RequestID, rowsOf source: RequestID, _ range: Range<Int>
    ) -> Step {
        var step = stage.step(id, rowsOf: source, range)
        step.names = Array(names(stage, id, rowsOf: source, range.upperBound)[range])
        step.rows = []
        return step
    }

    /// What the engine says of a step that names its rows: what came of them, or nil where that was
    /// not kept.
    private func ask(_ stage: Stage, _ step: Step) -> [UInt8]? {
        stage.engine.submit(step)
        var (output, answerCount) = ([UInt8]?.none, 0)
        while stage.engine.runRound({ answer in
            answerCount += 1
            if case .computed(step.request, step, let bytes, _) = answer {
                output = bytes
                #expect(bytes != nil)
            } else if case .rowsNotKnown(step.request, step) = answer {
                output = nil
            } else {
                Issue.record("another answer")
            }
        }) == .again {}
        #expect(answerCount == 1)
        return output
    }

    private func isKnown(_ stage: Stage, _ step: Step) -> Bool { ask(stage, step) != nil }

    /// A stage that keeps 160 rows of request 1.
    private func stage() throws -> Stage {
        let stage = try Stage(keepTime: .seconds(600))
        #expect(try !stage.open(request(1)))
        _ = try stage.run(request(1), 0..<160)
        stage.engine.close(request(1))
        return stage
    }

    @Test func `need not come where they were kept, however they are cut`() throws {
        let (stage, alone) = (try stage(), try Stage())
        try alone.open(request(1))
        let expected = try alone.run(request(1), 0..<170)
        let rowByteCount = stage.shape.hiddenSize * 4
        let before = stage.engine.counters.rowsRun
        #expect(try stage.open(request(2)))
        var output: [UInt8] = []
        for range in [0..<32, 32..<40, 40..<133, 133..<160] {
            output += try #require(
                ask(stage, named(stage, request(2), rowsOf: request(1), range)))
        }
        #expect(output == Array(expected[..<(160 * rowByteCount)]))
        #expect(stage.engine.counters.rowsRun == before)
        // The request goes on with rows.
        let rest = stage.engine.run(stage.step(request(2), rowsOf: request(1), 160..<170))
        #expect(try #require(rest).output == Array(expected[(160 * rowByteCount)...]))
    }

    @Test func `are asked for where one of them was not kept, and nothing is lost by it`() throws {
        let (stage, alone) = (try stage(), try Stage())
        try stage.open(request(2))
        #expect(isKnown(stage, named(stage, request(2), rowsOf: request(1), 0..<96)))
        // The last two rows were never here.
        #expect(!isKnown(stage, named(stage, request(2), rowsOf: request(1), 96..<162)))
        #expect(!isKnown(stage, named(stage, request(2), rowsOf: request(3), 96..<128)))
        let output = stage.engine.run(stage.step(request(2), rowsOf: request(1), 96..<162))
        try alone.open(request(1))
        let expected = try alone.run(request(1), 0..<162)
        #expect(
            try #require(output).output == Array(expected[(96 * stage.shape.hiddenSize * 4)...]))
    }

    @Test func `are not found by another entry, nor by one with other layers`() throws {
        let stage = try stage()
        let other = request(2, entry: 2)
        #expect(try !stage.open(other))
        #expect(!isKnown(stage, named(stage, other, rowsOf: request(1), 0..<32)))
        // Even if it knew the other's names.
        var step = named(stage, request(1), rowsOf: request(1), 0..<32)
        step.request = other
        #expect(!isKnown(stage, step))
        let fewer = try stage.engine.open(
            request(3), model: stage.model, layers: LayerRange(0, 2),
            hiddenSize: stage.shape.hiddenSize, positionLimit: 100)
        #expect(!fewer)
        #expect(!isKnown(stage, named(stage, request(3), rowsOf: request(1), 0..<32)))
    }

    @Test func `are given up like others where the owner is back`() throws {
        let stage = try stage()
        try stage.open(request(2))
        stage.engine.abandon(at: SystemClock.now())
        let step = named(stage, request(2), rowsOf: request(1), 0..<32)
        stage.engine.submit(step)
        var answers: [EngineAnswer] = []
        _ = stage.engine.runRound { answers.append($0) }
        guard case .computed(_, step, output: nil, _)? = answers.first, answers.count == 1 else {
            Issue.record("a step was run")
            return
        }
        stage.engine.abandon(at: nil)
        #expect(isKnown(stage, step))
    }
}
