import Primitives
import Simulation
import Testing

/// A day of commuters in a small world, with hours of four seconds.
@Suite struct CommuteTests {
    private func settings(seed: UInt64) -> CommuteSettings {
        var settings = CommuteSettings(nodeCount: 14, seed: seed)
        settings.hour = .seconds(4)
        settings.world.layersPerNode = 4
        return settings
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `half of all nodes leave and come back, and no request is wrong, hung or left over`(
        seed: UInt64
    ) {
        let report = Commute(settings(seed: seed)).run()
        print(
            "commute: seed \(seed): \(report.departures) departures, \(report.promptsFinished) of",
            "\(report.promptsAsked) prompts, uncovered \(report.uncoveredSeconds) s, gossip",
            "\(report.gossipBytesPerNodeHour / 1_000) kB per node and hour")
        let repeated = "bored simulate --commute --nodes 14 --seed \(seed)"
        #expect(report.fault == nil, "\(repeated): \(report.fault ?? "")")
        #expect(report.departures >= 10)
        #expect(report.promptsFinished > 20)
    }

    @Test func `one seed gives one day`() {
        let (one, again) = (Commute(settings(seed: 3)).run(), Commute(settings(seed: 3)).run())
        #expect(one == again)
    }
}

/// A model far larger than what anybody's neighbourhood holds.
@Suite struct NearAndFarTests {
    @Test func `holders are found by gossip when near and in the DHT when not`() {
        var settings = WorldSettings(nodeCount: 48, seed: 5)
        settings.isCalm = true
        settings.layerCount = 24
        settings.layersPerNode = 1
        settings.activeViewCount = 4
        settings.neighbourhoodCount = 12
        settings.promptInterval = .seconds(1)
        let world = World(settings)
        world.live(.seconds(45))
        // Nobody sees all layers, and yet prompts are answered.
        #expect(world.gapViewCount == 48)
        #expect(world.isCovered(times: 1))
        var failures: [String] = []
        world.watchFailures { failures.append($0) }
        let before = world.promptCounts
        world.live(.seconds(30))
        let after = world.promptCounts
        print(
            "far: \(after.finished - before.finished) answered, \(after.failed - before.failed) not"
        )
        #expect(after.finished - before.finished >= 15)
        #expect(after.failed == before.failed, "\(failures)")
        #expect(world.wrong == nil)
    }
}
