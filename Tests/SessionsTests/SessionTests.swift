import Identity
import Primitives
import Sessions
import Testing

struct SessionTests {
    @Test func `an activation overtakes bulk that was queued before it`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        for index in 0..<8 {
            world.send([UInt8(index)] + world.noise(262_144), from: a, to: b, .bulk)
        }
        world.run(for: .milliseconds(30))
        world.send([99] + world.noise(16_384), from: a, to: b, .activation)
        world.run(for: .seconds(60)) { b.messages.contains { $0.bytes[0] == 99 } }
        let before = b.messages.filter { $0.bytes[0] != 99 }.count
        #expect(before <= 2, "\(before) bulk messages came first")
        world.run(for: .seconds(60)) { b.messages.count == 9 }
        #expect(b.messages.count == 9)
    }

    @Test func `one lost packet costs a round trip and not a timeout`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        world.run(for: .seconds(1))
        var dataCount = 0
        world.filter = { flight in
            guard flight.from == a.address, flight.bytes.count > 1_000 else { return true }
            dataCount += 1
            return dataCount != 4
        }
        let start = world.now
        world.send(world.noise(9_000), from: a, to: b, .activation)
        world.run(for: .seconds(5)) { !b.messages.isEmpty }
        // Half a round trip to deliver, one more to notice and repair, and the pacer's part.
        #expect(world.now.since(start) <= .milliseconds(30))
        #expect(a.core.counters.packetsLost == 1)
        #expect(a.core.counters.probes == 0)
    }

    @Test func `a lost tail is repaired by a probe`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        world.run(for: .seconds(1))
        var dropped = 0
        world.filter = { flight in
            guard flight.from == a.address, dropped < 1 else { return true }
            dropped += 1
            return false
        }
        let start = world.now
        world.send([5], from: a, to: b, .activation)
        world.run(for: .seconds(5)) { !b.messages.isEmpty }
        #expect(b.messages.map(\.bytes) == [[5]])
        #expect(world.now.since(start) <= .milliseconds(80))
        #expect(a.core.counters.probes >= 1)
    }

    @Test func `a lost peer is noticed within the loss timeout`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        world.run(for: .seconds(1))
        world.filter = { $0.to != b.address }
        let start = world.now
        world.send([1], from: a, to: b)
        world.run(for: .seconds(10)) { !a.closed.isEmpty }
        #expect(a.closed.map(\.1) == [.timeout])
        #expect(world.now.since(start) <= .milliseconds(3_100))
        #expect(world.now.since(start) >= .milliseconds(2_900))
    }

    @Test func `a silent session ends on both sides after its idle time`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        world.run(for: .seconds(170))
        #expect(a.closed.isEmpty && b.closed.isEmpty)
        world.run(for: .seconds(15))
        #expect(a.closed.map(\.1) == [.idle] && b.closed.map(\.1) == [.idle])
        #expect(a.core.nextDeadline == .never)
    }

    @Test func `goodbye reaches the peer`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        world.with(a) { $0.closeAll(at: world.now, into: &$1) }
        world.run(for: .seconds(1))
        #expect(b.closed.map(\.1) == [.left])
        #expect(a.closed.isEmpty && a.core.isKnown(b.id) == false)
    }

    @Test func `a captured packet is worth nothing the second time`() {
        let world = World(seed: 1)
        let (a, b) = (world.add(1), world.add(2))
        var captured: [World.Flight] = []
        world.filter = { flight in
            captured.append(flight)
            return true
        }
        world.connect(a, to: b)
        for index in 0..<20 { world.send([UInt8(index)], from: a, to: b) }
        world.run(for: .seconds(1))
        world.filter = { _ in true }
        #expect(b.messages.count == 20)
        let replayed = captured.filter { $0.to == b.address }
        for flight in replayed { world.launch(flight.bytes, from: flight.from, to: flight.to) }
        world.run(for: .seconds(1))
        #expect(b.messages.count == 20)
        #expect(b.established == [a.id] && b.closed.isEmpty)
        #expect(b.core.counters.droppedReplayed == UInt64(replayed.count))
        // From elsewhere it does not even start a path check.
        let thief = PeerAddress(10, 7, 7, 7, port: 7)
        for flight in replayed { world.launch(flight.bytes, from: thief, to: flight.to) }
        world.run(for: .seconds(1))
        #expect(b.core.address(of: a.id) == a.address)
    }

    @Test func `a peer that moves is followed once it answers there`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        world.run(for: .seconds(1))
        a.address = PeerAddress(10, 6, 6, 6, port: 4_001)
        world.send([1], from: a, to: b)
        world.run(for: .seconds(2))
        #expect(b.messages.count == 1)
        #expect(b.core.address(of: a.id) == a.address)
        #expect(b.core.counters.pathsChanged == 1)
        #expect(a.observed.last == a.address)
        world.send([2], from: b, to: a)
        world.run(for: .seconds(1))
        #expect(a.messages.map(\.bytes) == [[2]])
    }

    @Test func `a forged source address moves nothing`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        world.run(for: .seconds(1))
        let victim = PeerAddress(10, 5, 5, 5, port: 53)
        var sentToVictim = 0
        var forwards = true
        world.filter = { flight in
            if flight.to == victim { sentToVictim += flight.bytes.count }
            guard forwards, flight.from == a.address else { return true }
            forwards = false
            world.launch(flight.bytes, from: victim, to: flight.to)
            return false
        }
        world.send(world.noise(900), from: a, to: b)
        world.run(for: .seconds(3))
        for _ in 0..<10 { world.send(world.noise(5_000), from: b, to: a) }
        world.run(for: .seconds(3))
        #expect(b.core.address(of: a.id) == a.address)
        #expect(a.messages.count == 10)
        #expect(sentToVictim > 0 && sentToVictim <= 900)
    }

    @Test func `keys are renewed under traffic and nothing is lost`() {
        let world = World(seed: 1)
        world.weather = Weather(
            loss: 20_000, delay: .milliseconds(5), jitter: .milliseconds(5))
        let (a, b) = world.pair()
        var sent = 0
        for _ in 0..<400 {
            world.send([1] + world.noise(20_000), from: a, to: b, .bulk)
            world.send([2] + world.noise(20_000), from: b, to: a, .bulk)
            sent += 1
            world.run(for: .seconds(1))
        }
        world.run(for: .seconds(5))
        #expect(a.messages.count == sent && b.messages.count == sent)
        #expect(a.core.counters.rekeys >= 3 && b.core.counters.rekeys >= 3)
        #expect(a.established.count == 1 && b.established.count == 1)
        #expect(a.closed.isEmpty && b.closed.isEmpty)
    }

    @Test func `a quiet session keeps its keys`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        for index in 0..<60 {
            world.send([UInt8(index)], from: a, to: b)
            world.run(for: .seconds(10))
        }
        #expect(b.messages.count == 60)
        #expect(a.core.counters.rekeys == 0 && b.core.counters.rekeys == 0)
    }

    @Test func `a changed record travels with the next packet`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        let changed = NodeRecord(keys: a.keys, sequence: 9, addresses: [a.address])
        world.with(a) { core, _ in core.update(record: changed) }
        world.send([1], from: a, to: b)
        world.run(for: .seconds(1))
        #expect(b.changed == [changed])
        #expect(b.core.record(of: a.id) == changed)
    }

    @Test func `text crosses compressed and activations as they are`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        let text = Array(String(repeating: "the same words again and again ", count: 500).utf8)
        let before = a.core.counters.bytesSent
        world.send(text, from: a, to: b)
        world.run(for: .seconds(1))
        #expect(b.messages.map(\.bytes) == [text])
        #expect(a.core.counters.bytesSent - before < 1_000)
        world.send(text, from: a, to: b, .activation)
        world.run(for: .seconds(1))
        #expect(b.messages.count == 2 && b.messages[1].bytes == text)
        #expect(a.core.counters.messagesCompressed == 1)
    }

    @Test func `what does not fit is refused and not lost silently`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        let tooLong = [UInt8](repeating: 1, count: Limits.messageByteCount + 1)
        #expect(world.send(tooLong, from: a, to: b) == .tooLong)
        #expect(world.send([], from: a, to: b) == .tooLong)
        world.filter = { $0.from != b.address }
        let big = world.noise(Limits.messageByteCount)
        var verdicts: [SendVerdict] = []
        for _ in 0..<5 { verdicts.append(world.send(big, from: a, to: b, .bulk)) }
        #expect(verdicts == [.accepted, .accepted, .accepted, .accepted, .full])
    }

    @Test func `at the limit the session unused for longest gives way`() {
        let world = World(seed: 1)
        var settings = world.settings()
        settings.sessionCount = 3
        let hub = world.add(1, settings: settings)
        let others = (2..<6).map { world.add(UInt64($0)) }
        for other in others.prefix(3) {
            world.connect(other, to: hub)
            world.run(for: .seconds(1))
        }
        world.send([1], from: others[0], to: hub)
        world.run(for: .seconds(1))
        world.connect(others[3], to: hub)
        world.run(for: .seconds(1))
        #expect(hub.closed.map(\.0) == [others[1].id] && hub.closed.map(\.1) == [.evicted])
        #expect(others[1].closed.map(\.1) == [.evicted])
        #expect(hub.core.establishedPeers.count == 3)
        #expect(others[3].established == [hub.id])
    }

    @Test func `a small outbox delays packets and loses none`() {
        let world = World(seed: 1)
        world.outbox = Outbox(capacity: 3)
        let (a, b) = world.pair()
        let message = world.noise(300_000)
        world.send(message, from: a, to: b, .bulk)
        #expect(world.run(for: .seconds(60)) { !b.messages.isEmpty })
        #expect(b.messages.map(\.bytes) == [message])
    }
}
