import Placement
import Primitives
import Testing
import Wire

/// Villages whose nodes drive away and come back, of mixed memory, with several models.
@Suite struct CommuteTests {
    /// Runs on and fails where a layer that was covered lost its last holder, while nobody left.
    private func runCovered(_ village: Village, _ time: Interval, _ comment: Comment) {
        let end = village.now + time
        var held = village.holderCounts.map { $0 > 0 }
        while village.now < end {
            village.step()
            for (layer, count) in village.holderCounts.enumerated() {
                if held[layer], count == 0 { Issue.record("layer \(layer) uncovered, \(comment)") }
                held[layer] = held[layer] || count > 0
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `evening parking: each car that comes finds something worth holding`(seed: UInt64) {
        let village = Village(
            layerCount: 24, capacities: Array(repeating: 4, count: 40), seed: seed, isAwake: false)
        for index in 0..<40 {
            village.park(index)
            runCovered(village, .milliseconds(250 + village.random.below(1_000)), "seed \(seed)")
        }
        runCovered(village, .seconds(30), "seed \(seed)")
        #expect(village.fewest >= 3)
        let moves = village.moveCount
        #expect(moves <= 40 * 3)
        village.run(.seconds(60))
        // A move for speed alone may come late; the crowd does not churn.
        #expect(village.moveCount - moves <= 4)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `morning commute: half leave within half a minute, the rest covers every layer`(
        seed: UInt64
    ) {
        let village = Village(
            layerCount: 24, capacities: Array(repeating: 4, count: 40), seed: seed)
        village.run(.seconds(30))
        var uncoveredSteps = 0
        for index in 0..<20 {
            village.leave(index, isInOrder: index % 5 != 0)
            for _ in 0..<60 {
                village.step()
                uncoveredSteps += village.fewest == 0 ? 1 : 0
            }
        }
        village.run(.seconds(40))
        print("commute: seed \(seed): a layer uncovered for \(uncoveredSteps * 25) ms of 30 s")
        #expect(village.fewest >= 2)
        #expect(uncoveredSteps * 25 <= 1_000)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `cars that come back take what lies on their disks, where that covers as well`(
        seed: UInt64
    ) {
        let village = Village(
            layerCount: 24, capacities: Array(repeating: 4, count: 40), seed: seed,
            layerByteCount: 40_000_000)
        village.run(.seconds(30))
        for index in 0..<20 { village.leave(index) }
        village.run(.seconds(30))
        let before = village.houses.reduce(0) { $0 + $1.fetchedLayerCount }
        for index in 0..<20 {
            village.park(index)
            village.run(.milliseconds(500))
        }
        village.run(.seconds(30))
        let after = village.houses.reduce(0) { $0 + $1.fetchedLayerCount }
        print("coming back: seed \(seed): \(after - before) of 80 layers fetched")
        #expect(village.fewest >= 3)
        #expect(after - before <= 40)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `nodes of very different memory and speed hold what fits them`(seed: UInt64) {
        let capacities = [32, 1, 1, 2, 16, 1, 3, 1, 8, 1, 2, 5, 1, 1, 4]
        let village = Village(layerCount: 32, capacities: capacities, seed: seed)
        for (index, house) in village.houses.enumerated() {
            house.layerMicroseconds = index % 3 == 0 ? 100 : 2_000
        }
        runCovered(village, .seconds(40), "seed \(seed)")
        #expect(village.fewest >= 2)
        for (index, house) in village.houses.enumerated() {
            let held = house.ready[village.model.model]?.count ?? 0
            #expect(held == min(32, capacities[index]))
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `the two holders of a layer stand in different houses`(seed: UInt64) {
        let village = Village(
            layerCount: 12, capacities: Array(repeating: 4, count: 8), seed: seed, isAwake: false)
        // Two owners, each with a prefix of its own; four nodes come from each.
        for (index, house) in village.houses.enumerated() {
            house.domain = FailureDomain(
                owner: UInt64(index / 4), prefix: UInt64(index / 4), region: 0)
        }
        for index in village.houses.indices { village.park(index) }
        runCovered(village, .seconds(60), "seed \(seed)")
        for layer in 0..<12 {
            let owners = Set(village.holders(of: 0, layer: layer).map { $0 / 4 })
            #expect(owners.count == 2, "layer \(layer), seed \(seed)")
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `movers at the same moment uncover nothing, however the news crosses`(seed: UInt64) {
        // Room for 2.5 holders of each layer: many windows overlap, and moves pay again and again.
        var random = SeededRandom(seed: seed)
        let capacities = (0..<20).map { _ in 1 + random.below(6) }
        let village = Village(
            layerCount: 28, capacities: capacities, seed: seed, delay: .milliseconds(450))
        village.run(.seconds(10))
        for round in 0..<6 {
            let index = random.below(20)
            let leaves = village.houses[index].isAlive
            let counts = village.holderCounts
            let isLast = (0..<28).contains {
                counts[$0] == 1 && village.holders(of: 0, layer: $0) == [index]
            }
            if leaves, !isLast { village.leave(index) } else if !leaves { village.park(index) }
            runCovered(village, .seconds(12), "seed \(seed), round \(round)")
        }
    }

    @Test func `a model that nobody asks for fades to two holders, one in demand gains`() {
        for seed in [1, 2, 3] as [UInt64] {
            let village = Village(
                layerCount: 6, capacities: Array(repeating: 6, count: 10), seed: seed,
                modelCount: 2)
            village.run(.seconds(60))
            #expect((village.holderCounts(of: 0) + village.holderCounts(of: 1)).min() ?? 0 >= 2)
            follow(village, 0, .minutes(4))
            let (busy, quiet) = (village.holderCounts(of: 0), village.holderCounts(of: 1))
            print("demand: seed \(seed): in demand \(busy), not \(quiet)")
            #expect(busy.min() ?? 0 >= 7)
            #expect(quiet.min() ?? 0 >= 2 && quiet.max() ?? 0 <= 3)
            // Taste changes.
            follow(village, 1, .minutes(4))
            #expect(village.holderCounts(of: 1).min() ?? 0 >= 7)
            #expect(village.holderCounts(of: 0).min() ?? 0 >= 2)
        }
    }

    /// Sixteen requests at once on one model, shared by its holders.
    private func follow(_ village: Village, _ number: Int, _ time: Interval) {
        let end = village.now + time
        while village.now < end {
            village.setDemand(number, tenths: 160)
            village.setDemand(1 - number, tenths: 0)
            village.run(.seconds(10))
        }
    }

    @Test func `a move that loses requests waits for a gain that outweighs them`() {
        let id = NodeID(Bytes32(first: 9, second: 0, third: 0, fourth: 0))
        let model = WantedModel(
            model: Digest(.zero), layerCount: 4, layerByteCounts: Array(repeating: 1_000, count: 4),
            endsByteCount: 0)
        func holds(_ number: UInt64, _ layers: LayerRange) -> Neighbor {
            Neighbor(
                id: NodeID(Bytes32(first: number, second: 0, third: 0, fourth: 0)),
                holdings: [
                    Holding(model: model.model, layers: layers, layerCount: 4, hasEnds: false)
                ], pending: [], presence: .idle)
        }
        for (requestCount, moves) in [(0, true), (20, false)] {
            var core = PlacementCore(own: id, settings: PlacementSettings(), seed: 1, at: .origin)
            core.setBudget(memoryByteCount: 2_000, layerLimit: nil)
            core.want(model, at: .origin)
            let right = (1...3).map { holds($0, LayerRange(2, 4)) }
            core.neighborsChanged(right + [holds(4, LayerRange(0, 2))], at: .origin)
            core.held(model: model.model, layers: LayerRange(2, 4), at: .origin)
            core.setDemand(model.model, activeRequestCount: requestCount, tenths: 0)
            var now = Instant.origin
            var moved = false
            while now < .origin + .seconds(60) {
                now = now + .milliseconds(100)
                if core.nextDeadline <= now { core.fire(at: now) }
                while let event = core.nextEvent() {
                    if event == .hold(model: model.model, layers: LayerRange(0, 2)) { moved = true }
                }
            }
            #expect(moved == moves, "\(requestCount) requests")
        }
    }
}
