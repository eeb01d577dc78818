import Identity
import Kademlia
import Primitives
import Testing
import Wire

/// One core and the peers that a test plays by hand.
struct Bench: ~Copyable {
    var core: KademliaCore
    var mail = Mail()
    var now = Instant.origin + .seconds(100)
    let keys = NodeKeys.seeded(1_000, suite: .simulated)

    init(seed: UInt64 = 1) {
        let record = NodeRecord(keys: keys, sequence: 1, addresses: [World.address(0)])
        core = KademliaCore(
            own: record, suite: .simulated, puzzleBitCount: 0, settings: KademliaSettings(),
            seed: seed)
    }

    static func peer(
        _ number: UInt64, at address: PeerAddress? = nil, flags: RecordFlags = [],
        sequence: UInt64 = 1
    ) -> (keys: NodeKeys, record: NodeRecord) {
        let keys = NodeKeys.seeded(number, suite: .simulated)
        let address = address ?? World.address(Int(number))
        let record = NodeRecord(
            keys: keys, sequence: sequence, addresses: [address], flags: flags)
        return (keys, record)
    }

    mutating func establish(_ record: NodeRecord) {
        core.peerEstablished(
            record, address: record.addresses[0], roundTrip: .milliseconds(20), at: now,
            into: &mail)
    }

    mutating func receive(_ bytes: [UInt8], from id: NodeID) {
        core.receive(bytes, from: id, at: now, into: &mail)
    }

    mutating func letters() -> [Letter] {
        var letters: [Letter] = []
        while let letter = mail.next() { letters.append(letter) }
        return letters
    }

    var counters: KademliaCounters { core.counters }

    /// A lookup that asks the one peer there is; its request number.
    mutating func ask(_ target: NodeID) -> (number: UInt32, distances: [Int]) {
        _ = core.findNodes(near: target, urgent: false, at: now, into: &mail)
        var reader = ByteReader(letters().last?.bytes ?? [])
        do throws(WireError) {
            _ = try reader.readUInt8()
            let number = try reader.readUInt32()
            var distances: [Int] = []
            for _ in 0..<(try reader.readCount(limit: 3)) {
                distances.append(Int(try reader.readUInt16()))
            }
            return (number, distances)
        } catch {
            return (0, [])
        }
    }
}

func nodes(_ request: UInt32, _ records: [NodeRecord]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(MessageKind.nodes.rawValue)
    writer.write(request)
    writer.writeVarint(records.count)
    for record in records { writer.write(record) }
    return writer.bytes
}

func putAd(_ request: UInt32, _ topic: NodeID, _ ad: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(MessageKind.putAd.rawValue)
    writer.write(request)
    writer.write(topic)
    writer.writeBlob(ad)
    return writer.bytes
}

@Suite struct `Hostile peers` {
    @Test func `garbage and strangers are counted and dropped`() {
        var bench = Bench()
        let peer = Bench.peer(1).record
        bench.receive([0x10], from: peer.id)
        #expect(bench.counters.messagesOfStrangers == 1)
        bench.establish(peer)
        var random = SeededRandom(seed: 3)
        for _ in 0..<2_000 {
            var bytes = (0..<random.below(90)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if !bytes.isEmpty { bytes[0] = 0x10 + UInt8(random.below(7)) }
            bench.receive(bytes, from: peer.id)
            // Apart, so that no rate limit hides the decoder.
            bench.now = bench.now + .milliseconds(50)
            _ = bench.letters()
        }
        let counters = bench.counters
        #expect(
            counters.messagesMalformed + counters.requestsServed
                + counters.repliesUnexpected == 2_000)
        #expect(bench.core.tableCount == 1)
    }

    @Test func `records that a reply may not hold are dropped, each for its reason`() {
        var bench = Bench()
        let peer = Bench.peer(1).record
        bench.establish(peer)
        let target = NodeID(Bytes32(first: 1, second: 2, third: 3, fourth: 4))
        let (number, distances) = bench.ask(target)
        let all = (2...200).map { Bench.peer(UInt64($0)) }
        let fitting = all.filter { distances.contains(peer.id.logDistance(to: $0.record.id)) }
        let misplaced = all.filter { !distances.contains(peer.id.logDistance(to: $0.record.id)) }
        var forged = fitting[0].record.encoded
        forged[forged.count - 1] ^= 1
        let forgedRecord = try? NodeRecord(decoding: forged)
        let transient = NodeRecord(
            keys: fitting[1].keys, sequence: 1, addresses: [World.address(9)], flags: .transient)
        let loopback = NodeRecord(
            keys: fitting[2].keys, sequence: 1, addresses: [PeerAddress(127, 0, 0, 1, port: 9)])
        let reply = [forgedRecord, transient, loopback, misplaced[0].record, fitting[3].record]
        bench.receive(nodes(number, reply.compactMap { $0 }), from: peer.id)
        #expect(bench.counters.recordsForged == 1)
        #expect(bench.counters.recordsTransient == 1)
        #expect(bench.counters.recordsUnreachable == 1)
        #expect(bench.counters.recordsMisplaced == 1)
        // Only the good one is asked next, and nobody new is in the table.
        #expect(bench.letters().map(\.recipient) == [fitting[3].record.id])
        #expect(bench.core.tableCount == 1)
    }

    @Test func `our own record, a reply of somebody else and a long reply are refused`() {
        var bench = Bench()
        let (peer, other) = (Bench.peer(1).record, Bench.peer(2).record)
        bench.establish(peer)
        let own = NodeRecord(keys: bench.keys, sequence: 9, addresses: [World.address(5)])
        // Asking for our own id makes the peer's distance to us one of the asked ones.
        let (number, _) = bench.ask(own.id)
        bench.establish(other)
        bench.receive(nodes(number, []), from: other.id)
        #expect(bench.counters.repliesUnexpected == 1)
        let many = (10..<27).map { Bench.peer(UInt64($0)).record }
        bench.receive(nodes(number, many), from: peer.id)
        #expect(bench.counters.messagesMalformed == 1)
        bench.receive(nodes(number, [own]), from: peer.id)
        #expect(bench.counters.recordsOfOurselves == 1)
        bench.receive(nodes(number, []), from: peer.id)
        #expect(bench.counters.repliesUnexpected == 2)
    }

    @Test func `one network's flood of ids takes ten places, private space is free`() {
        var bench = Bench()
        for number in 1...300 {
            let address = PeerAddress(203, 0, 113, UInt8(number & 255), port: UInt16(number))
            bench.establish(Bench.peer(UInt64(number), at: address).record)
        }
        #expect(bench.core.tableCount <= 10)
        #expect(bench.counters.entriesRefused >= 290)
        for number in 1_001...1_100 {
            bench.establish(Bench.peer(UInt64(number), at: World.address(number)).record)
        }
        #expect(bench.core.tableCount > 100)
    }

    @Test func `a transient node is served and never handed out`() {
        var bench = Bench()
        let peer = Bench.peer(1, flags: .transient).record
        bench.establish(peer)
        #expect(bench.core.tableCount == 0)
        #expect(bench.core.record(of: peer.id) == peer)
        bench.receive([0x10, 7, 0, 0, 0, 1, 0, 1], from: peer.id)
        #expect(bench.letters().map(\.bytes) == [[0x11, 7, 0, 0, 0, 0]])
    }

    @Test func `too many requests of one peer are dropped`() {
        var bench = Bench()
        let peer = Bench.peer(1).record
        bench.establish(peer)
        for _ in 0..<300 { bench.receive([0x10, 7, 0, 0, 0, 1, 0, 1], from: peer.id) }
        #expect(bench.counters.requestsServed == 256)
        #expect(bench.counters.requestsRefused == 44)
        bench.now = bench.now + .seconds(1)
        bench.receive([0x10, 7, 0, 0, 0, 1, 0, 1], from: peer.id)
        #expect(bench.counters.requestsServed == 257)
    }

    @Test func `a node that answers nothing is dropped`() {
        var bench = Bench()
        let peer = Bench.peer(1).record
        bench.establish(peer)
        bench.core.peerUnreachable(peer.id, at: bench.now, into: &bench.mail)
        #expect(bench.core.tableCount == 0)
        #expect(bench.counters.entriesDropped == 1)
    }
}

@Suite struct `Ads kept for others` {
    let topic = NodeID(Bytes32(first: 5, second: 5, third: 5, fourth: 5))

    func ad(_ peer: (keys: NodeKeys, record: NodeRecord), sequence: UInt64, seconds: UInt32) -> Ad {
        let model = Digest(Bytes32(first: 1, second: 1, third: 1, fourth: 1))
        let holding = Holding(
            model: model, layers: LayerRange(0, 4), layerCount: 4, hasEnds: true)
        return Ad(
            holding: holding, sequence: sequence, lifetimeSeconds: seconds, record: peer.record,
            keys: peer.keys)
    }

    func verdict(_ bench: inout Bench) -> UInt8? { bench.letters().last?.bytes.last }

    @Test func `only the holder itself may bring its ad, and only a later one replaces it`() {
        var bench = Bench()
        let (holder, other) = (Bench.peer(1), Bench.peer(2))
        bench.establish(holder.record)
        bench.establish(other.record)
        let (old, later) = (
            ad(holder, sequence: 3, seconds: 60), ad(holder, sequence: 4, seconds: 60)
        )
        bench.receive(putAd(1, topic, later.encoded), from: other.record.id)
        #expect(verdict(&bench) == 2)
        bench.receive(putAd(2, topic, later.encoded), from: holder.record.id)
        #expect(verdict(&bench) == 0)
        bench.receive(putAd(3, topic, old.encoded), from: holder.record.id)
        #expect(verdict(&bench) == 2)
        bench.receive(putAd(4, topic, later.encoded), from: holder.record.id)
        #expect(verdict(&bench) == 0)
        var forged = later.encoded
        forged[forged.count - 1] ^= 1
        bench.receive(putAd(5, topic, forged), from: holder.record.id)
        #expect(verdict(&bench) == 2)
        #expect(bench.core.adCount == 1)
        #expect(bench.counters.adsForged == 2)
    }

    @Test func `a topic keeps 128 ads, and a reply gives ten of them`() {
        var bench = Bench()
        for number in 1...140 {
            let holder = Bench.peer(UInt64(number))
            bench.establish(holder.record)
            bench.receive(
                putAd(1, topic, ad(holder, sequence: 1, seconds: 60).encoded),
                from: holder.record.id)
            #expect(verdict(&bench) == (number <= 128 ? 0 : 1))
        }
        #expect(bench.core.adCount == 128)
        var writer = ByteWriter()
        writer.write(MessageKind.findAds.rawValue)
        writer.write(UInt32(8))
        writer.write(topic)
        bench.receive(writer.bytes, from: Bench.peer(1).record.id)
        let reply = bench.letters().last?.bytes ?? []
        #expect(reply.prefix(6) == [0x15, 8, 0, 0, 0, 10])
        // All of the sixty seconds remain.
        #expect(reply.dropFirst(6).prefix(4) == [60, 0, 0, 0])
    }

    @Test func `under a full topic the holder of a rare layer takes the place of one of many`() {
        var bench = Bench()
        let model = Digest(Bytes32(first: 1, second: 1, third: 1, fourth: 1))
        let topic = Topic.layers(of: model, block: 1)
        for number in 1...130 {
            let holder = Bench.peer(UInt64(number))
            bench.establish(holder.record)
            // The last but one holds layer 9, everybody else layer 8.
            let layers = number == 129 ? LayerRange(9, 10) : LayerRange(8, 9)
            let holding = Holding(model: model, layers: layers, layerCount: 16, hasEnds: true)
            let ad = Ad(
                holding: holding, sequence: 1, lifetimeSeconds: 60, record: holder.record,
                keys: holder.keys)
            bench.receive(putAd(1, topic, ad.encoded), from: holder.record.id)
            #expect(verdict(&bench) == (number <= 129 ? 0 : 1))
        }
        #expect(bench.core.adCount == 128)
    }

    @Test func `the holder of a rare layer takes no place of the node's own ad`() {
        var bench = Bench()
        let model = Digest(Bytes32(first: 1, second: 1, third: 1, fourth: 1))
        let topic = Topic.layers(of: model, block: 1)
        func ad(_ layer: Int, of keys: NodeKeys, _ record: NodeRecord, seconds: UInt32) -> Ad {
            let holding = Holding(
                model: model, layers: LayerRange(layer, layer + 1), layerCount: 16, hasEnds: true)
            return Ad(
                holding: holding, sequence: 1, lifetimeSeconds: seconds, record: record, keys: keys)
        }
        let record = NodeRecord(keys: bench.keys, sequence: 1, addresses: [World.address(0)])
        let own = ad(8, of: bench.keys, record, seconds: 600)
        bench.core.publish(own, topics: [topic], at: bench.now, into: &bench.mail)
        // Of equals the one with the smallest id goes first: that would be the node itself.
        let holders = Array(
            (1...).lazy.map { Bench.peer(UInt64($0)) }.filter { $0.record.id > record.id }
                .prefix(128))
        for (index, holder) in holders.enumerated() {
            bench.establish(holder.record)
            let ad = ad(index == 127 ? 9 : 8, of: holder.keys, holder.record, seconds: 60)
            bench.receive(putAd(1, topic, ad.encoded), from: holder.record.id)
            #expect(verdict(&bench) == 0)
        }
        #expect(bench.core.adCount == 128)
        // Only the node's own outlives the minute.
        bench.now = bench.now + .seconds(61)
        var question = ByteWriter()
        question.write(MessageKind.findAds.rawValue)
        question.write(UInt32(8))
        question.write(topic)
        bench.receive(question.bytes, from: holders[0].record.id)
        let reply = bench.letters().last?.bytes ?? []
        #expect(reply.prefix(6) == [0x15, 8, 0, 0, 0, 1])
    }

    @Test func `one holder fills no store`() {
        var bench = Bench()
        let holder = Bench.peer(1)
        bench.establish(holder.record)
        var random = SeededRandom(seed: 2)
        for number in 0..<200 {
            let topic = NodeID(Bytes32(random: &random))
            bench.receive(
                putAd(UInt32(number), topic, ad(holder, sequence: 1, seconds: 60).encoded),
                from: holder.record.id)
            _ = bench.letters()
            bench.now = bench.now + .milliseconds(20)
        }
        #expect(bench.core.adCount == 128)
    }
}
