import Gossip
import Identity
import Primitives
import Testing
import Wire

/// What a liar gives an honest node to hand on: it must not make that node a liar to the next.
@Suite struct `what honest nodes hand on` {
    private let liar = NodeKeys.seeded(901, suite: .simulated)
    private let other = NodeKeys.seeded(902, suite: .simulated)

    private func record(_ keys: NodeKeys, sequence: UInt64, spoilt: Bool = false) throws
        -> NodeRecord
    {
        var bytes = NodeRecord(keys: keys, sequence: sequence, addresses: [Net.address(999)])
            .encoded
        if spoilt { bytes[bytes.count - 1] ^= 1 }
        return try NodeRecord(decoding: bytes)
    }

    /// A signed state with the record that stands before it, which need not be true.
    private func state(_ keys: NodeKeys, _ sequence: UInt64, with record: NodeRecord) throws
        -> SignedState
    {
        let own = NodeRecord(keys: keys, sequence: 1, addresses: [])
        let signed = SignedState(
            NodeState(id: keys.id, sequence: sequence), record: own, keys: keys)
        var writer = ByteWriter()
        writer.write(record)
        writer.writeBlob(signed.encoded)
        var reader = ByteReader(writer.bytes)
        return try SignedState(from: &reader)
    }

    /// Four nodes that are linked, and the liar linked with the first.
    private func net() throws -> Net {
        let net = swarm(4, NetSettings(seed: 71))
        net.run(.seconds(4))
        let truth = try state(liar, 1, with: record(liar, sequence: 9))
        net.inject(GossipMessage.neighbor(.high, truth).encoded(), from: liar.id, to: 0)
        #expect(net.cores[0].core.activePeers.contains(liar.id))
        net.run(.milliseconds(500))
        return net
    }

    private func expectTrust(_ net: Net) {
        net.run(.seconds(1))
        for index in 0..<4 {
            #expect(net.cores[index].core.counters.ignored == 0)
            let links = net.cores[index].core.activePeers.filter { $0 != liar.id }
            #expect(links.count == 3)
        }
    }

    @Test func `a shuffle's records are looked at before they go on`() throws {
        for isOrigin in [true, false] {
            let net = try net()
            let (good, bad) = (
                try record(liar, sequence: 9), try record(other, sequence: 1, spoilt: true)
            )
            let message = GossipMessage.shuffle(
                hopsLeft: 3, origin: isOrigin ? bad : good, isOrigin ? [] : [bad])
            net.inject(message.encoded(), from: liar.id, to: 0)
            expectTrust(net)
            #expect(net.cores[0].core.counters.forged == 1)
            #expect(!net.cores[0].core.activePeers.contains(liar.id))
        }
    }

    @Test func `a shuffle goes on without records that nobody keeps`() throws {
        let net = try net()
        let forged = try record(net.cores[0].keys, sequence: 99, spoilt: true)
        let message = GossipMessage.shuffle(
            hopsLeft: 2, origin: try record(liar, sequence: 9), [forged])
        for _ in 0..<9 { net.inject(message.encoded(), from: liar.id, to: 0) }
        expectTrust(net)
    }

    @Test func `an old record beside a new state is looked at`() throws {
        let net = try net()
        let forged = try state(liar, 2, with: record(liar, sequence: 3, spoilt: true))
        let item = StateItem(hopCount: 0, age: 0, signed: forged)
        net.inject(
            GossipMessage.states(answerCount: nil, [item]).encoded(), from: liar.id, to: 0)
        expectTrust(net)
        #expect(net.cores[0].core.counters.forged == 1)
        #expect(net.cores[0].core.known[liar.id]?.state.sequence == 1)
    }

    @Test func `a true old record does not take the place of a newer one`() throws {
        let net = try net()
        let old = try state(liar, 2, with: record(liar, sequence: 3))
        let item = StateItem(hopCount: 0, age: 0, signed: old)
        net.inject(
            GossipMessage.states(answerCount: nil, [item]).encoded(), from: liar.id, to: 0)
        #expect(net.cores[0].core.known[liar.id]?.state.sequence == 2)
        #expect(net.cores[0].core.record(of: liar.id)?.sequence == 9)
    }

    @Test func `of a known newcomer the state that is known goes on`() throws {
        let net = try net()
        // All places are taken, so that the walk goes on.
        for number in 0..<5 {
            let keys = NodeKeys.seeded(910 + UInt64(number), suite: .simulated)
            let truth = try state(keys, 1, with: record(keys, sequence: 1))
            net.inject(GossipMessage.neighbor(.high, truth).encoded(), from: keys.id, to: 0)
        }
        #expect(net.cores[0].core.activePeers.count == 8)
        // The first alone knows somebody, of whom the liar tells an old state that is none.
        let truth = try state(other, 7, with: record(other, sequence: 1))
        let item = StateItem(hopCount: 2, age: 0, signed: truth)
        net.inject(
            GossipMessage.states(answerCount: nil, [item]).encoded(), from: liar.id, to: 0)
        let forged = try state(other, 6, with: record(other, sequence: 2, spoilt: true))
        for _ in 0..<20 {
            net.inject(
                GossipMessage.forwardJoin(hopsLeft: 3, forged).encoded(), from: liar.id, to: 0)
        }
        for index in 0..<4 {
            net.run(.milliseconds(100))
            #expect(net.cores[index].core.counters.ignored == 0)
            #expect(net.cores[index].core.counters.forged == 0)
        }
    }

    @Test func `whoever was asked for a link and behaves as if it had one takes no extra place`()
        throws
    {
        let net = swarm(1, NetSettings(seed: 72))
        let strangers = (0..<40).map { NodeKeys.seeded(1_000 + $0, suite: .simulated) }
        for keys in strangers {
            let record = try record(keys, sequence: 1)
            net.on(0) { core, now, mail in
                core.peerEstablished(record, address: Net.address(9), at: now, into: &mail)
            }
        }
        let probe = GossipMessage.probe(
            number: 1, isNeighbor: true, sequence: 0, links: [], far: [])
        // The node reaches out to one after another, and asks whoever answers for a link.
        for _ in 0..<120 {
            net.run(.seconds(1))
            for keys in strangers {
                net.inject(GossipMessage.shuffleReply([]).encoded(), from: keys.id, to: 0)
                net.inject(probe.encoded(), from: keys.id, to: 0)
            }
            #expect(net.cores[0].core.activePeers.count <= 8)
        }
    }

    @Test func `one question names this node once, however often it does`() throws {
        let net = try net()
        let before = net.cores[0].core.counters.sent
        let question = GossipMessage.askStates(
            [UInt64](repeating: net.id(0).raw.first >> 16, count: 64))
        net.inject(question.encoded(), from: liar.id, to: 0)
        #expect(net.cores[0].core.counters.sent == before + 1)
    }

    @Test func `somebody else's state is never as near as a link`() throws {
        let net = try net()
        let truth = try state(other, 7, with: record(other, sequence: 1))
        let item = StateItem(hopCount: 0, age: 0, signed: truth)
        net.inject(
            GossipMessage.states(answerCount: nil, [item]).encoded(), from: liar.id, to: 0)
        #expect(net.cores[0].core.known[other.id]?.hopCount == 2)
    }

    /// Whose states the first node sends to somebody that it refuses a link.
    private func told(_ net: Net, to keys: NodeKeys) throws -> [NodeID] {
        let own = try state(keys, 1, with: record(keys, sequence: 1))
        var owners: [NodeID] = []
        net.on(0) { core, now, mail in
            let question = GossipMessage.neighbor(.high, own).encoded()
            core.receive(question, from: keys.id, at: now, into: &mail)
            while let letter = mail.next() {
                guard case .states(_, let items)? = try? GossipMessage(decoding: letter.bytes),
                    letter.recipient == keys.id
                else { continue }
                owners += items.map(\.signed.record.id)
            }
        }
        return owners
    }

    @Test func `of a crowd that brings one state only the latest are remembered`() throws {
        let net = try net()
        for number in 0..<4 {
            let keys = NodeKeys.seeded(910 + UInt64(number), suite: .simulated)
            let truth = try state(keys, 1, with: record(keys, sequence: 1))
            net.inject(GossipMessage.neighbor(.high, truth).encoded(), from: keys.id, to: 0)
        }
        let truth = try state(other, 7, with: record(other, sequence: 1))
        let bytes = GossipMessage.states(
            answerCount: nil, [StateItem(hopCount: 1, age: 0, signed: truth)]
        ).encoded()
        let crowd = (0..<70).map { NodeKeys.seeded(2_000 + $0, suite: .simulated) }
        for keys in crowd { net.inject(bytes, from: keys.id, to: 0) }
        #expect(net.cores[0].core.activePeers.count == 8)
        let (early, late) = (try told(net, to: crowd[1]), try told(net, to: crowd[69]))
        #expect(early.contains(other.id) && !late.contains(other.id))
    }
}
