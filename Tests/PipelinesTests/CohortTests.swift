import Pipelines
import Primitives
import Testing

@Suite struct `requests that decode at once` {
    /// One stage's batches in microseconds: memory sets the pace up to some rows, multipliers
    /// beyond.
    private func free(upTo rowCount: Int) -> (Int) -> Int {
        { 30_000 * max(rowCount, $0) / rowCount }
    }
    private let costly: (Int) -> Int = { 20_000 + 10_000 * $0 }

    /// Half a minute of a chain; everybody's way over the network is as given, in turn.
    private func chain(
        _ habit: VirtualChain.Habit, stages: Int, requests: Int, ways: [Int] = [2_000],
        jitter: Int = 100, seed: UInt64 = 1, _ cost: @escaping (Int) -> Int
    ) -> VirtualChain {
        var chain = VirtualChain(
            stageCount: stages, wayMicroseconds: (0..<requests).map { ways[$0 % ways.count] },
            jitterMicroseconds: jitter, seed: seed, habit: habit, batchMicroseconds: cost)
        chain.run(for: .seconds(30))
        return chain
    }

    /// Tokens beside those of the better habit without cohorts.
    private func gain(
        stages: Int, requests: Int, ways: [Int] = [2_000], _ cost: @escaping (Int) -> Int
    ) -> Double {
        let count = { (habit: VirtualChain.Habit) in
            Double(
                chain(habit, stages: stages, requests: requests, ways: ways, cost).tokenCount)
        }
        return count(.cohorts) / max(count(.allAtOnce), count(.halves))
    }

    @Test(arguments: [1, 2, 4]) func `are never held back where there is one`(stages: Int) {
        let alone = chain(.cohorts, stages: stages, requests: 1, free(upTo: 8))
        #expect(alone.longestWait == .zero)
        #expect(
            alone.tokenCount
                == chain(.allAtOnce, stages: stages, requests: 1, free(upTo: 8)).tokenCount)
    }

    @Test(arguments: [2, 4, 8]) func `read the weights once for all at one stage`(requests: Int) {
        #expect(gain(stages: 1, requests: requests, free(upTo: 8)) > 1.8)
        #expect(gain(stages: 1, requests: requests, costly) > 1.15)
    }

    @Test func `keep all stages at work and share what is free`() {
        #expect(gain(stages: 2, requests: 3, free(upTo: 8)) > 1.4)
        #expect(gain(stages: 2, requests: 4, free(upTo: 2)) > 1.4)
        #expect(gain(stages: 2, requests: 4, costly) > 1.2)
        #expect(gain(stages: 3, requests: 6, free(upTo: 2)) > 1.2)
        #expect(gain(stages: 4, requests: 8, free(upTo: 2)) > 1.3)
    }

    @Test(arguments: 2...4) func `go side by side where that costs nobody a token`(stages: Int) {
        let apart = chain(.halves, stages: stages, requests: 2, free(upTo: 2))
        let together = chain(.cohorts, stages: stages, requests: 2, free(upTo: 2))
        #expect(Double(together.tokenCount) > 0.99 * Double(apart.tokenCount))
        for (one, other) in zip(together.stages, apart.stages) {
            #expect(Double(one.batchCount) < 0.52 * Double(other.batchCount))
        }
    }

    @Test func `stay apart where rows cost and there are stages enough`() {
        for stages in 2...4 {
            let together = chain(.cohorts, stages: stages, requests: 2, costly)
            let apart = chain(.halves, stages: stages, requests: 2, costly)
            #expect(Double(together.tokenCount) > 0.98 * Double(apart.tokenCount))
            #expect(Double(together.stages[1].batchCount) > 0.95 * Double(together.tokenCount))
        }
    }

    @Test func `are waited for in vain only once`() {
        var chain = VirtualChain(
            stageCount: 1, wayMicroseconds: [2_000, 2_000], batchMicroseconds: free(upTo: 8))
        chain.run(for: .seconds(5))
        chain.stopped = [1]
        let before = chain.tokenCounts[0]
        chain.run(for: .seconds(5))
        // 32 ms a token, but for one pause and one time of being held.
        #expect(chain.tokenCounts[0] - before > 150)
        #expect(chain.longestWait <= Limits.holdTime)
    }

    @Test func `that are new are not judged by those before them`() {
        let group = StepGroup(model: Digest(Bytes32.zero), layers: LayerRange(0, 1))
        let place = Cohorts.Place(layers: group.layers, of: 2)
        var cohorts = Cohorts()
        for rowCount in 1...2 {
            for _ in 0..<Limits.batchTimeSampleCount {
                cohorts.took(.milliseconds(30), rowCount: rowCount, of: group)
            }
        }
        /// Two that come in turn: which visit is the first that is held back, and for how long.
        func firstHold(_ numbers: [UInt64], from start: Instant) -> (visit: Int, time: Interval)? {
            var now = start
            for visit in 0..<40 {
                let id = RequestID(
                    entry: NodeID(Bytes32.zero), number: numbers[visit % numbers.count])
                cohorts.came(id, rowCount: 1, group: group, at: now)
                while case .wait(let until) = cohorts.plan(group, place, at: now) {
                    let time = until.since(now)
                    if time > Limits.cohortPauseHighest { return (visit, time) }
                    now = until
                }
                now = now + .milliseconds(30)
                cohorts.ran([id], in: .milliseconds(30), at: now)
                now = now + .milliseconds(1)
            }
            return nil
        }
        let first = firstHold([1, 2], from: .origin + .seconds(1))
        #expect(first != nil)
        // In vain: those two would be held longer the next time.
        _ = cohorts.plan(group, place, at: .origin + .seconds(10))
        for number in [1, 2] as [UInt64] {
            cohorts.remove(RequestID(entry: NodeID(Bytes32.zero), number: number))
        }
        let second = firstHold([3, 4], from: .origin + .seconds(20))
        #expect(second?.visit == first?.visit && second?.time == first?.time)
    }

    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func `lose little where their ways differ`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let (stages, requests) = (1 + random.below(4), 2 + random.below(7))
        let ways = (0..<3).map { _ in 1_000 + random.below(90_000) }
        let jitter = 100 + random.below(20_000)
        let (fixed, each) = (2_000 + random.below(40_000), random.below(8_000))
        let run = { (habit: VirtualChain.Habit) in
            chain(
                habit, stages: stages, requests: requests, ways: ways, jitter: jitter, seed: seed
            ) { fixed + each * $0 }
        }
        let (cohorts, others) = (run(.cohorts), [run(.allAtOnce), run(.halves)])
        let most = others.map(\.tokenCount).max() ?? 0
        print("seed \(seed): \(cohorts.tokenCount) tokens, \(most) without cohorts")
        #expect(Double(cohorts.tokenCount) > 0.9 * Double(most))
        #expect(cohorts.longestWait <= Limits.holdTime)
        let least = others[0].tokenCounts.min() ?? 0
        #expect(Double(cohorts.tokenCounts.min() ?? 0) > 0.8 * Double(least))
    }
}
