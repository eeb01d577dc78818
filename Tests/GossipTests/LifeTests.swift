import Gossip
import Identity
import Primitives
import Testing
import Wire

/// `count` nodes that start together, all but the first through the first.
func swarm(_ count: Int, _ settings: NetSettings = NetSettings()) -> Net {
    let net = Net(settings)
    for _ in 0..<count { net.add() }
    for index in 1..<count { net.join(index, through: 0) }
    return net
}

@Suite struct LifeTests {
    @Test(arguments: [(2, 1), (5, 2), (12, 3), (40, 4), (64, 5)])
    func `nodes that start together know each other within two seconds`(
        count: Int, seed: Int
    ) {
        let net = swarm(count, NetSettings(seed: UInt64(seed)))
        let time = net.run(atMost: .seconds(10)) { net.isComplete(net.living) }
        print("gossip: \(count) nodes know each other after \(time?.milliseconds ?? 0) ms")
        #expect((time ?? .seconds(99)) <= .seconds(2))
    }

    @Test(arguments: [12, 40])
    func `a node that leaves in order is gone from every view within a second`(count: Int) {
        let net = swarm(count, NetSettings(seed: 7))
        net.run(.seconds(10))
        net.on(3) { core, now, mail in core.leave(at: now, into: &mail) }
        net.kill(3)
        let time = net.run(atMost: .seconds(9)) { net.living.allSatisfy { !net.knows($0, 3) } }
        print("gossip: a leaver is gone from \(count) nodes after \(time?.milliseconds ?? 0) ms")
        #expect((time ?? .seconds(99)) <= .seconds(1))
    }

    @Test(arguments: [5, 12, 40])
    func `a killed node is gone from every view within ten seconds`(count: Int) {
        let net = swarm(count, NetSettings(seed: 11))
        net.run(.seconds(10))
        net.kill(2)
        net.kill(0)
        let time = net.run(atMost: .seconds(20)) {
            net.living.allSatisfy { !net.knows($0, 2) && !net.knows($0, 0) }
        }
        print("gossip: the killed are gone from \(count) nodes after \(time?.milliseconds ?? 0) ms")
        #expect((time ?? .seconds(99)) <= .seconds(10))
        #expect(net.isComplete(net.living))
    }

    @Test func `a node on a metered line sends a tenth, and is missed within two minutes`() {
        let net = swarm(12, NetSettings(seed: 17))
        net.run(.seconds(10))
        let metered = NodeRecord(
            keys: net.cores[4].keys, sequence: 2_000, addresses: [Net.address(4)], flags: .metered)
        net.on(4) { core, now, mail in core.update(record: metered, at: now, into: &mail) }
        net.run(.minutes(10))
        #expect(net.isComplete(net.living))
        let others = [0, 4].map { net.cores[$0].core.counters.sentByteCount }
        net.run(.minutes(10))
        let rates = zip([0, 4], others).map { index, before in
            (net.cores[index].core.counters.sentByteCount - before) / 600
        }
        print("gossip: a node on a metered line sends \(rates[1]) B/s, another \(rates[0]) B/s")
        #expect(rates[1] < 50 && rates[0] < 1_000)
        #expect(net.isComplete(net.living))
        net.kill(4)
        let time = net.run(atMost: .seconds(150)) { net.living.allSatisfy { !net.knows($0, 4) } }
        print("gossip: it is gone after \(time?.milliseconds ?? 0) ms")
        #expect((time ?? .seconds(999)) <= .seconds(120))
    }

    @Test func `five minutes of five percent loss take nobody for dead`() {
        var settings = NetSettings(seed: 13)
        settings.lossPerMillion = 50_000
        let net = swarm(16, settings)
        net.run(.seconds(20))
        for index in net.living { net.events[index] = [] }
        let before = net.sentByteCount
        net.run(.minutes(5))
        var gone = 0
        for index in net.living {
            gone +=
                net.events[index].filter { if case .stateGone = $0 { true } else { false } }
                .count
        }
        let suspicions = net.living.reduce(0) { $0 + Int(net.cores[$1].core.counters.suspicions) }
        let downs = net.living.reduce(0) { $0 + Int(net.cores[$1].core.counters.downs) }
        let rate = (net.sentByteCount - before) / 16 / 300
        print("gossip: 16 nodes, 5 % loss: \(suspicions) suspicions, \(rate) B/s a node")
        #expect(gone == 0)
        #expect(downs == 0)
        #expect(net.isComplete(net.living))
    }
}
