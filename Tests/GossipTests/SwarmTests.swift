import Gossip
import Identity
import Primitives
import Testing
import Wire

@Suite struct SwarmTests {
    private func small(_ seed: UInt64) -> NetSettings {
        var settings = NetSettings(seed: seed)
        settings.gossip.activeLimit = 4
        settings.gossip.passiveLimit = 12
        settings.gossip.neighbourhoodLimit = 24
        settings.gossip.smallSwarmLimit = 12
        return settings
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `views far smaller than the swarm keep its graph in one piece`(seed: UInt64) {
        let net = Net(small(seed))
        var random = SeededRandom(seed: seed)
        for index in 0..<80 {
            net.add()
            if index > 0 { net.join(index, through: random.below(index)) }
            net.run(.milliseconds(20))
        }
        net.run(.seconds(30))
        #expect(net.reachableCount(net.living) == 80)
        for index in 0..<20 { net.kill(index * 4) }
        net.run(.seconds(30))
        #expect(net.reachableCount(net.living) == 60)
        for index in net.living {
            let core = net.cores[index]
            #expect(core.core.activePeers.count <= 4)
            #expect(core.core.passivePeers.count <= 12)
            #expect(core.core.known.count <= 24)
            for peer in core.core.activePeers { #expect(net.isAlive[net.index(peer)]) }
        }
    }

    @Test func `links are symmetric once the swarm has settled`() {
        let net = swarm(40, NetSettings(seed: 21))
        net.run(.seconds(20))
        var oneSided = 0
        for index in net.living {
            for peer in net.cores[index].core.activePeers {
                let other = net.cores[net.index(peer)]
                if !other.core.activePeers.contains(net.id(index)) { oneSided += 1 }
            }
        }
        #expect(oneSided == 0)
    }

    @Test func `a swarm that was split finds itself again`() {
        let net = swarm(24, NetSettings(seed: 23))
        net.run(.seconds(10))
        for index in 0..<24 { net.side[index] = index % 2 }
        net.run(.seconds(40))
        let (even, odd) = (net.living.filter { $0 % 2 == 0 }, net.living.filter { $0 % 2 == 1 })
        #expect(net.isComplete(even) && net.isComplete(odd))
        #expect(!net.knows(0, 1) && !net.knows(1, 0))
        for index in 0..<24 { net.side[index] = 0 }
        let time = net.run(atMost: .seconds(60)) { net.isComplete(net.living) }
        print("gossip: a split of 24 heals after \(time?.milliseconds ?? 0) ms")
        #expect((time ?? .seconds(99)) <= .seconds(30))
    }

    @Test(arguments: [(9, 3), (9, 5), (9, 9), (18, 9), (3, 9), (1, 11), (9, 30)])
    func `a crowd that joins a full swarm at once becomes one with it`(old: Int, new: Int) {
        var slowest = Interval.zero
        for seed in UInt64(1)...10 {
            let net = Net(NetSettings(seed: seed))
            var random = SeededRandom(seed: seed)
            for index in 0..<old + new {
                net.add()
                for contact in 0..<min(3, index) { net.join(index, through: contact) }
                net.run(random.interval(.milliseconds(1), .milliseconds(index < old ? 50 : 5)))
            }
            let time = net.run(atMost: .seconds(20)) {
                net.reachableCount(net.living) == old + new
            }
            slowest = max(slowest, time ?? .seconds(99))
            net.run(.seconds(5))
            #expect(net.reachableCount(net.living) == old + new, "seed \(seed)")
        }
        print("gossip: \(new) join \(old): one piece after \(slowest.milliseconds) ms")
        #expect(slowest <= .seconds(2))
    }

    @Test func `a newcomer that knows any living node joins after the first contact died`() {
        let net = swarm(12, NetSettings(seed: 29))
        net.run(.seconds(5))
        net.kill(0)
        net.run(.seconds(12))
        let newcomer = net.add()
        net.join(newcomer, through: 7)
        let time = net.run(atMost: .seconds(5)) { net.isComplete(net.living) }
        #expect((time ?? .seconds(99)) <= .seconds(2))
    }

    @Test func `a change of state reaches forty nodes within three seconds`() {
        let net = swarm(40, NetSettings(seed: 31))
        net.run(.seconds(10))
        net.on(5) { core, now, mail in
            var state = core.ownState
            state.activeRequestCount = 3
            core.setState(state, at: now, into: &mail)
        }
        let time = net.run(atMost: .seconds(9)) {
            net.living.allSatisfy {
                $0 == 5 || net.cores[$0].core.known[net.id(5)]?.state.activeRequestCount == 3
            }
        }
        print("gossip: a change reached 40 nodes after \(time?.milliseconds ?? 0) ms")
        #expect((time ?? .seconds(99)) <= .seconds(3))
    }

    @Test func `a node that changes all the time sends a burst, then one state a second`() {
        let net = swarm(2, NetSettings(seed: 37))
        net.run(.seconds(20))
        let first = net.cores[1].core.ownState.sequence
        for round in 0..<200 {
            net.on(1) { core, now, mail in
                var state = core.ownState
                state.activeRequestCount = round
                core.setState(state, at: now, into: &mail)
            }
            net.run(.milliseconds(50))
        }
        let signed = net.cores[1].core.ownState.sequence - first
        #expect(signed >= 18 && signed <= 22)
        net.run(.seconds(2))
        #expect(net.cores[0].core.known[net.id(1)]?.state.activeRequestCount == 199)
    }

    @Test func `an observer gets every state and enters no view`() {
        let net = swarm(40, NetSettings(seed: 41))
        net.run(.seconds(5))
        let observer = net.add(flags: .transient)
        let target = net.id(3)
        net.on(observer) { core, now, mail in core.askStates(of: target, at: now, into: &mail) }
        net.run(.milliseconds(500))
        #expect(net.cores[observer].core.known.count == 40)
        #expect(net.events[observer].contains(.statesAnswered(from: target, count: 40)))
        net.run(.seconds(5))
        for index in 0..<40 {
            #expect(!net.knows(index, observer))
            #expect(!net.cores[index].core.activePeers.contains(net.id(observer)))
        }
    }

    @Test func `a restarted node replaces what it said before`() {
        let net = swarm(8, NetSettings(seed: 43))
        net.run(.seconds(5))
        net.on(2) { core, now, mail in core.leave(at: now, into: &mail) }
        net.kill(2)
        net.run(.seconds(1))
        #expect(!net.knows(4, 2))
        let again = net.add(keySeed: 43 << 20 | 2, sequence: 50_000)
        net.join(again, through: 5)
        net.run(.seconds(2))
        #expect(net.cores[4].core.known[net.id(2)]?.state.sequence ?? 0 >= 50_000)
    }

    @Test func `a node that slept does not take its absence for the others'`() {
        let net = swarm(6, NetSettings(seed: 47))
        net.run(.seconds(5))
        net.isAlive[0] = false
        net.run(.seconds(6))
        net.isAlive[0] = true
        net.run(.seconds(3))
        #expect(net.cores[0].core.counters.stalls == 1)
        #expect(net.cores[0].core.known.count == 5)
    }

    @Test(arguments: [12, 64])
    func `bytes at rest stay below the written budget`(count: Int) {
        let net = swarm(count, NetSettings(seed: 53))
        // Each node signs again after 20 s, and in gaps that double up to five minutes.
        net.run(.seconds(320))
        let before = (net.sentByteCount, net.sentCount)
        net.run(.minutes(5))
        let bytes = (net.sentByteCount - before.0) / 300 / count
        let messages = (net.sentCount - before.1) * 10 / 300 / count
        print("gossip: \(count) nodes at rest: \(bytes) B/s, \(messages)/10 messages/s a node")
        #expect(bytes < 1_000)
    }
}
