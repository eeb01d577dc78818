import Identity
import Kademlia
import Primitives
import Testing
import Wire

@Suite struct `Swarms` {
    let model = Digest(Bytes32(first: 7, second: 7, third: 7, fourth: 7))

    func ad(of index: Int, in world: World, lifetimeSeconds: UInt32 = 600, sequence: UInt64 = 1)
        -> Ad
    {
        let member = world.members[index]
        let holding = Holding(
            model: model, layers: LayerRange(0, 8), layerCount: 16, hasEnds: false)
        return Ad(
            holding: holding, sequence: sequence, lifetimeSeconds: lifetimeSeconds,
            record: member.record, keys: member.keys)
    }

    var topic: NodeID { Topic.layers(of: model, block: 0) }

    func findAds(_ world: inout World, by index: Int, wanted: Int) -> [NodeID] {
        let topic = topic
        let lookup = world.act(index) { core, now, mail in
            core.findAds(topic: topic, wanted: wanted, urgent: true, at: now, into: &mail)
        }
        world.run(for: .seconds(3))
        for event in world.takeEvents(index) {
            if case .foundAds(lookup, let ads) = event { return ads.map(\.record.id) }
        }
        return []
    }

    @Test func `ads are found across a swarm until they expire`() {
        var world = World(count: 40, seed: 4)
        world.bootstrap(settling: .seconds(5))
        for holder in [3, 17, 29] {
            let (ad, topic) = (ad(of: holder, in: world), topic)
            world.act(holder) { core, now, mail in
                core.publish(ad, topics: [topic], at: now, into: &mail)
            }
        }
        world.run(for: .seconds(3))
        let published = world.takeEvents(3).compactMap {
            if case .published(topic, let holderCount) = $0 { holderCount } else { nil }
        }
        #expect(published == [16])
        let holders = [3, 17, 29].map { world.id($0) }.sorted()
        #expect(findAds(&world, by: 8, wanted: 10) == holders)
        #expect(!findAds(&world, by: 35, wanted: 1).isEmpty)
        world.run(for: .seconds(600))
        #expect(findAds(&world, by: 8, wanted: 10).isEmpty)
        #expect(world.members.allSatisfy { $0.core.adCount == 0 })
    }

    /// Keys whose ids lie nearer to the topic than `distance`, of as many tries as it takes.
    private func keysBeside(_ topic: NodeID, within distance: UInt64, count: Int) -> [NodeKeys] {
        var found: [NodeKeys] = []
        var seed: UInt64 = 5_000_000
        while found.count < count {
            seed += 1
            let keys = NodeKeys.seeded(seed, suite: World.suite)
            if keys.id.distance(to: topic).first <= distance { found.append(keys) }
        }
        return found
    }

    /// How many of 15 answers name a holder while sixteen nodes that keep nothing lie nearer to the
    /// topic than any honest one.
    private func foundUnderSiege(keepsRegions: Bool) -> Int {
        let honestCount = 120
        var settings = KademliaSettings()
        settings.keepsRegions = keepsRegions
        var world = World(count: honestCount, seed: 21, settings: settings)
        world.bootstrap(settling: .seconds(20))
        let nearest = world.members.map { $0.record.id.distance(to: topic).first }.min() ?? 0
        for keys in keysBeside(topic, within: nearest, count: 16) { world.add(keys) }
        for index in honestCount..<world.members.count { world.establish(index, index % 7) }
        world.run(for: .seconds(20))
        world.tamper = { from, bytes in
            // What a besieger answers about ads is that it knows of none, and of nobody.
            guard from >= honestCount, bytes[0] == 0x15 else { return bytes }
            return Array(bytes[0..<5]) + [0, 0]
        }
        let holders = [3, 17, 29]
        for holder in holders {
            let (ad, topic) = (ad(of: holder, in: world), topic)
            world.act(holder) { core, now, mail in
                core.publish(ad, topics: [topic], at: now, into: &mail)
            }
        }
        world.run(for: .seconds(5))
        var found = 0
        for asker in [8, 40, 60, 80, 100] {
            let names = findAds(&world, by: asker, wanted: 10)
            found += names.count { name in holders.contains { world.id($0) == name } }
        }
        return found
    }

    @Test func `ids placed beside a topic hide its ads where no region keeps them`() {
        let (without, with) = (
            foundUnderSiege(keepsRegions: false), foundUnderSiege(keepsRegions: true)
        )
        print("found under siege: \(without) of 15 without regions, \(with) with them")
        #expect(without < 5 && with >= 2 * without && with >= 8)
    }

    @Test func `a third of the nodes may die at once`() {
        var world = World(count: 45, seed: 5)
        world.bootstrap(settling: .seconds(6))
        for index in stride(from: 0, to: 45, by: 3) { world.kill(index) }
        var random = SeededRandom(seed: 5)
        var found = 0
        for round in 0..<10 {
            let target = NodeID(Bytes32(random: &random))
            let asker = 1 + 3 * round
            let lookup = world.act(asker) { core, now, mail in
                core.findNodes(near: target, urgent: false, at: now, into: &mail)
            }
            world.run(for: .seconds(12))
            for event in world.takeEvents(asker) {
                guard case .foundNodes(lookup, let records) = event else { continue }
                if records.first?.id == nearest(target, in: world, except: asker) { found += 1 }
            }
        }
        #expect(found == 10)
        world.run(for: .seconds(300))
        let dead = stride(from: 0, to: 45, by: 3).map { world.id($0) }
        for index in 0..<45 where world.members[index].isAlive {
            let known = world.members[index].core.closest(to: world.id(index), count: 1_000)
            #expect(!known.contains { dead.contains($0.id) })
        }
    }

    @Test func `a newcomer to a large swarm meets few strangers, and finds everybody`() {
        var world = World(count: 200, seed: 31)
        world.bootstrap(settling: .seconds(15))
        world.add(NodeKeys.seeded(31_000_000, suite: World.suite))
        world.establish(200, 5)
        world.run(for: .seconds(20))
        let asked = world.members[200].core.counters.strangersAsked
        print("kademlia: a newcomer to 200 nodes shook \(asked) hands")
        #expect(asked <= Limits.joinStrangerCount)
        var random = SeededRandom(seed: 31)
        var found = 0
        for _ in 0..<10 {
            let target = NodeID(Bytes32(random: &random))
            let lookup = world.act(200) { core, now, mail in
                core.findNodes(near: target, urgent: false, at: now, into: &mail)
            }
            world.run(for: .seconds(3))
            for event in world.takeEvents(200) {
                guard case .foundNodes(lookup, let records) = event else { continue }
                if records.first?.id == nearest(target, in: world, except: 200) { found += 1 }
            }
        }
        #expect(found == 10)
    }

    @Test func `an ad that is published again goes straight to its keepers`() {
        var world = World(count: 40, seed: 32)
        world.bootstrap(settling: .seconds(5))
        let topic = topic
        var requests: [Int] = []
        for sequence in [UInt64(1), 2] {
            let before = world.members[3].core.counters.requestsSent
            let ad = ad(of: 3, in: world, sequence: sequence)
            world.act(3) { core, now, mail in
                core.publish(ad, topics: [topic], at: now, into: &mail)
            }
            world.run(for: .seconds(2))
            requests.append(world.members[3].core.counters.requestsSent - before)
        }
        let published = world.takeEvents(3).compactMap {
            if case .published(topic, let holderCount) = $0 { holderCount } else { nil }
        }
        #expect(published == [16, 16])
        #expect(requests[1] == 16 && requests[0] >= 32, "\(requests)")
    }

    @Test func `a node that starts again elsewhere is found again`() {
        var world = World(count: 25, seed: 6)
        world.bootstrap(settling: .seconds(5))
        let address = PeerAddress(10, 9, 9, 9, port: 5_000)
        world.restart(11, sequence: 2, at: address)
        world.establish(11, 4)
        world.run(for: .seconds(10))
        let target = world.id(11)
        _ = world.act(20) { core, now, mail in
            core.findNodes(near: target, urgent: true, at: now, into: &mail)
        }
        world.run(for: .seconds(5))
        #expect(world.members[20].core.record(of: target)?.addresses == [address])
    }

    @Test func `the same seed gives the same letters`() {
        func digest(_ seed: UInt64) -> Digest {
            var world = World(count: 16, seed: seed)
            world.lossPerMillion = 50_000
            world.bootstrap(settling: .seconds(8))
            return world.digest
        }
        let first = digest(9)
        #expect(first == digest(9))
        #expect(first != digest(10))
    }

    @Test func `with lost letters everybody is still found`() {
        var world = World(count: 20, seed: 12)
        world.lossPerMillion = 100_000
        world.bootstrap(settling: .seconds(75))
        for index in world.members.indices { #expect(world.members[index].core.tableCount >= 15) }
    }
}
