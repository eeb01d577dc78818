import Primitives
import Simulation
import Testing

/// Whole nodes that leave, die, stand still and come back: what the others believe of them.
@Suite struct TruthTests {
    private func world(_ nodeCount: Int, seed: UInt64) -> World {
        var settings = WorldSettings(nodeCount: nodeCount, seed: seed)
        settings.isCalm = true
        settings.layersPerNode = 4
        settings.layerCount = 6
        settings.promptInterval = .seconds(2)
        let world = World(settings)
        world.live(.seconds(15))
        return world
    }

    @Test func `who leaves in order is forgotten within a second, who dies within ten`() {
        let world = world(12, seed: 1)
        #expect(world.knowerCount(of: 3) == 11)
        world.depart(3)
        let left = world.live(atMost: .seconds(5)) { world.knowerCount(of: 3) == 0 }
        #expect(left.map { $0 < .seconds(1) } ?? false)
        world.kill(4)
        let died = world.live(atMost: .seconds(20)) { world.knowerCount(of: 4) == 0 }
        print(
            "truth: leaver gone after \(left?.milliseconds ?? 0) ms, killed after",
            "\(died?.milliseconds ?? 0) ms")
        #expect(died.map { $0 < .seconds(10) } ?? false)
        // No ghost keeps anybody from holding what they held.
        #expect(world.live(atMost: .seconds(20)) { world.isCovered(times: 2) } != nil)
        #expect(world.wrong == nil)
    }

    @Test(arguments: [2, 3] as [UInt64])
    func `a container that was paused for half a minute reads old packets and comes back`(
        seed: UInt64
    ) {
        let world = world(8, seed: seed)
        world.pause(2)
        #expect(world.live(atMost: .seconds(12)) { world.knowerCount(of: 2) == 0 } != nil)
        world.live(.seconds(20))
        world.resume(2, isLineKept: true)
        let back = world.live(atMost: .seconds(30)) {
            world.knowerCount(of: 2) == 7 && world.knownCount(by: 2) == 7
        }
        print("truth: back after \(back?.milliseconds ?? 0) ms")
        #expect(back.map { $0 < .seconds(10) } ?? false)
        #expect(world.wrong == nil)
    }

    @Test func `a laptop that slept comes back, though nobody is where it left them`() {
        let world = world(5, seed: 4)
        world.pause(1)
        #expect(world.live(atMost: .seconds(12)) { world.knowerCount(of: 1) == 0 } != nil)
        // Longer than sessions last.
        world.live(.minutes(5))
        world.kill(3)
        world.live(.seconds(10))
        world.restart(3)
        world.live(.seconds(5))
        world.resume(1, isLineKept: false)
        let back = world.live(atMost: .seconds(60)) {
            world.knowerCount(of: 1) == 4 && world.knownCount(by: 1) == 4
        }
        print("truth: the laptop is back after \(back?.milliseconds ?? 0) ms")
        #expect(back.map { $0 < .seconds(15) } ?? false)
        #expect(world.wrong == nil)
    }
}
