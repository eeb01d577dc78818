import Identity
import Placement
import Primitives
import Testing
import Wire

@Suite struct VillageTests {
    static let shapes: [(layers: Int, capacities: [Int])] = [
        (6, [2, 2, 2]), (6, [6, 6]), (6, [2, 2, 2, 2, 2]), (5, [2, 2, 2]), (32, [8, 8, 8, 8]),
        (12, [1, 2, 3, 4, 5]), (24, Array(repeating: 3, count: 12)),
        (22, Array(repeating: 2, count: 40)), (30, [4, 9, 2, 7, 3, 8, 5, 6]),
        (10, [3, 3, 4]), (48, Array(repeating: 5, count: 60)),
    ]

    @Test(arguments: shapes.indices, [1, 2, 3, 4, 5] as [UInt64])
    func `nodes that start together cover the model, and settle`(shape: Int, seed: UInt64) {
        let (layers, capacities) = Self.shapes[shape]
        let village = Village(layerCount: layers, capacities: capacities, seed: seed)
        let limit = Interval.seconds(capacities.reduce(0, +) == layers ? 30 : 10)
        let time = village.run(atMost: limit) { village.fewest >= 1 }
        #expect(time != nil, "\(layers) layers, \(capacities), seed \(seed)")
        village.run(.seconds(60))
        let moves = village.moveCount
        print(
            "placement: \(layers) layers, \(capacities.count) nodes, seed \(seed): covered after",
            "\(time?.milliseconds ?? 0) ms, \(moves) choices, fewest \(village.fewest)")
        #expect(moves <= capacities.count * 4)
        #expect(village.fewest >= 1)
        village.run(.seconds(60))
        #expect(village.moveCount == moves)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `with room for two holders of each layer every layer gets them`(seed: UInt64) {
        let village = Village(
            layerCount: 12, capacities: Array(repeating: 4, count: 8), seed: seed)
        village.run(.seconds(40))
        #expect(village.fewest >= 2)
        #expect(village.moveCount <= 24)
    }

    @Test(arguments: [50, 150, 400])
    func `once each layer has two holders none falls below for others' sake`(delay: Int) {
        var moves = 0
        for seed in UInt64(1)...20 {
            let village = Village(
                layerCount: 6, capacities: Array(repeating: 1, count: 12), seed: seed,
                delay: .milliseconds(delay))
            let isEven = village.run(atMost: .seconds(30)) { village.fewest >= 2 }
            #expect(isEven != nil, "seed \(seed)")
            var fewest = 2
            for _ in 0..<1_200 {
                village.step()
                fewest = min(fewest, village.fewest)
            }
            #expect(fewest == 2, "seed \(seed)")
            moves += village.moveCount
        }
        print("placement: 20 times 12 nodes on 6 layers, news takes \(delay) ms: \(moves) choices")
        #expect(moves <= 20 * 24)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no layer that is covered loses its last holder to a move`(seed: UInt64) {
        let village = Village(
            layerCount: 20, capacities: [5, 5, 5, 5, 3, 3, 3, 7], seed: seed)
        var best = Array(repeating: 0, count: 20)
        for _ in 0..<2_400 {
            village.step()
            let counts = village.holderCounts
            for layer in 0..<20 {
                if best[layer] > 0 { #expect(counts[layer] > 0, "layer \(layer)") }
                best[layer] = max(best[layer], counts[layer])
            }
        }
        #expect(village.fewest >= 1)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `what a dead node held is taken over`(seed: UInt64) {
        let village = Village(
            layerCount: 12, capacities: Array(repeating: 4, count: 5), seed: seed)
        village.run(.seconds(20))
        #expect(village.fewest >= 1)
        village.kill(0)
        village.kill(1)
        village.run(.seconds(20))
        #expect(village.fewest >= 1)
    }

    @Test func `a node alone holds what fits, and everything where everything fits`() {
        for (capacity, expected) in [(3, 3), (6, 6), (9, 6)] {
            let village = Village(layerCount: 6, capacities: [capacity], seed: 1)
            village.run(.seconds(4))
            #expect(village.holderCounts.reduce(0, +) == expected)
        }
        let village = Village(layerCount: 6, capacities: [0], seed: 1)
        village.run(.seconds(4))
        #expect(village.holderCounts.reduce(0, +) == 0)
    }

    @Test func `a failed load is tried again with another window`() {
        let id = NodeID(Bytes32(first: 1, second: 0, third: 0, fourth: 0))
        var core = PlacementCore(own: id, settings: PlacementSettings(), seed: 1, at: .origin)
        core.setBudget(memoryByteCount: 2_000, layerLimit: 2)
        let model = WantedModel(
            model: Digest(.zero), layerCount: 6, layerByteCounts: Array(repeating: 1_000, count: 6),
            endsByteCount: 0)
        core.want(model, at: .origin)
        core.fire(at: .origin + .seconds(2))
        core.fire(at: .origin + .seconds(4))
        guard case .hold(_, let first)? = core.nextEvent() else {
            Issue.record("nothing chosen")
            return
        }
        core.loadFailed(model: model.model, at: .origin + .seconds(4))
        #expect(core.holdings.isEmpty)
        #expect(core.nextDeadline > .origin + .seconds(5))
        core.fire(at: .origin + .seconds(8))
        guard case .hold(_, let second)? = core.nextEvent() else {
            Issue.record("nothing chosen again")
            return
        }
        #expect(second != first && second.count == 2)
        core.unwant(model.model)
        #expect(core.nextEvent() == .release(model: model.model))
        #expect(core.nextDeadline == .never)
    }
}
