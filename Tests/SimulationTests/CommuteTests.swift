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
