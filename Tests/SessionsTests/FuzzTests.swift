import Foundation
import Identity
import Primitives
import Sessions
import Testing

struct FuzzTests {
    /// `BORED_FUZZ_CASES` sets how many datagrams each test throws.
    private var caseCount: Int {
        ProcessInfo.processInfo.environment["BORED_FUZZ_CASES"].flatMap { Int($0) } ?? 100_000
    }

    @Test func `garbage and mutated packets change nothing but counters`() {
        let world = World(seed: 11)
        let (a, b) = (world.add(1), world.add(2))
        var captured: [[UInt8]] = []
        world.filter = { flight in
            if flight.to == b.address { captured.append(flight.bytes) }
            return true
        }
        world.with(a) { $0.inquire(b.address, at: world.now, into: &$1) }
        world.connect(a, to: b)
        for _ in 0..<20 { world.send(world.noise(400), from: a, to: b) }
        world.run(for: .seconds(2))
        let delivered = b.messages.count
        #expect(delivered == 20)
        var random = SeededRandom(seed: 12)
        let sources = [a.address, PeerAddress(10, 1, 2, 3, port: 9)]
        for index in 0..<caseCount {
            let packet = mutate(captured[index % captured.count], random: &random)
            let now = world.now
            let from = sources[index % 2]
            b.core.receive(packet.span, from: from, at: now, into: &world.outbox)
            world.outbox.drain { reply, _ in
                #expect(reply.count <= packet.count)
            }
            b.drainEvents()
        }
        #expect(b.messages.count == delivered)
        #expect(b.established == [a.id] && b.closed.isEmpty && b.changed.isEmpty)
        #expect(b.core.address(of: a.id) == a.address)
        #expect(b.core.establishedPeers == [a.id])
        world.send([42], from: a, to: b)
        world.run(for: .seconds(1))
        #expect(b.messages.last?.bytes == [42])
    }

    /// Never equal to the packet it came from: that one is a replay, tested elsewhere.
    private func mutate(_ packet: [UInt8], random: inout SeededRandom) -> [UInt8] {
        var mutated = packet
        switch random.below(5) {
        case 0:
            mutated = (0..<random.below(1_201)).map { _ in UInt8(truncatingIfNeeded: random.next())
            }
            if mutated.count > 1 { (mutated[0], mutated[1]) = (UInt8(random.below(9)), 1) }
        case 1: mutated.removeLast(1 + random.below(packet.count))
        case 2:
            mutated += (0...random.below(40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        default:
            for _ in 0...random.below(6) {
                mutated[random.below(packet.count)] ^= UInt8(1 + random.below(255))
            }
        }
        return Array(mutated.prefix(Limits.datagramByteCount))
    }
}
