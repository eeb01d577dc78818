import Foundation
import Identity
import Primitives
import Sessions
import Testing

/// Figures for docs/PERFORMANCE.md; they mean something in release builds only.
/// `BORED_SPEED_MEBIBYTES` sets how much crosses (16 when unset).
@Suite(.serialized)
struct SpeedTests {
    /// Two cores in one process; datagrams go from outbox to core, time is the machine's.
    final class Wire {
        let nodes: [Node]
        private var outboxes = [[UInt8]]()
        private var outbox = Outbox()
        private var queue: [(to: Int, bytes: [UInt8])] = []
        private let start = ContinuousClock.now

        init() {
            let world = World(seed: 1)
            nodes = [world.add(1), world.add(2)]
        }

        var now: Instant {
            let elapsed = (ContinuousClock.now - start).components
            let nanoseconds = UInt64(elapsed.seconds) * 1_000_000_000
            return Instant(
                nanoseconds: 2_000_000_000 + nanoseconds
                    + UInt64(elapsed.attoseconds / 1_000_000_000))
        }

        /// One call on one core; what it sends goes straight into the other, until both are quiet.
        func call(_ index: Int, _ body: (inout SessionCore, inout Outbox, Instant) -> Void) {
            body(&nodes[index].core, &outbox, now)
            relay(from: index)
            while !queue.isEmpty {
                let batch = queue
                queue.removeAll(keepingCapacity: true)
                for (to, bytes) in batch {
                    nodes[to].core.receive(
                        bytes.span, from: nodes[1 - to].address, at: now, into: &outbox)
                    relay(from: to)
                }
            }
        }

        private func relay(from index: Int) {
            outbox.drain { span, _ in
                let copy = unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
                queue.append((1 - index, copy))
            }
            nodes[index].drainEvents()
        }

        func fire() {
            for index in 0...1 where nodes[index].core.nextDeadline <= now {
                call(index) { $0.fire(at: $2, into: &$1) }
            }
        }

        func connect() {
            let record = nodes[1].record
            call(0) { $0.connect(to: record, address: nil, at: $2, into: &$1) }
        }

        func send(_ bytes: [UInt8], from index: Int, _ priority: Priority) -> SendVerdict {
            var verdict = SendVerdict.noSession
            let peer = nodes[1 - index].id
            call(index) {
                verdict = $0.send(bytes, to: peer, priority: priority, at: $2, into: &$1)
            }
            return verdict
        }
    }

    @Test func `bulk between two cores in one process`() {
        let mebibytes =
            ProcessInfo.processInfo.environment["BORED_SPEED_MEBIBYTES"].flatMap { Int($0) } ?? 16
        let wire = Wire()
        wire.connect()
        let chunk = World(seed: 2).noise(262_144)
        let start = wire.now
        var (sent, arrived) = (0, 0)
        while arrived < mebibytes * 4 {
            while sent < min(mebibytes * 4, arrived + 8),
                wire.send(chunk, from: 0, .bulk) == .accepted
            { sent += 1 }
            wire.fire()
            arrived += wire.nodes[1].messages.count
            wire.nodes[1].messages.removeAll()
        }
        let seconds = wire.now.since(start).seconds
        let counters = wire.nodes[0].core.counters
        print(
            "bulk: \(Int(Double(mebibytes) * 1.048576 / seconds)) MB/s,",
            "\(counters.packetsSent) packets, \(counters.packetsReceived) acks,",
            "lost \(counters.packetsLost)")
        #expect(arrived == mebibytes * 4)
    }

    @Test func `small messages there and back`() {
        let wire = Wire()
        wire.connect()
        let message = World(seed: 2).noise(100)
        let rounds = 20_000
        let start = wire.now
        for _ in 0..<rounds {
            _ = wire.send(message, from: 0, .activation)
            _ = wire.send(message, from: 1, .activation)
            wire.fire()
        }
        let microseconds = wire.now.since(start).nanoseconds / UInt64(rounds) / 1_000
        print("round trip of 100 bytes: \(microseconds) us")
        #expect(wire.nodes[0].messages.count == rounds)
        #expect(wire.nodes[1].messages.count == rounds)
    }

    @Test func `handshakes in a second`() {
        let world = World(seed: 1)
        var settings = world.settings()
        settings.handshakesBeforeCookies = .max
        let server = world.add(1, settings: settings)
        let others = (2..<502).map { world.add(UInt64($0)) }
        let start = ContinuousClock.now
        for other in others { world.connect(other, to: server) }
        world.run(for: .milliseconds(600))
        let elapsed = (ContinuousClock.now - start).components.attoseconds / 1_000_000_000_000
        print("500 handshakes, both sides and the world around them: \(elapsed) us")
        #expect(server.established.count == 500)
    }
}
