import Glibc
import Pipelines
import Primitives
import Runtime
import Testing
import Transformers

@Suite struct `steps at a stage` {
    /// What the engine tells until nothing waits: requests in order, and the last outputs.
    private func drain(_ stage: Stage) -> [(id: RequestID, output: [UInt8]?)] {
        var told: [(id: RequestID, output: [UInt8]?)] = []
        while stage.engine.runRound({ answer in
            if case .computed(let id, _, let output, _) = answer { told.append((id, output)) }
        }) != .rest {}
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
        }) != .rest {
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

    @Test func `wait for others that are due, and no longer than that`() throws {
        for layers in [LayerRange(0, 2), LayerRange(0, 4)] {
            let stage = try Stage(layers: layers)
            for number in 1...2 { try stage.open(request(UInt64(number))) }
            var longest = Interval.zero
            var (batchCount, waitCount) = (0, 0)
            for position in 0..<60 {
                for number in 1...2 {
                    let id = request(UInt64(number))
                    stage.engine.submit(stage.step(id, position..<position + 1))
                    let start = SystemClock.now()
                    // The second one comes when the first one waits for it, or has run.
                    var round = ComputeRound.again
                    while round == .again {
                        round = stage.engine.runRound { _ in batchCount += 1 }
                    }
                    if case .wait(let end) = round {
                        waitCount += 1
                        longest = max(longest, end.since(start))
                    }
                }
                #expect(drain(stage).count <= 2)
            }
            #expect(waitCount > 0)
            #expect(longest <= Limits.holdTime + Limits.cohortPauseHighest)
        }
    }

    @Test func `that came while a batch ran came together with what it ran`() throws {
        let stage = try Stage(layers: LayerRange(2, 4))
        for number in 1...2 { try stage.open(request(UInt64(number))) }
        let start = SystemClock.now()
        for visit in 0..<3 {
            // Minutes ahead of the clock, so that no pause can be over.
            let cameAt = start + .seconds(visit * 60)
            for number in 1...2 {
                let step = stage.step(request(UInt64(number)), visit..<visit + 1)
                stage.engine.submit(step, cameAt: cameAt + .microseconds(number * 100))
                let round = stage.engine.runRound { _ in }
                guard visit == 2 else {
                    #expect(round == .again)
                    usleep(5_000)
                    continue
                }
                // They did so the last time: now the first one waits for the second.
                if case .wait = round { #expect(number == 1) } else { #expect(number == 2) }
            }
        }
    }

    @Test func `that wait for others come to nothing once the owner is back`() throws {
        let stage = try Stage()
        for number in 1...2 { try stage.open(request(UInt64(number))) }
        for position in 0..<60 {
            for number in 1...2 {
                let id = request(UInt64(number))
                stage.engine.submit(stage.step(id, position..<position + 1))
                guard case .wait = stage.engine.runRound({ _ in }) else { continue }
                // Not yet, but soon: nobody is waited for any more.
                stage.engine.abandon(at: SystemClock.now() + .seconds(60))
                #expect(drain(stage).map(\.output) != [nil])
                stage.engine.abandon(at: .origin)
                stage.engine.submit(stage.step(id, position + 1..<position + 2))
                #expect(drain(stage).map(\.output) == [nil])
                return
            }
            _ = drain(stage)
        }
        Issue.record("nobody waited")
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
            // Rows that nobody has had: they are computed.
            let rows = request(UInt64(100 + attempt))
            stage.engine.submit(stage.step(id, rowsOf: rows, 20..<200))
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

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `of one request wait for each other, and give the same bits`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (stage, id) = (try Stage(), request(1))
        try stage.open(id)
        let expected = try stage.run(id, 0..<200)
        let rowByteCount = stage.shape.hiddenSize * 4
        var ranges: [Range<Int>] = []
        var end = 0
        while end < 200 {
            // Some go back behind what the one before them drafted.
            let start = max(0, end - random.below(4))
            end = min(200, max(end, start) + 1 + random.below(40))
            ranges.append(start..<end)
            stage.engine.submit(stage.step(id, start..<end))
        }
        let places = ranges.map { $0.lowerBound * rowByteCount..<$0.upperBound * rowByteCount }
        #expect(drain(stage).map(\.output) == places.map { Array(expected[$0]) })
    }

    @Test func `behind one that is given up or closed come to nothing with it`() throws {
        let (stage, id) = (try Stage(), request(1))
        try stage.open(id)
        for position in 0..<3 { stage.engine.submit(stage.step(id, position..<position + 1)) }
        stage.engine.abandon(at: .origin)
        #expect(drain(stage).map(\.output) == [nil, nil, nil])
        #expect(stage.engine.cacheSize(of: id)?.positionCount == 0)
        stage.engine.abandon(at: nil)
        for position in 0..<3 { stage.engine.submit(stage.step(id, position..<position + 1)) }
        _ = stage.engine.runRound { _ in }
        stage.engine.close(id)
        #expect(drain(stage).isEmpty)
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
