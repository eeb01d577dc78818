import Identity
import Primitives
import Shards
import Testing
import Wire

@Suite struct `Moving pieces within limits` {
    let sample = Sample(chunkCount: 12, lastByteCount: Limits.chunkByteCount)

    private func budget(_ chunkCount: Int?, of index: Int, in exchange: Exchange) {
        exchange.act(index) { core, now, mail in
            core.setBudget(
                byteCount: chunkCount.map { $0 * Limits.chunkByteCount }, at: now, into: &mail)
        }
    }

    @Test func `the nearest source gives what it can, the next ones the rest`() {
        let exchange = Exchange(4)
        for index in 0..<3 { exchange.offer(sample, by: index) }
        // Nearest first: 1, then 0, then 2.
        exchange.fetch(sample, by: 3, from: [1, 0, 2], known: true)
        exchange.settle(limit: 12)
        let asked = exchange.order.map { $0.prefix(1) }
        #expect(asked.count { $0 == "1" } == 4)
        #expect(asked.count { $0 == "0" } == 4)
        exchange.settle()
        #expect(exchange.isComplete(sample, at: 3))
        // With fewer chunks than one source takes, the nearest gives them all.
        let small = Sample(chunkCount: 3, seed: 40)
        for index in 0..<3 { exchange.offer(small, by: index) }
        exchange.order = []
        exchange.fetch(small, by: 3, from: [2, 0, 1], known: true)
        exchange.settle()
        #expect(exchange.order.allSatisfy { $0.hasPrefix("2") } && exchange.order.count == 3)
    }

    @Test func `a fetch never takes more than the owner allows, and goes on when more is`() {
        let exchange = Exchange(3)
        exchange.offer(sample, by: 0)
        exchange.offer(sample, by: 1)
        budget(5, of: 2, in: exchange)
        exchange.fetch(sample, by: 2, from: [0, 1], known: true)
        exchange.run(for: .minutes(5))
        #expect(exchange.members[2].stored.count == 5)
        #expect(exchange.failures(at: 2).isEmpty)
        budget(4, of: 2, in: exchange)
        exchange.run(for: .minutes(1))
        #expect(exchange.members[2].stored.count == 9)
        budget(nil, of: 2, in: exchange)
        exchange.settle()
        #expect(exchange.isComplete(sample, at: 2))
    }

    @Test func `a source gives away no more than its owner allows, and others give the rest`() {
        let exchange = Exchange(3)
        exchange.offer(sample, by: 0)
        exchange.offer(sample, by: 1)
        budget(2, of: 0, in: exchange)
        exchange.fetch(sample, by: 2, from: [0, 1], known: true)
        exchange.run(for: .seconds(5))
        #expect(exchange.isComplete(sample, at: 2))
        #expect(exchange.members[0].core.counters.chunksServed == 2)
        #expect(exchange.members[0].core.counters.requestsRefused > 0)
        // Alone with a spent budget nothing is lost: the asker waits and comes again.
        let other = Sample(chunkCount: 2, seed: 90)
        exchange.offer(other, by: 0)
        exchange.fetch(other, by: 2, from: [0], known: true)
        exchange.run(for: .minutes(3))
        #expect(!exchange.isComplete(other, at: 2) && exchange.failures(at: 2).isEmpty)
        budget(nil, of: 0, in: exchange)
        exchange.run(for: .minutes(2))
        #expect(exchange.isComplete(other, at: 2))
    }

    @Test func `while requests run, pieces take two slots and give two`() {
        let exchange = Exchange(3)
        exchange.offer(sample, by: 0)
        exchange.offer(sample, by: 1)
        exchange.act(2) { core, _, _ in core.isYielding = true }
        exchange.fetch(sample, by: 2, from: [0, 1], known: true)
        exchange.settle(limit: 4)
        #expect(exchange.order.count == 2)
        exchange.settle()
        #expect(exchange.isComplete(sample, at: 2))
        // Three ask at once for what this node's disk has not read yet: the third is refused.
        var core = ShardCore(suite: .simulated, seed: 1)
        core.isYielding = true
        core.offer(root: sample.entry.root, chunkCount: sample.entry.chunkCount)
        for number in 1...3 as ClosedRange<UInt64> {
            var asker = ShardCore(suite: .simulated, seed: number)
            var mail = Mail()
            let id = NodeID(Bytes32(first: number, second: 0, third: 0, fourth: 0))
            asker.fetch(
                sample.entry, from: [NodeID(.zero)], knownChunkDigests: sample.digests,
                presentChunks: Array(1..<12), at: .origin, into: &mail)
            var answers = Mail()
            while let letter = mail.next() {
                core.receive(letter.bytes, from: id, at: .origin, into: &answers)
            }
        }
        #expect(core.counters.requestsRefused == 1)
    }
}
