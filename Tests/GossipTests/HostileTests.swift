import Gossip
import Identity
import Primitives
import Testing
import Wire

@Suite struct HostileTests {
    private let stranger = NodeKeys.seeded(900, suite: .simulated)
    private let settled: Net = {
        let net = swarm(4, NetSettings(seed: 61))
        net.run(.seconds(4))
        return net
    }()

    private func record(_ keys: NodeKeys, flags: RecordFlags = []) -> NodeRecord {
        NodeRecord(keys: keys, sequence: 1, addresses: [Net.address(999)], flags: flags)
    }

    private func signed(
        _ keys: NodeKeys, sequence: UInt64 = 5, flags: RecordFlags = []
    ) -> SignedState {
        SignedState(
            NodeState(id: keys.id, sequence: sequence), record: record(keys, flags: flags),
            keys: keys)
    }

    private func states(_ items: [SignedState]) -> [UInt8] {
        let items = items.map { StateItem(hopCount: 1, age: 0, signed: $0) }
        return GossipMessage.states(answerCount: nil, items).encoded()
    }

    /// The message with its last byte, which belongs to a signature, changed.
    private func spoilt(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes[bytes.count - 1] ^= 1
        return bytes
    }

    @Test func `a forged state is refused and its bearer ignored`() {
        let net = settled
        let bytes = spoilt(states([signed(stranger)]))
        net.inject(bytes, from: net.id(1), to: 0)
        #expect(net.cores[0].core.counters.forged == 1)
        #expect(net.cores[0].core.known[stranger.id] == nil)
        #expect(!net.cores[0].core.activePeers.contains(net.id(1)))
        let before = net.cores[0].core.counters.ignored
        net.inject(states([signed(stranger)]), from: net.id(1), to: 0)
        #expect(net.cores[0].core.counters.ignored == before + 1)
        #expect(net.cores[0].core.known[stranger.id] == nil)
    }

    @Test func `an old sequence changes nothing`() {
        let net = settled
        let keys = net.cores[2].keys
        let now = net.cores[0].core.known[keys.id]?.state.sequence
        let stale = net.cores[0].core.counters.stale
        net.inject(states([signed(keys, sequence: 1)]), from: net.id(1), to: 0)
        #expect(net.cores[0].core.known[keys.id]?.state.sequence == now)
        #expect(net.cores[0].core.counters.stale == stale + 1)
    }

    @Test func `nobody but the owner can end a state`() {
        let net = settled
        var state = NodeState(id: net.id(2), sequence: 9_999)
        state.presence = .leaving
        let honest = SignedState(state, record: net.cores[2].record, keys: net.cores[2].keys)
        net.inject(GossipMessage.leave(honest).encoded(), from: net.id(1), to: 0)
        #expect(net.cores[0].core.counters.malformed == 1)
        #expect(net.knows(0, 2))
        net.inject(spoilt(states([honest])), from: net.id(1), to: 0)
        #expect(net.knows(0, 2))
    }

    @Test func `news of this node itself from a forgotten life makes it sign above it`() {
        let net = settled
        let keys = net.cores[0].keys
        net.inject(states([signed(keys, sequence: 77_777)]), from: net.id(1), to: 0)
        #expect(net.cores[0].core.ownState.sequence > 77_777)
        #expect(net.cores[0].core.known[keys.id] == nil)
        #expect(net.cores[0].core.counters.ownStatesEchoed == 1)
    }

    @Test func `a flood is cut off`() {
        let net = settled
        let probe = GossipMessage.probeReply(number: 1, .alive).encoded()
        for _ in 0..<1_000 { net.inject(probe, from: stranger.id, to: 0) }
        #expect(net.cores[0].core.counters.flooded >= 1_000 - 256 - 64)
    }

    @Test func `who asks for everything is answered twice a second, or after coming back`() {
        let net = settled
        let question = GossipMessage.askStates([]).encoded()
        for _ in 0..<3 { net.inject(question, from: stranger.id, to: 0) }
        #expect(net.cores[0].core.counters.flooded == 2)
        net.on(0) { core, now, mail in
            core.peerEstablished(
                record(stranger, flags: .transient), address: Net.address(99), at: now, into: &mail)
        }
        for _ in 0..<2 { net.inject(question, from: stranger.id, to: 0) }
        #expect(net.cores[0].core.counters.flooded == 3)
        net.run(.milliseconds(501))
        net.inject(question, from: stranger.id, to: 0)
        #expect(net.cores[0].core.counters.flooded == 3)
    }

    @Test func `peers that never end their answers give way to one that does`() {
        let net = settled
        let count = Limits.gossipQuestionCount
        let silent = (0..<count).map { NodeKeys.seeded(1_000 + UInt64($0), suite: .simulated).id }
        func ask(_ peer: NodeID) {
            net.on(0) { core, now, mail in core.askStates(of: peer, at: now, into: &mail) }
        }
        let answer = GossipMessage.states(
            answerCount: 1, [StateItem(hopCount: 0, age: 0, signed: signed(stranger))])
        func isTold() -> Bool {
            net.events[0] = []
            net.inject(answer.encoded(), from: stranger.id, to: 0)
            return net.events[0].contains(.statesAnswered(from: stranger.id, count: 1))
        }
        for peer in silent { ask(peer) }
        ask(stranger.id)
        #expect(!isTold())
        net.run(Limits.gossipQuestionTime)
        ask(stranger.id)
        #expect(isTold())
        #expect(!isTold())
    }

    @Test func `a transient node gets no link and its state no place`() {
        let net = settled
        let visitor = signed(stranger, flags: .transient)
        net.inject(GossipMessage.join(visitor).encoded(), from: stranger.id, to: 0)
        net.inject(GossipMessage.neighbor(.high, visitor).encoded(), from: stranger.id, to: 0)
        net.inject(states([visitor]), from: net.id(1), to: 0)
        #expect(net.cores[0].core.counters.transientRefused == 3)
        #expect(net.cores[0].core.known[stranger.id] == nil)
        #expect(!net.cores[0].core.activePeers.contains(stranger.id))
        #expect(!net.cores[0].core.passivePeers.contains(stranger.id))
    }

    @Test func `a join with another node's state is malformed`() {
        let net = settled
        let bytes = GossipMessage.join(signed(stranger)).encoded()
        net.inject(bytes, from: net.id(1), to: 0)
        #expect(net.cores[0].core.counters.malformed == 1)
        #expect(net.cores[0].core.known[stranger.id] == nil)
    }

    @Test func `a record without enough work is a forgery`() {
        var core = GossipCore(
            keys: stranger, record: record(stranger), puzzleBitCount: 60, initialSequence: 1,
            seed: 1)
        var mail = Mail()
        let other = NodeKeys.seeded(901, suite: .simulated)
        core.receive(states([signed(other)]), from: other.id, at: .origin, into: &mail)
        #expect(core.counters.forged == 1)
        #expect(core.known.isEmpty)
    }

    @Test func `no cut and no flipped byte of any message is trouble`() {
        let net = settled
        var random = SeededRandom(seed: 71)
        for vector in Vectors.messages {
            let whole = vector.message.encoded()
            for count in 0..<whole.count {
                #expect(throws: WireError.self) {
                    try GossipMessage(decoding: Array(whole.prefix(count)))
                }
            }
            #expect(throws: WireError.self) { try GossipMessage(decoding: whole + [0]) }
            for round in 0..<100 {
                var bytes = whole
                bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
                let sender = NodeID(
                    Bytes32(first: UInt64(round), second: 1, third: 0, fourth: 0))
                net.inject(bytes, from: sender, to: 0)
            }
        }
        #expect(net.cores[0].core.counters.malformed > 0)
        net.run(.seconds(5))
        #expect(net.isComplete(net.living))
    }

    @Test func `hearsay lengthens a life and never beyond the owner's signature`() {
        var settings = NetSettings(seed: 61)
        settings.gossip.signedExpiry = .minutes(3)
        settings.gossip.stateRefresh = .minutes(1)
        let net = swarm(4, settings)
        net.run(.seconds(4))
        net.kill(3)
        let target = net.id(3)
        let sequence = UInt32(truncatingIfNeeded: net.cores[3].core.ownState.sequence)
        // A liar on a link says each second that it has just heard the dead node.
        for _ in 0..<170 {
            let line = DigestItem(prefix: target.raw.first >> 16, sequence: sequence, age: 0)
            let probe = GossipMessage.probe(
                number: 1, isNeighbor: true, sequence: 0, links: [line], far: [])
            net.inject(probe.encoded(), from: net.id(1), to: 0)
            net.run(.seconds(1))
        }
        #expect(net.knows(0, 3))
        for _ in 0..<20 {
            let line = DigestItem(prefix: target.raw.first >> 16, sequence: sequence, age: 0)
            let probe = GossipMessage.probe(
                number: 1, isNeighbor: true, sequence: 0, links: [line], far: [])
            net.inject(probe.encoded(), from: net.id(1), to: 0)
            net.run(.seconds(1))
        }
        #expect(!net.knows(0, 3))
    }
}
