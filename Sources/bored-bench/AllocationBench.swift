import CAllocations
import Identity
import Primitives
import Sessions
import Wire

/// What the hot path allocates, counted and not timed: two cores with a session between them, and
/// only their own calls inside the count.
struct AllocationBench: ~Copyable {
    private final class Side {
        var core: SessionCore
        let record: NodeRecord
        let address: PeerAddress
        /// Datagrams on their way to this side: buffers that are used again.
        var arriving: [[UInt8]] = []
        var arrivingCount = 0

        init(_ core: consuming SessionCore, _ record: NodeRecord, _ address: PeerAddress) {
            self.core = core
            self.record = record
            self.address = address
        }
    }

    private struct Count {
        var calls = 0
        var allocations: UInt64 = 0

        var perCall: Double { Double(allocations) / Double(max(1, calls)) }
    }

    private var sides: [Side]
    private var outbox = Outbox()
    private var now = Instant.origin + .seconds(1)
    private var sending = Count()
    private var receiving = Count()
    private var messageCount = 0

    static func run() {
        measure("messages of 100 bytes", byteCount: 100, priority: .activation, rounds: 4_000)
        measure("messages of 8 KiB", byteCount: 8_192, priority: .activation, rounds: 1_000)
        measure("chunks of 256 KiB", byteCount: 262_144, priority: .bulk, rounds: 20)
    }

    private static func measure(
        _ what: String, byteCount: Int, priority: Priority, rounds: Int
    ) {
        var bench = AllocationBench()
        bench.connect()
        var random = SeededRandom(seed: 9)
        let message = (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        // Tables and queues grow to their sizes first.
        for _ in 0..<rounds / 4 + 8 { bench.exchange(message, priority) }
        (bench.sending, bench.receiving, bench.messageCount) = (Count(), Count(), 0)
        for _ in 0..<rounds { bench.exchange(message, priority) }
        let packetCount = bench.receiving.calls
        let total = bench.sending.allocations + bench.receiving.allocations
        let perMessage = Double(total) / Double(max(1, bench.messageCount))
        let perPacket = Double(total) / Double(max(1, packetCount))
        report(
            "allocations, \(what)",
            "\(rounded(perMessage)) per message, both ends; \(rounded(perPacket)) per packet "
                + "(\(bench.messageCount) messages, \(packetCount) packets; "
                + "\(rounded(bench.sending.perCall)) per send, "
                + "\(rounded(bench.receiving.perCall)) per receive)")
    }

    private init() {
        let keys = [NodeKeys.seeded(1), NodeKeys.seeded(2)]
        var sides: [Side] = []
        for index in 0..<2 {
            let address = PeerAddress(10, 0, 0, UInt8(index + 1), port: 1)
            let record = NodeRecord(keys: keys[index], sequence: 1, addresses: [address])
            var settings = SessionSettings(swarm: SwarmKey(name: "bench"))
            settings.puzzleBitCount = 0
            var random = SeededRandom(seed: UInt64(index))
            let core = SessionCore(
                keys: keys[index], record: record, settings: settings,
                entropy: Bytes32(random: &random), at: now)
            sides.append(Side(core, record, address))
        }
        self.sides = sides
    }

    private mutating func connect() {
        sides[0].core.connect(
            to: sides[1].record, address: nil, at: now, into: &outbox)
        carry()
        precondition(sides[0].core.isEstablished(sides[1].record.id))
    }

    /// One message from the first side to the second, until everything is acknowledged.
    private mutating func exchange(_ message: [UInt8], _ priority: Priority) {
        let before = bored_allocation_count()
        let verdict = sides[0].core.send(
            message, to: sides[1].record.id, priority: priority, at: now, into: &outbox)
        sending.allocations += bored_allocation_count() - before
        sending.calls += 1
        precondition(verdict == .accepted)
        carry()
    }

    /// Carries datagrams, a tenth of a millisecond each way, and lets timers run.
    private mutating func carry() {
        relay(from: 0)
        for _ in 0..<20_000 {
            now = now + .microseconds(100)
            for index in 0..<2 where sides[index].arrivingCount > 0 { receive(index) }
            var isQuiet = sides[0].arrivingCount + sides[1].arrivingCount == 0
            for index in 0..<2 {
                let deadline = sides[index].core.nextDeadline
                if deadline < now + .milliseconds(30) { isQuiet = false }
                guard deadline <= now else { continue }
                let before = bored_allocation_count()
                sides[index].core.fire(at: now, into: &outbox)
                sending.allocations += bored_allocation_count() - before
                relay(from: index)
            }
            if isQuiet { return }
        }
    }

    private mutating func receive(_ index: Int) {
        let side = sides[index]
        for slot in 0..<side.arrivingCount {
            let packet = side.arriving[slot]
            let before = bored_allocation_count()
            side.core.receive(
                packet.span, from: sides[1 - index].address, at: now, into: &outbox)
            while let event = side.core.nextEvent() {
                if case .message = event { messageCount += 1 }
            }
            receiving.allocations += bored_allocation_count() - before
            receiving.calls += 1
        }
        side.arrivingCount = 0
        relay(from: index)
    }

    private mutating func relay(from index: Int) {
        let target = sides[1 - index]
        outbox.drain { bytes, _ in
            let copy = bytes.indices.map { bytes[$0] }
            if target.arrivingCount < target.arriving.count {
                target.arriving[target.arrivingCount] = copy
            } else {
                target.arriving.append(copy)
            }
            target.arrivingCount += 1
        }
    }
}
