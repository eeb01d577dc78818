import Identity
import Kademlia
import Primitives
import Testing
import Wire

/// The living member nearest to a target.
func nearest(_ target: NodeID, in world: borrowing World, except own: Int) -> NodeID {
    var best: NodeID?
    for index in 0..<world.members.count where index != own && world.members[index].isAlive {
        let id = world.id(index)
        if let known = best, target.distance(to: known) < target.distance(to: id) { continue }
        best = id
    }
    return best ?? NodeID(.zero)
}

@Suite struct `Lookups` {
    @Test(arguments: [(20, UInt64(1)), (80, UInt64(2))])
    func `a lookup finds the truly nearest node`(count: Int, seed: UInt64) {
        var world = World(count: count, seed: seed)
        world.bootstrap(settling: .seconds(12))
        var random = SeededRandom(seed: seed)
        var found = 0
        for _ in 0..<20 {
            let target = NodeID(Bytes32(random: &random))
            let asker = random.below(count)
            let lookup = world.act(asker) { core, now, mail in
                core.findNodes(near: target, urgent: false, at: now, into: &mail)
            }
            world.run(for: .seconds(2))
            for event in world.takeEvents(asker) {
                guard case .foundNodes(lookup, let records) = event else { continue }
                if records.first?.id == nearest(target, in: world, except: asker) { found += 1 }
            }
        }
        #expect(found == 20)
        var (hops, lookups) = (0, 0)
        for index in 0..<count {
            let counters = world.members[index].core.counters
            hops += counters.hopCount
            lookups += counters.lookupsFinished
        }
        // Nobody is farther than a few steps: log2(N / 16), and the tables are wide.
        #expect(hops < 3 * lookups)
    }
}
