import Primitives
import Simulation
import Testing

/// A model far larger than what anybody's neighbourhood holds.
@Suite struct NearAndFarTests {
    @Test(arguments: [5, 6, 7] as [UInt64])
    func `holders are found by gossip when near and in the DHT when not`(seed: UInt64) {
        var settings = WorldSettings(nodeCount: 48, seed: seed)
        settings.isCalm = true
        settings.layerCount = 24
        settings.layersPerNode = 1
        settings.activeViewCount = 4
        settings.neighbourhoodCount = 12
        settings.promptInterval = .seconds(1)
        let world = World(settings)
        world.live(.seconds(45))
        // Nobody sees all layers, and yet every prompt is answered.
        #expect(world.gapViewCount == 48)
        #expect(world.isCovered(times: 1))
        var failures: [String] = []
        world.watchFailures { failures.append($0) }
        let before = world.promptCounts
        world.live(.seconds(30))
        let after = world.promptCounts
        print(
            "far: seed \(seed): \(after.finished - before.finished) answered,",
            "\(after.failed - before.failed) not")
        #expect(after.finished - before.finished >= 15)
        #expect(after.failed == before.failed, "seed \(seed): \(failures)")
        #expect(world.wrong == nil)
    }
}
