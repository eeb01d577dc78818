import Primitives
import Simulation
import Testing

/// Worlds of production nodes in virtual time. A failure prints the command that repeats it.
@Suite struct WorldTests {
    private func run(
        _ nodeCount: Int, seed: UInt64, _ change: (inout WorldSettings) -> Void = { _ in }
    ) -> (WorldReport, Comment) {
        var settings = WorldSettings(nodeCount: nodeCount, seed: seed)
        settings.roughFor = .seconds(15)
        change(&settings)
        let report = World(settings).run()
        let command = "bored simulate --nodes \(nodeCount) --seed \(seed) --minutes 0.25"
        return (report, "repeat with: \(command); \(report.verdict)")
    }

    @Test(arguments: [UInt64](1...4))
    func `a world with loss, churn and partitions converges once it is healed`(seed: UInt64) {
        let (report, command) = run(16, seed: seed)
        #expect(report.verdict == .converged, command)
        #expect(report.promptsFinished > 5, command)
    }

    @Test func `a calm world answers every prompt`() {
        let (report, command) = run(12, seed: 7) { $0.isCalm = true }
        #expect(report.verdict == .converged, command)
        #expect(report.crashCount == 0 && report.promptsFinished > 5, command)
        // Half of the prompts begin as others did, and stages keep what came of those.
        #expect(report.keptStepCount > 5, command)
    }

    @Test func `views far below the swarm's size are enough`() {
        let (report, command) = run(32, seed: 3) { settings in
            settings.isCalm = true
            settings.activeViewCount = 4
            settings.neighbourhoodCount = 16
        }
        #expect(report.verdict == .converged, command)
    }

    @Test(arguments: [UInt64](1...4))
    func `stages lost in mid-request leave nothing wrong, hanging or behind`(seed: UInt64) {
        let (report, command) = run(16, seed: seed) { settings in
            settings.isCalm = true
            settings.stageLossInterval = .milliseconds(700)
            settings.promptInterval = .milliseconds(200)
        }
        #expect(report.verdict == .converged, command)
        #expect(report.stagesLostCount > 10 && report.promptsFinished > 20, command)
        #expect(report.keptStepCount > 5, command)
        // Only a request whose layers nobody held may fail for want of them.
        #expect(report.promptsFailedCovered == 0, command)
    }

    @Test(arguments: [UInt64](1...4))
    func `once each layer has two holders moves leave them to it`(seed: UInt64) {
        var settings = WorldSettings(nodeCount: 12, seed: seed)
        settings.isCalm = true
        settings.layerCount = 6
        settings.layersPerNode = 1
        let world = World(settings)
        let time = world.live(atMost: .seconds(20)) { world.isCovered(times: 2) }
        #expect(time != nil)
        print("covered twice after \(time?.milliseconds ?? 0) ms")
        let loss = world.live(atMost: .seconds(30)) { !world.isCovered(times: 2) }
        #expect(loss == nil, "after \(loss?.milliseconds ?? 0) ms")
    }

    @Test func `one seed gives one digest, and another seed another`() {
        let first = run(10, seed: 11).0
        let again = run(10, seed: 11).0
        let other = run(10, seed: 12).0
        #expect(first == again)
        #expect(first.digest != other.digest)
    }
}
