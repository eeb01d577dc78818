import Identity
import Primitives
import Shards
import Testing
import Wire

@Suite struct `Fetching a piece` {
    let sample = Sample(chunkCount: 9)

    @Test func `every chunk arrives verified from two sources`() {
        let exchange = Exchange(3)
        exchange.offer(sample, by: 0)
        exchange.offer(sample, by: 1)
        exchange.fetch(sample, by: 2, from: [0, 1])
        exchange.settle()
        #expect(exchange.isComplete(sample, at: 2))
        #expect(exchange.members[2].stored.values == sample.chunks)
        #expect(exchange.members[0].core.counters.chunksServed > 0)
        #expect(exchange.members[1].core.counters.chunksServed > 0)
        #expect(exchange.members[2].core.nextDeadline == .never)
    }

    @Test func `no source is asked for more than four chunks at once`() {
        let exchange = Exchange(2)
        exchange.offer(sample, by: 0)
        exchange.fetch(sample, by: 1, from: [0], known: true)
        // Four letters under way: after delivering them the source has four reads on record.
        exchange.settle(limit: 4)
        #expect(exchange.order.count == 4)
        #expect(exchange.members[0].core.counters.requestsRefused == 0)
        exchange.settle()
        #expect(exchange.isComplete(sample, at: 1))
    }

    @Test func `a source that vanishes midway is replaced by the other`() {
        let exchange = Exchange(3)
        exchange.offer(sample, by: 0)
        exchange.offer(sample, by: 1)
        exchange.fetch(sample, by: 2, from: [0, 1], known: true)
        exchange.settle(limit: 6)
        exchange.members[0].isAlive = false
        exchange.settle()
        #expect(!exchange.isComplete(sample, at: 2))
        exchange.run(for: .seconds(60))
        #expect(exchange.isComplete(sample, at: 2))
        #expect(exchange.members[2].core.counters.requestsMissed > 0)
    }

    @Test func `news that a peer is gone needs no timeout`() {
        let exchange = Exchange(3)
        exchange.offer(sample, by: 0)
        exchange.offer(sample, by: 1)
        exchange.fetch(sample, by: 2, from: [0, 1], known: true)
        exchange.members[0].isAlive = false
        let gone = exchange.members[0].id
        exchange.act(2) { core, now, mail in core.peerGone(gone, at: now, into: &mail) }
        exchange.settle()
        #expect(exchange.isComplete(sample, at: 2))
        #expect(exchange.members[2].core.counters.requestsMissed == 0)
    }

    @Test func `a lying source is banned and its chunks come from the other`() {
        let exchange = Exchange(3)
        exchange.offer(sample, by: 0)
        exchange.offer(sample, by: 1)
        exchange.members[0].tamper = { bytes in
            guard bytes[0] == MessageKind.chunk.rawValue else { return bytes }
            return bytes.dropLast() + [bytes[bytes.count - 1] ^ 1]
        }
        exchange.fetch(sample, by: 2, from: [0, 1])
        exchange.settle()
        #expect(exchange.isComplete(sample, at: 2))
        #expect(exchange.members[2].core.counters.wrongAnswers == 1)
        #expect(exchange.members[2].stored.values == sample.chunks)
        // For ten minutes nothing is asked of it; afterwards it may try again.
        let other = Sample(chunkCount: 1, seed: 77)
        exchange.offer(other, by: 0)
        exchange.members[0].tamper = nil
        exchange.fetch(other, by: 2, from: [0])
        exchange.run(for: .seconds(40))
        #expect(exchange.failures(at: 2) == [.noSources])
        exchange.run(for: .minutes(10))
        exchange.fetch(other, by: 2, from: [0])
        exchange.settle()
        #expect(exchange.isComplete(other, at: 2))
    }

    @Test func `a list that the root denies is refused`() {
        let exchange = Exchange(2)
        exchange.offer(sample, by: 0)
        exchange.members[0].tamper = { bytes in
            bytes[0] == MessageKind.chunkList.rawValue
                ? bytes.dropLast() + [bytes[bytes.count - 1] ^ 1] : bytes
        }
        exchange.fetch(sample, by: 1, from: [0])
        exchange.run(for: .seconds(31))
        #expect(exchange.members[1].core.counters.wrongAnswers == 1)
        #expect(exchange.failures(at: 1) == [.noSources])
    }

    @Test func `a fetch goes on where an earlier one ended`() {
        let exchange = Exchange(2)
        exchange.offer(sample, by: 0)
        exchange.fetch(sample, by: 1, from: [0], known: true, present: [0, 2, 4, 6, 8])
        exchange.settle()
        #expect(exchange.isComplete(sample, at: 1))
        #expect(exchange.members[1].stored.keys == [1, 3, 5, 7])
        #expect(exchange.members[0].core.counters.chunksServed == 4)
    }

    @Test func `a piece that is whole is complete at once`() {
        let exchange = Exchange(1)
        exchange.fetch(sample, by: 0, from: [], present: Array(0..<9))
        #expect(exchange.isComplete(sample, at: 0))
    }

    @Test func `a list kept wrongly is asked for again`() {
        let exchange = Exchange(2)
        exchange.offer(sample, by: 0)
        let (entry, id) = (sample.entry, exchange.members[0].id)
        exchange.act(1) { core, now, mail in
            core.fetch(
                entry, from: [id], knownChunkDigests: [entry.root], presentChunks: [], at: now,
                into: &mail)
        }
        exchange.settle()
        #expect(exchange.isComplete(sample, at: 1))
    }

    @Test func `who does not have it is not asked twice, and patience ends`() {
        let exchange = Exchange(2)
        exchange.fetch(sample, by: 1, from: [0])
        exchange.settle()
        #expect(exchange.members[1].core.counters.refusalsMet == 1)
        #expect(exchange.failures(at: 1).isEmpty)
        exchange.run(for: .seconds(29))
        #expect(exchange.failures(at: 1).isEmpty)
        exchange.run(for: .seconds(2))
        #expect(exchange.failures(at: 1) == [.noSources])
    }

    @Test func `a source announced in time saves a lonely fetch`() {
        let exchange = Exchange(2)
        exchange.fetch(sample, by: 1, from: [])
        exchange.run(for: .seconds(20))
        exchange.offer(sample, by: 0)
        let (root, id) = (sample.entry.root, exchange.members[0].id)
        exchange.act(1) { core, now, mail in
            core.addSources([id], for: root, at: now, into: &mail)
        }
        exchange.settle()
        exchange.run(for: .seconds(60))
        #expect(exchange.isComplete(sample, at: 1))
        #expect(exchange.failures(at: 1).isEmpty)
    }

    @Test func `a cancelled fetch asks nobody and tells nothing`() {
        let exchange = Exchange(2)
        exchange.offer(sample, by: 0)
        exchange.fetch(sample, by: 1, from: [0], known: true)
        exchange.members[1].core.cancel(root: sample.entry.root)
        exchange.settle()
        exchange.run(for: .seconds(60))
        #expect(!exchange.isComplete(sample, at: 1))
        #expect(exchange.failures(at: 1).isEmpty)
        #expect(exchange.members[1].core.counters.repliesUnexpected == 4)
    }

    @Test func `a piece with more chunks than a list may have fails at once`() {
        let exchange = Exchange(1)
        let huge = PieceEntry(byteCount: 1 << 39, root: sample.entry.root)
        exchange.act(0) { core, now, mail in
            core.fetch(
                huge, from: [], knownChunkDigests: nil, presentChunks: [], at: now, into: &mail)
        }
        #expect(exchange.failures(at: 0) == [.overLimit])
    }

    @Test func `the order of chunks follows from the seed`() {
        func order() -> [String] {
            let exchange = Exchange(3)
            exchange.offer(sample, by: 0)
            exchange.offer(sample, by: 1)
            exchange.fetch(sample, by: 2, from: [0, 1])
            exchange.settle()
            return exchange.order
        }
        let first = order()
        #expect(first == order())
        #expect(first.count == 9)
        let inOrder = first.compactMap { $0.split(separator: ":").last.flatMap { Int($0) } }
        #expect(inOrder != Array(0..<9), "chunks are asked for in an order of chance")
    }
}

@Suite struct `Manifests` {
    let keys = NodeKeys.seeded(5, suite: .simulated)
    let sample = Sample(chunkCount: 1)

    @Test func `a manifest is found by digest and by name`() {
        let signed = sample.manifest(name: "tiny", keys: keys)
        for query in [ManifestQuery.digest(signed.manifest.digest), .name("tiny")] {
            let exchange = Exchange(3)
            exchange.members[1].core.offer(signed)
            ask(exchange, query)
            #expect(arrived(exchange) == [signed])
            #expect(exchange.members[1].core.manifests(named: "tiny") == [signed])
        }
    }

    @Test func `nobody having it ends the search`() {
        let exchange = Exchange(3)
        ask(exchange, .name("tiny"))
        #expect(missing(exchange) == [.name("tiny")])
    }

    @Test func `silence ends the search after three seconds`() {
        let exchange = Exchange(3)
        exchange.members[1].isAlive = false
        exchange.members[2].isAlive = false
        ask(exchange, .name("tiny"))
        #expect(missing(exchange).isEmpty)
        exchange.run(for: .seconds(3))
        #expect(missing(exchange) == [.name("tiny")])
    }

    @Test func `of the models that are only heard of the latest are kept, beside all others`() {
        var core = ShardCore(suite: .simulated, seed: 1)
        let heard = (0..<400).map { sample.manifest(name: "heard \($0)", keys: keys) }
        let own = sample.manifest(name: "own", keys: keys)
        for manifest in heard { core.keepHeard(manifest) }
        // What somebody asks for after all is no longer only heard of.
        core.offer(heard[300])
        core.offer(own)
        for manifest in heard[..<200] { core.keepHeard(manifest) }
        let kept = heard.indices.filter { core.manifest(heard[$0].manifest.digest) != nil }
        #expect(kept == Array(72..<200) + [300])
        #expect(core.manifest(own.manifest.digest) == own)
        #expect(core.counters.offersDropped == 0)
    }

    @Test func `another manifest than asked for, or a forged one, is a lie`() {
        let signed = sample.manifest(name: "tiny", keys: keys)
        let other = sample.manifest(name: "other", keys: keys)
        let exchange = Exchange(3)
        exchange.members[1].core.offer(signed)
        exchange.members[1].tamper = { bytes in
            guard bytes[0] == MessageKind.manifest.rawValue else { return bytes }
            var writer = ByteWriter()
            writer.write(bytes[0..<5])
            other.write(into: &writer)
            return writer.bytes
        }
        exchange.members[2].core.offer(signed)
        exchange.members[2].tamper = { $0.dropLast() + [$0[$0.count - 1] ^ 1] }
        ask(exchange, .name("tiny"))
        #expect(arrived(exchange).isEmpty)
        #expect(exchange.members[0].core.counters.wrongAnswers == 2)
        #expect(missing(exchange) == [.name("tiny")])
    }

    private func ask(_ exchange: Exchange, _ query: ManifestQuery) {
        let peers = exchange.members.dropFirst().map(\.id)
        exchange.act(0) { core, now, mail in
            core.findManifest(query, from: peers, at: now, into: &mail)
        }
        exchange.settle()
    }

    private func arrived(_ exchange: Exchange) -> [SignedManifest] {
        exchange.members[0].events.compactMap {
            if case .manifestArrived(let manifest) = $0 { manifest } else { nil }
        }
    }

    private func missing(_ exchange: Exchange) -> [ManifestQuery] {
        exchange.members[0].events.compactMap {
            if case .manifestMissing(let query) = $0 { query } else { nil }
        }
    }
}

@Suite struct `Hostile messages` {
    @Test(arguments: [UInt64(11), 12, 13])
    func `random and cut messages change nothing but counters`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let sample = Sample(chunkCount: 2)
        let exchange = Exchange(2)
        exchange.offer(sample, by: 0)
        let sender = exchange.members[1].id
        for _ in 0..<2_000 {
            var bytes = (0..<random.below(80)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if !bytes.isEmpty { bytes[0] = 0x30 + UInt8(random.below(8)) }
            exchange.act(0) { core, now, mail in
                core.receive(bytes, from: sender, at: now, into: &mail)
            }
        }
        let counters = exchange.members[0].core.counters
        #expect(
            counters.messagesMalformed + counters.requestsRefused
                + counters.repliesUnexpected == 2_000)
        #expect(exchange.members[0].events.isEmpty)
        #expect(exchange.members[0].core.nextDeadline == .never)
    }

    @Test func `an asker beyond four reads is refused as busy`() {
        var core = ShardCore(suite: .simulated, seed: 1)
        let root = Digest(Bytes32(first: 9, second: 0, third: 0, fourth: 0))
        let asker = NodeID(Bytes32(first: 2, second: 0, third: 0, fourth: 0))
        core.offer(root: root, chunkCount: 100)
        var mail = Mail()
        for index in 0..<6 {
            var writer = ByteWriter()
            writer.write(MessageKind.askChunk.rawValue)
            writer.write(UInt32(index))
            writer.write(root)
            writer.writeVarint(index)
            core.receive(writer.bytes, from: asker, at: .origin, into: &mail)
        }
        let refusals = mail.count
        #expect(refusals == 2)
        let busy = mail.next()
        #expect(busy?.bytes == [0x36, 4, 0, 0, 0, 1])
        let refused = core.counters.requestsRefused
        #expect(refused == 2)
        var tokens: [ReadToken] = []
        while let event = core.nextEvent() {
            if case .readChunk(let token, root, _) = event { tokens.append(token) }
        }
        #expect(tokens.count == 4)
        // Withdrawn in between: the shell says nil, the asker hears "absent".
        core.withdraw(root: root)
        core.chunkRead(tokens[0], bytes: nil, at: .origin, into: &mail)
        core.chunkRead(tokens[0], bytes: nil, at: .origin, into: &mail)
        _ = mail.next()
        let absent = mail.next()
        #expect(absent?.bytes == [0x36, 0, 0, 0, 0, 0])
        let left = mail.count
        #expect(left == 0)
    }

    @Test func `a chunk over its size is malformed`() {
        var core = ShardCore(suite: .simulated, seed: 1)
        var mail = Mail()
        var writer = ByteWriter()
        writer.write(MessageKind.chunk.rawValue)
        writer.write(UInt32(1))
        writer.write(Digest(.zero))
        writer.writeVarint(0)
        writer.write(Array(repeating: 0, count: Limits.chunkByteCount + 1))
        core.receive(writer.bytes, from: NodeID(.zero), at: .origin, into: &mail)
        let malformed = core.counters.messagesMalformed
        #expect(malformed == 1)
        let left = mail.count
        #expect(left == 0)
    }
}
