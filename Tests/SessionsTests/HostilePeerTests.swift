import Identity
import Primitives
import Sessions
import Testing

/// One peer that keeps to the form of packets and to nothing else.
struct HostilePeerTests {
    private let world = World(seed: 31)

    /// A node, and a stranger's end of a session with it that stands.
    private func meet(_ settings: SessionSettings? = nil) throws -> (Node, RawSession) {
        let node = world.add(1, settings: settings)
        var session = stranger(3)
        let initiation = session.initiation(to: node.record, counter: 1, continued: 0)
        let replies = give(node, try #require(initiation))
        let reply = try #require(replies.first)
        let isAnswered = session.takeResponse(reply)
        #expect(isAnswered)
        return (node, session)
    }

    private let address = PeerAddress(10, 9, 9, 9, port: 9)

    private func stranger(_ number: UInt64) -> RawSession {
        let keys = NodeKeys.seeded(800 + number, suite: .sodium)
        let record = NodeRecord(keys: keys, sequence: 1, addresses: [address])
        return RawSession(keys: keys, record: record, swarm: world.swarm, seed: number)
    }

    /// Gives the node a datagram; what it sends then.
    @discardableResult
    private func give(
        _ node: Node, _ bytes: [UInt8], from source: PeerAddress? = nil
    ) -> [[UInt8]] {
        node.core.receive(
            bytes.span, from: source ?? address, at: world.now, into: &world.outbox)
        node.drainEvents()
        var sent: [[UInt8]] = []
        world.outbox.drain { bytes, _ in sent.append(bytes.indices.map { bytes[$0] }) }
        return sent
    }

    private func fragment(_ id: UInt64, total: Int, at offset: Int) -> [UInt8] {
        var writer = ByteWriter()
        writer.write([3, 1])
        writer.writeVarint(id)
        writer.writeVarint(total)
        writer.writeVarint(offset)
        writer.writeVarint(1)
        writer.write(UInt8(7))
        return writer.bytes
    }

    @Test(arguments: [.max, .max - 1, 1 << 63] as [UInt64])
    func `a session can begin with any number but the last one`(counter: UInt64) throws {
        let (node, session) = try meet()
        give(node, try #require(session.packet([1], counter: counter)))
        #expect(node.established.isEmpty == (counter == .max))
        give(node, try #require(session.packet([1], counter: 0)))
        #expect(node.established.isEmpty == false)
    }

    @Test func `keys that end while an answer is due leave no timer behind`() throws {
        var settings = world.settings()
        settings.rekeyInterval = .seconds(2)
        settings.quietRekeyInterval = .seconds(2)
        let (node, session) = try meet(settings)
        // Nobody answers when the node wants new keys; the old ones are good for three seconds.
        var counter: UInt64 = 0
        let start = world.now
        while world.now.since(start) < .milliseconds(2_999) {
            world.now = world.now + .milliseconds(1)
            give(node, try #require(session.packet([1], counter: counter)))
            counter += 1
            fire(node)
        }
        for _ in 0..<40 {
            world.now = world.now + .milliseconds(1)
            let isQuiet = fire(node)
            #expect(isQuiet)
        }
    }

    /// Fires until nothing is due; false where that has no end.
    @discardableResult
    private func fire(_ node: Node) -> Bool {
        for _ in 0..<50 where node.core.nextDeadline <= world.now {
            node.core.fire(at: world.now, into: &world.outbox)
            world.outbox.drain { _, _ in }
        }
        return node.core.nextDeadline > world.now
    }

    @Test(arguments: [[1], [4, 1, 2, 3, 4, 5, 6, 7, 8]] as [[UInt8]], [1, 2] as [UInt64])
    func `to where nobody has answered goes at most three times what came from there`(
        frames: [UInt8], packetCount: UInt64
    ) throws {
        let (node, session) = try meet()
        give(node, try #require(session.packet([1], counter: 0)))
        let elsewhere = PeerAddress(10, 9, 9, 8, port: 9)
        var (byteCountIn, byteCountOut) = (0, 0)
        func count() {
            world.outbox.drain { bytes, target in
                if target == elsewhere { byteCountOut += bytes.count }
            }
        }
        for counter in 1...packetCount {
            let packet = try #require(session.packet(frames, counter: counter))
            byteCountIn += packet.count
            node.core.receive(packet.span, from: elsewhere, at: world.now, into: &world.outbox)
            count()
        }
        for _ in 0..<40 {
            world.now = world.now + .milliseconds(50)
            node.core.fire(at: world.now, into: &world.outbox)
            count()
        }
        let challengeCount = packetCount == 1 ? 2 : 3
        let responseCount = frames[0] == 4 ? Int(packetCount) : 0
        #expect(byteCountOut == (challengeCount + responseCount) * 41)
        #expect(byteCountOut <= 3 * byteCountIn)
    }

    @Test func `a message in crumbs takes no more than its limit and still arrives`() throws {
        let (node, session) = try meet()
        let total = 2_001
        var counter: UInt64 = 0
        func send(_ offsets: [Int]) throws {
            for start in stride(from: 0, to: offsets.count, by: 100) {
                let part = offsets[start..<min(start + 100, offsets.count)]
                let frames = part.flatMap { fragment(0, total: total, at: $0) }
                give(node, try #require(session.packet(frames, counter: counter)))
                counter += 1
            }
        }
        // Every second byte: a thousand parts, none beside another.
        try send(Array(stride(from: 1, to: total, by: 2)))
        #expect(node.core.counters.droppedOverLimit == 8)
        try send(Array(stride(from: 0, to: total, by: 2)))
        #expect(node.messages.isEmpty)
        try send(Array(0..<total))
        #expect(node.messages.map(\.bytes) == [[UInt8](repeating: 7, count: total)])
        #expect(node.closed.isEmpty)
    }

    @Test func `messages that are never ended do not keep others' out`() throws {
        let (a, b) = world.pair()
        let whole = Limits.reassemblyByteCountOfAll / Limits.reassemblyByteCount
        for number in 0..<UInt64(whole) {
            var session = stranger(10 + number)
            let initiation = session.initiation(to: b.record, counter: 1, continued: 0)
            let replies = give(b, try #require(initiation))
            let isAnswered = session.takeResponse(try #require(replies.first))
            #expect(isAnswered)
            let frames = (0..<4).flatMap { fragment($0, total: Limits.messageByteCount, at: 0) }
            give(b, try #require(session.packet(frames, counter: 0)))
        }
        #expect(b.core.counters.droppedOverLimit == 0 && b.closed.isEmpty)
        let bytes = world.noise(5_000)
        world.send(bytes, from: a, to: b)
        world.run(for: .seconds(1))
        #expect(b.messages.last?.bytes == bytes)
        // One of those that had most gave way, and nobody else.
        #expect(b.closed.map(\.1) == [.evicted])
        #expect(b.core.isEstablished(a.id) == true)
    }
}
