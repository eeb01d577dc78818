import Pipelines
import Primitives
import Runtime
import Testing
import Transformers

@Suite struct `requests that begin alike` {
    @Test func `share pages, and write into none that others hold`() throws {
        let stage = try Stage()
        let reference = try Stage()
        let (first, second) = (request(1), request(2))
        for id in [first, second] { try stage.open(id) }
        try reference.open(first)
        let expected = try reference.run(first, 0..<200)
        let rowByteCount = stage.shape.hiddenSize * 4
        #expect(try stage.run(first, 0..<150) == Array(expected[..<(150 * rowByteCount)]))
        #expect(stage.engine.cacheFigures.knownPageCount == 4)
        let answer = try #require(
            stage.engine.run(stage.step(second, rowsOf: first, 0..<140)))
        #expect(answer.output == Array(expected[..<(140 * rowByteCount)]))
        let figures = stage.engine.cacheFigures
        #expect(figures.sharedRowCount == 128)
        // Five pages each, four of them the same.
        #expect(figures.pageCount == 6)
        // The second goes back into a shared page and writes other rows there and in the next.
        _ = try #require(stage.engine.run(stage.step(second, 70..<110)))
        #expect(stage.engine.cacheFigures.pageCount == 8)
        // The first does not notice.
        #expect(try stage.run(first, 150..<200) == Array(expected[(150 * rowByteCount)...]))
        // A third one shares what the first holds still.
        try stage.open(request(3))
        let third = try #require(
            stage.engine.run(stage.step(request(3), rowsOf: first, 0..<200)))
        #expect(third.output == expected)
        // All but four pages of the second's 140 rows, and six of the third's 200.
        #expect(stage.engine.cacheFigures.sharedRowCount == 128 + 192)
        #expect(stage.engine.counters.rowsShared == 128 + 192)
        #expect(stage.engine.counters.rowsRun == 150 + 12 + 40 + 50 + 8)
        for id in [first, second, request(3)] { stage.engine.close(id) }
        var rest = stage.engine.cacheFigures
        rest.sharedRowCount = 0
        #expect(rest == KeyValuePool.Figures())
    }

    @Test func `share nothing with another entry's`() throws {
        let stage = try Stage()
        try stage.open(request(1))
        try stage.open(request(1, entry: 2))
        _ = try stage.run(request(1), 0..<128)
        _ = try #require(
            stage.engine.run(stage.step(request(1, entry: 2), rowsOf: request(1), 0..<128)))
        #expect(stage.engine.cacheFigures.sharedRowCount == 0)
        #expect(stage.engine.cacheFigures.pageCount == 8)
    }

    @Test func `share nothing where one's positions are rotated for long texts`() throws {
        let stage = try Stage(originalContextLength: 150)
        let reference = try Stage(originalContextLength: 150)
        try reference.open(request(1), positionLimit: 200)
        let expected = try reference.run(request(1), 0..<128)
        try stage.open(request(1), positionLimit: 150)
        let short = try stage.run(request(1), 0..<128)
        try stage.open(request(2), positionLimit: 200)
        let long = try #require(
            stage.engine.run(stage.step(request(2), rowsOf: request(1), 0..<128)))
        #expect(long.output == expected && short != expected)
        #expect(stage.engine.cacheFigures.sharedRowCount == 0)
    }

    /// What an entry sends of a prompt: what comes of the last row is all that it wants.
    @Test(arguments: [false, true]) func `share what a prompter's steps fill`(isLast: Bool) throws {
        let (stage, reference) = (try Stage(), try Stage())
        let (first, second, size) = (request(1), request(2), Limits.promptStepRowCount)
        try reference.open(first)
        let expected = try reference.run(first, 0..<3 * size)
        let rowByteCount = stage.shape.hiddenSize * 4
        for id in [first, second] {
            try stage.open(id)
            var outputs: [UInt8] = []
            for start in [0, size, 2 * size] {
                var step = stage.step(id, rowsOf: first, start..<start + size)
                (step.resultCount, step.isLast) = (start < 2 * size ? 0 : 1, isLast)
                outputs += try #require(stage.engine.run(step)?.output)
            }
            let wanted = isLast ? [3 * size - 1] : Array(0..<3 * size)
            #expect(
                outputs
                    == wanted.flatMap { expected[$0 * rowByteCount..<($0 + 1) * rowByteCount] })
        }
        #expect(stage.engine.cacheFigures.sharedRowCount == 3 * UInt64(size))
        // Who wants more of a page than was computed has that computed.
        try stage.open(request(3))
        var step = stage.step(request(3), rowsOf: first, 0..<size)
        (step.resultCount, step.isLast) = (2, isLast)
        let output = try #require(stage.engine.run(step)?.output)
        let start = (isLast ? size - 2 : 0) * rowByteCount
        #expect(output == Array(expected[start..<size * rowByteCount]))
        #expect(
            stage.engine.cacheFigures.sharedRowCount == UInt64(isLast ? 4 * size - 2 : 4 * size))
    }

    @Test func `give way to requests that need the memory`() throws {
        let pageByteCount = 32 * 4 * 2 * 48 * 2
        let outputByteCount = 32 * 64 * 4
        let stage = try Stage(cacheByteLimit: 12 * pageByteCount + outputByteCount)
        for number in 1...2 { try stage.open(request(UInt64(number)), positionLimit: 128) }
        _ = try stage.run(request(1), 0..<128)
        #expect(stage.engine.cacheFigures.outputByteCount == 4 * outputByteCount)
        try stage.open(request(3), positionLimit: 128)
        #expect(stage.engine.cacheFigures.outputByteCount == 0)
        _ = try #require(
            stage.engine.run(stage.step(request(2), rowsOf: request(1), 0..<128)))
        // Computed, as its output is gone, and then held once.
        #expect(stage.engine.cacheFigures.sharedRowCount == 0)
        #expect(stage.engine.cacheFigures.pageCount == 4)
    }

    /// Prompts that begin as others did, in steps of any size, tokens one by one, rows drafted
    /// ahead that don't hold, requests that end and begin in between: what is taken from others
    /// must be what would have been computed.
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `have the bits that they would have alone`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let isLast = seed % 2 == 0
        let (stage, alone) = (
            try Stage(cacheByteLimit: (40 << 20) >> random.below(6), keepTime: .seconds(600)),
            try Stage()
        )
        var number: UInt64 = 100
        for _ in 0..<12 {
            number += 1
            let (id, other) = (request(number), request(number, entry: 2))
            try stage.open(id)
            try alone.open(other)
            // Up to some position the rows of the first request, then of one of three.
            let (branch, source) = (random.below(160), request(UInt64(1 + random.below(3))))
            var position = 0
            while position < 160 {
                let isPrompt = position < 120
                let count = min(160 - position, 1 + random.below(isPrompt ? 60 : 9))
                var step = stage.step(id, position..<position + count) { row in
                    row < branch ? request(1) : source
                }
                (step.isLast, step.resultCount) = (isLast, isPrompt ? random.below(2) : count)
                var reference = step
                reference.request = other
                let output = stage.engine.run(step)?.output
                #expect(output != nil && output == alone.engine.run(reference)?.output)
                position += count
                if random.below(4) == 0 { position -= random.below(min(count, 12)) }
            }
            alone.engine.close(other)
            if random.below(8) > 0 { stage.engine.close(id) }
        }
        let figures = stage.engine.cacheFigures
        #expect(figures.sharedRowCount > 100)
        #expect(
            figures.promisedByteCount + figures.outputByteCount + figures.keptPageCount
                * Stage.pageByteCount <= stage.cacheByteLimit)
        print("seed \(seed): \(figures.sharedRowCount) rows shared")
    }
}

@Suite struct `pages of a request that has ended` {
    /// A turn of a chat: a prompt as a prompter cuts it, and tokens one by one. What came of the
    /// rows that were wanted.
    private func turn(
        _ stage: Stage, _ id: RequestID, promptCount: Int, tokenCount: Int, isLast: Bool = false
    ) throws -> [UInt8] {
        try stage.open(id)
        var output: [UInt8] = []
        var position = 0
        while position < promptCount + tokenCount {
            let left = promptCount - position
            let count = left > 0 ? min(left, max(8, min(32, left / 4))) : 1
            var step = stage.step(id, rowsOf: request(1), position..<position + count)
            (step.isLast, step.resultCount) = (isLast, left > count ? 0 : 1)
            output += try #require(stage.engine.run(step)?.output)
            position += count
        }
        stage.engine.close(id)
        return output
    }

    @Test(arguments: [false, true])
    func `serve the next one of the same prompter, answer and all`(isLast: Bool) throws {
        let (stage, alone) = (try Stage(keepTime: .seconds(600)), try Stage())
        _ = try turn(stage, request(1), promptCount: 100, tokenCount: 50, isLast: isLast)
        let before = stage.engine.counters
        #expect(before.rowsRun == 149 + 1 && before.rowsShared == 0)
        let second = try turn(stage, request(2), promptCount: 170, tokenCount: 4, isLast: isLast)
        #expect(
            try second
                == turn(alone, request(9), promptCount: 170, tokenCount: 4, isLast: isLast))
        // Four pages were full, and one has 22 rows.
        let counters = stage.engine.counters
        #expect(counters.rowsShared == 150)
        #expect(counters.rowsRun - before.rowsRun == 174 - counters.rowsShared)
    }

    @Test func `are gone on with behind their last row, by several in their own way`() throws {
        let (stage, alone) = (try Stage(keepTime: .seconds(600)), try Stage())
        _ = try turn(stage, request(1), promptCount: 40, tokenCount: 10)
        #expect(stage.engine.cacheFigures.pageCount == 2)
        func run(_ stage: Stage, _ id: RequestID, _ range: Range<Int>) throws -> [UInt8] {
            let step = stage.step(id, range) { $0 < 50 ? request(1) : id }
            return try #require(stage.engine.run(step)?.output)
        }
        let ids = [request(2), request(3)]
        for range in [0..<50, 50..<60, 60..<70] {
            for id in ids {
                if range.lowerBound == 0 {
                    try stage.open(id)
                    try alone.open(id)
                }
                #expect(try run(stage, id, range) == run(alone, id, range))
            }
        }
        #expect(stage.engine.counters.rowsShared == 2 * 50)
        // One page of all, and two of each: the second to go on took the kept one as it was.
        #expect(stage.engine.cacheFigures.pageCount == 5)
        for id in ids { stage.engine.close(id) }
        for (id, number) in zip(ids, [12, 13] as [UInt64]) {
            try stage.open(request(number))
            let step = stage.step(request(number), 0..<70) { $0 < 50 ? request(1) : id }
            _ = try #require(stage.engine.run(step))
        }
        #expect(stage.engine.counters.rowsShared == 2 * 50 + 2 * 70)
    }

    @Test func `stay as they were where somebody goes on otherwise`() throws {
        let stage = try Stage(keepTime: .seconds(600))
        _ = try turn(stage, request(1), promptCount: 100, tokenCount: 50)
        // Another answer to the same prompt, which ends in the middle of a page.
        try stage.open(request(2))
        for range in [0..<100, 100..<150] {
            _ = try #require(
                stage.engine.run(
                    stage.step(request(2), range) { $0 < 100 ? request(1) : request(2) }))
        }
        stage.engine.close(request(2))
        #expect(stage.engine.counters.rowsShared == 100)
        try stage.open(request(3))
        _ = try #require(
            stage.engine.run(stage.step(request(3), rowsOf: request(1), 0..<150)))
        #expect(stage.engine.counters.rowsShared == 100 + 150)
    }

    @Test func `are given up where nobody comes back for them`() throws {
        let stage = try Stage(keepTime: .seconds(600))
        for (number, comesBack) in [(1, false), (2, true), (3, false)] as [(UInt64, Bool)] {
            try stage.open(request(number), comesBack: comesBack)
            _ = try stage.run(request(number), 0..<100)
            stage.engine.close(request(number))
        }
        #expect(stage.engine.cacheFigures.keptPageCount == 4)
        #expect(stage.engine.cacheFigures.pageCount == 4)
    }

    @Test func `serve nobody else`() throws {
        let stage = try Stage(keepTime: .seconds(600))
        _ = try turn(stage, request(1), promptCount: 100, tokenCount: 10)
        #expect(stage.engine.cacheFigures.keptPageCount == 4)
        _ = try turn(stage, request(2, entry: 2), promptCount: 100, tokenCount: 10)
        #expect(stage.engine.counters.rowsShared == 0)
    }

    @Test func `are forgotten in time, and the engine says when`() throws {
        let stage = try Stage(keepTime: .milliseconds(50))
        _ = try turn(stage, request(1), promptCount: 100, tokenCount: 10)
        #expect(stage.engine.cacheFigures.keptPageCount == 4)
        guard case .wait(let until) = stage.engine.runRound({ _ in }) else {
            Issue.record("the engine does not want to be woken")
            return
        }
        #expect(until.since(SystemClock.now()) <= .milliseconds(50))
        while SystemClock.now() < until {}
        #expect(stage.engine.runRound { _ in } == .again)
        #expect(stage.engine.runRound { _ in } == .rest)
        #expect(stage.engine.cacheFigures == KeyValuePool.Figures())
    }

    @Test func `are forgotten with the layers`() throws {
        let stage = try Stage(keepTime: .seconds(600))
        _ = try turn(stage, request(1), promptCount: 100, tokenCount: 10)
        try stage.open(request(2))
        _ = try stage.run(request(2), 0..<40)
        stage.engine.unload(stage.model)
        #expect(stage.engine.cacheFigures.keptPageCount == 0)
        // Nor is anything kept of what ends later.
        stage.engine.close(request(2))
        #expect(stage.engine.cacheFigures == KeyValuePool.Figures())
    }

    @Test func `give way to requests, the oldest first, endings before beginnings`() throws {
        let (page, output) = (Stage.pageByteCount, 32 * 64 * 4)
        let stage = try Stage(
            cacheByteLimit: 10 * page + 6 * output, keepTime: .seconds(600))
        for number in 1...2 as ClosedRange<UInt64> {
            try stage.open(request(number), positionLimit: 128)
            _ = try stage.run(request(number), 0..<96)
            stage.engine.close(request(number))
        }
        #expect(stage.engine.cacheFigures.keptPageCount == 6)
        #expect(stage.engine.cacheFigures.pageByteCount == 6 * page)
        // Eight pages and six outputs are left: two pages have to go, or one and more outputs.
        try stage.open(request(3), positionLimit: 160)
        #expect(stage.engine.cacheFigures.keptPageCount == 5)
        for (number, count) in [(1, 64), (2, 96)] as [(UInt64, UInt64)] {
            let before = stage.engine.counters.rowsShared
            try stage.open(request(10 + number), positionLimit: 32)
            let step = stage.step(request(10 + number), rowsOf: request(number), 0..<32)
            _ = stage.engine.run(step)
            stage.engine.close(request(10 + number))
            #expect(stage.engine.counters.rowsShared - before == 32, "\(count)")
        }
        #expect(stage.engine.cacheFigures.promisedByteCount == 5 * page)
    }
}
