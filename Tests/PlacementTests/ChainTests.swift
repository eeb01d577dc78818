import Identity
import Placement
import Primitives
import Testing
import Wire

@Suite struct ChainTests {
    private static func id(_ number: Int) -> NodeID {
        NodeID(Bytes32(first: UInt64(number), second: 0, third: 0, fourth: 0))
    }

    private func candidate(
        _ number: Int, _ lower: Int, _ upper: Int, of layerCount: Int, speed: Int = 100,
        active: Int = 0
    ) -> ChainCandidate {
        ChainCandidate(
            id: Self.id(number),
            holding: Holding(
                model: Digest(.zero), layers: LayerRange(lower, upper), layerCount: layerCount,
                hasEnds: false),
            layerMicroseconds: speed, activeRequestCount: active)
    }

    @Test func `one node that holds all is the chain`() {
        let choice = chooseChain(
            layerCount: 6, candidates: [candidate(1, 0, 6, of: 6)],
            roundTripMicroseconds: { _, _ in 1_000 })
        let stage = ChainStage(id: Self.id(1), layers: LayerRange(0, 6))
        #expect(
            choice == .chain(Chain(stages: [stage]), estimatedMicroseconds: 500 + 200 + 600 + 500))
    }

    @Test func `a stage may use part of what its node holds`() {
        let choice = chooseChain(
            layerCount: 6,
            candidates: [
                candidate(1, 0, 4, of: 6, speed: 1_000), candidate(2, 2, 6, of: 6, speed: 10),
            ], roundTripMicroseconds: { _, _ in 100 })
        guard case .chain(let chain, _) = choice else {
            Issue.record("no chain")
            return
        }
        #expect(chain.stages.map(\.layers) == [LayerRange(0, 2), LayerRange(2, 6)])
    }

    @Test func `a node that says it is slower than any number still has its place`() {
        let slow = candidate(1, 0, 18, of: 18, speed: 1 << 40, active: 1 << 19)
        let fast = candidate(2, 1, 17, of: 18)
        let choice = chooseChain(
            layerCount: 18, candidates: [slow, fast], roundTripMicroseconds: { _, _ in 100 },
            positionCount: 256)
        guard case .chain(let chain, let cost) = choice else {
            Issue.record("no chain")
            return
        }
        // Nobody else has the ends, and a node takes part once.
        #expect(chain.stages == [ChainStage(id: Self.id(1), layers: LayerRange(0, 18))])
        #expect(cost > 1 << 40)
    }

    @Test func `what nobody holds is named, and excluded nodes are nobody`() {
        let candidates = [candidate(1, 0, 2, of: 6), candidate(2, 3, 5, of: 6)]
        let none = chooseChain(
            layerCount: 6, candidates: candidates, roundTripMicroseconds: { _, _ in 0 })
        #expect(none == .missing([LayerRange(2, 3), LayerRange(5, 6)]))
        let fewer = chooseChain(
            layerCount: 6, candidates: candidates, roundTripMicroseconds: { _, _ in 0 },
            excluded: [Self.id(1)])
        #expect(fewer == .missing([LayerRange(0, 3), LayerRange(5, 6)]))
        let empty = chooseChain(
            layerCount: 6, candidates: [], roundTripMicroseconds: { _, _ in 0 })
        #expect(empty == .missing([LayerRange(0, 6)]))
        let foreign = chooseChain(
            layerCount: 6, candidates: [candidate(1, 0, 7, of: 7)],
            roundTripMicroseconds: { _, _ in 0 })
        #expect(foreign == .missing([LayerRange(0, 6)]))
    }

    @Test func `a busy node is passed by, an idle far one is not`() {
        let candidates = [
            candidate(1, 0, 6, of: 6, active: 5), candidate(2, 0, 6, of: 6),
        ]
        let choice = chooseChain(
            layerCount: 6, candidates: candidates,
            roundTripMicroseconds: { one, other in
                (one ?? other) == Self.id(2) || (other ?? one) == Self.id(2) ? 2_000 : 100
            })
        guard case .chain(let chain, _) = choice else {
            Issue.record("no chain")
            return
        }
        #expect(chain.stages.map(\.id) == [Self.id(2)])
    }

    @Test func `a chain longer than the limit is none, and a shorter dearer one is taken`() {
        var settings = ChainSettings()
        settings.stageLimit = 2
        let short = (0..<6).map { candidate($0 + 1, $0, $0 + 1, of: 6, speed: 1) }
        let none = chooseChain(
            layerCount: 6, candidates: short, roundTripMicroseconds: { _, _ in 0 },
            settings: settings)
        #expect(none == .missing([LayerRange(2, 6)]))
        let slow =
            short + [
                candidate(7, 0, 3, of: 6, speed: 10_000), candidate(8, 3, 6, of: 6, speed: 10_000),
            ]
        let choice = chooseChain(
            layerCount: 6, candidates: slow, roundTripMicroseconds: { _, _ in 0 },
            settings: settings)
        guard case .chain(let chain, _) = choice else {
            Issue.record("no chain")
            return
        }
        #expect(chain.stages.map(\.id) == [Self.id(7), Self.id(8)])
    }

    /// The cheapest chain by trying all, each node at most once.
    private func bruteForce(
        _ layerCount: Int, _ candidates: [ChainCandidate], _ trips: [[Int]]
    ) -> Int? {
        let entry = candidates.count
        var best: Int?
        func go(_ place: Int, _ last: Int, _ used: Set<Int>, _ cost: Int) {
            if place == layerCount {
                let whole = cost + trips[last][entry] / 2
                best = min(best ?? whole, whole)
                return
            }
            for next in candidates.indices where !used.contains(next) {
                let candidate = candidates[next]
                guard candidate.holding.layers.contains(place) else { continue }
                let layer = candidate.layerMicroseconds * (1 + candidate.activeRequestCount)
                for end in place + 1...candidate.holding.layers.upper {
                    go(
                        end, next, used.union([next]),
                        cost + trips[last][next] / 2 + 200 + layer * (end - place))
                }
            }
        }
        go(0, entry, [], 0)
        return best
    }

    @Test func `the choice is the cheapest of all that there are`() {
        var random = SeededRandom(seed: 17)
        var (exact, chains) = (0, 0)
        for round in 0..<400 {
            let (layerCount, nodeCount) = (2 + random.below(5), 1 + random.below(5))
            let candidates = (0..<nodeCount).map { number in
                let lower = random.below(layerCount)
                let upper = lower + 1 + random.below(layerCount - lower)
                return candidate(
                    number, lower, upper, of: layerCount, speed: 1 + random.below(3_000),
                    active: random.below(3))
            }
            var trips = Array(
                repeating: Array(repeating: 0, count: nodeCount + 1), count: nodeCount + 1)
            for one in 0...nodeCount {
                for other in 0..<one {
                    trips[one][other] = random.below(4_000)
                    trips[other][one] = trips[one][other]
                }
            }
            func index(_ id: NodeID?) -> Int { id.map { Int($0.raw.first) } ?? nodeCount }
            let choice = chooseChain(
                layerCount: layerCount, candidates: candidates,
                roundTripMicroseconds: { trips[index($0)][index($1)] })
            let best = bruteForce(layerCount, candidates, trips)
            switch choice {
            case .missing: #expect(best == nil, "round \(round)")
            case .chain(let chain, let cost):
                chains += 1
                let truth = best ?? 0
                #expect(cost >= truth, "round \(round)")
                if cost == truth { exact += 1 }
                #expect(chain.stages.first?.layers.lower == 0)
                #expect(chain.stages.last?.layers.upper == layerCount)
                for (one, next) in zip(chain.stages, chain.stages.dropFirst()) {
                    #expect(one.layers.upper == next.layers.lower)
                }
                for stage in chain.stages {
                    #expect(candidates[index(stage.id)].holding.layers.contains(stage.layers))
                }
                #expect(Set(chain.stages.map(\.id)).count == chain.stages.count)
            }
        }
        print("placement: \(exact) of \(chains) random chains are the cheapest")
        #expect(exact * 100 >= chains * 98)
    }

    @Test func `the order of candidates does not matter`() {
        let candidates = (0..<10).map {
            candidate($0 + 1, $0 % 5, min(8, $0 % 5 + 4), of: 8)
        }
        let choice = chooseChain(
            layerCount: 8, candidates: candidates, roundTripMicroseconds: { _, _ in 500 })
        var random = SeededRandom(seed: 3)
        for _ in 0..<10 {
            let other = chooseChain(
                layerCount: 8, candidates: candidates.shuffled(using: &random),
                roundTripMicroseconds: { _, _ in 500 })
            #expect(other == choice)
        }
    }
}
