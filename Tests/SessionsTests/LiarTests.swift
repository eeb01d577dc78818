import Foundation
import Identity
import Primitives
import Sessions
import Testing

/// `BORED_LIAR_MOVES` sets how many moves each seed makes.
private let moveCount =
    ProcessInfo.processInfo.environment["BORED_LIAR_MOVES"].flatMap { Int($0) } ?? 2_400

/// A node between three liars and one honest peer.
private struct Victim: ~Copyable {
    private static let swarm = SwarmKey(name: "liars")
    private let address = PeerAddress(10, 0, 0, 1, port: 4_000)
    private let honestAddress = PeerAddress(10, 0, 0, 2, port: 4_000)
    private let record: NodeRecord
    private let honestRecord: NodeRecord
    private(set) var core: SessionCore
    private var honest: SessionCore
    private var liars: [Liar]
    private var random: SeededRandom
    private var now = Instant.origin + .seconds(10)
    private var outbox = Outbox()
    private var waiting: [(bytes: [UInt8], from: PeerAddress, to: PeerAddress)] = []
    /// Bytes from and to addresses where nobody ever proved to be.
    private(set) var byteCountIn = 0
    private(set) var byteCountOut = 0
    private(set) var sentCount = 0
    private(set) var arrived: [UInt8] = []
    private(set) var lieCount = 0
    /// What must never happen.
    private(set) var faults: Set<String> = []

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var settings = SessionSettings(swarm: Self.swarm)
        settings.puzzleBitCount = 0
        let keys = NodeKeys.seeded(500, suite: .simulated)
        let honestKeys = NodeKeys.seeded(501, suite: .simulated)
        record = NodeRecord(keys: keys, sequence: 1, addresses: [address])
        honestRecord = NodeRecord(keys: honestKeys, sequence: 1, addresses: [honestAddress])
        core = SessionCore(
            keys: keys, record: record, settings: settings, entropy: Bytes32(random: &random),
            at: now)
        honest = SessionCore(
            keys: honestKeys, record: honestRecord, settings: settings,
            entropy: Bytes32(random: &random), at: now)
        liars = (1...3).map { Liar($0, swarm: Self.swarm, random: random.split()) }
        self.random = random
    }

    mutating func turn() {
        let isPause = random.below(300) == 0
        now = now + .microseconds(isPause ? random.below(8_000_000) : random.below(1_500))
        let liar = random.below(liars.count)
        switch random.below(100) {
        case 0: core.connect(to: liars[liar].session.record, address: nil, at: now, into: &outbox)
        case 1: core.learn(liars[liar].session.record, at: now, into: &outbox)
        case 2: core.inquire(liars[liar].address, at: now, into: &outbox)
        case 3...5: speak(to: liars[liar].id, 1 + random.below(random.below(9) == 0 ? 90_000 : 900))
        case 6, 7: speakHonestly()
        default: lie(liar)
        }
        settle()
        tick()
    }

    private mutating func speak(to peer: NodeID, _ byteCount: Int) {
        let priority = Priority.allCases[random.below(3)]
        _ = core.send(
            [UInt8](repeating: 7, count: byteCount), to: peer, priority: priority, at: now,
            into: &outbox)
    }

    /// The honest peer counts its messages.
    private mutating func speakHonestly() {
        take(from: address)
        honest.connect(to: record, address: nil, at: now, into: &outbox)
        let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: sentCount), count: 2_000)
        let verdict = honest.send(
            bytes, to: record.id, priority: .control, at: now, into: &outbox)
        if case .accepted = verdict { sentCount += 1 }
        take(from: honestAddress)
    }

    private mutating func lie(_ index: Int) {
        guard let (bytes, from) = liars[index].datagram(to: record) else { return }
        lieCount += 1
        give(bytes, from: from)
    }

    private mutating func give(_ bytes: [UInt8], from: PeerAddress) {
        let isElsewhere = !liars.contains { $0.address == from } && from != honestAddress
        if isElsewhere { byteCountIn += bytes.count }
        core.receive(bytes.span, from: from, at: now, into: &outbox)
        var eventCount = 0
        while let event = core.nextEvent() {
            eventCount += 1
            if case .message(honestRecord.id, let bytes) = event { arrived.append(bytes[0]) }
        }
        if eventCount > 256 { faults.insert("\(eventCount) events of one datagram") }
        take(from: address)
    }

    /// Lays what was sent onto the wires.
    private mutating func take(from source: PeerAddress) {
        outbox.drain { bytes, target in
            waiting.append((bytes.indices.map { bytes[$0] }, source, target))
        }
    }

    private mutating func settle() {
        take(from: address)
        var steps = 0
        while !waiting.isEmpty {
            steps += 1
            if steps > 4_000 {
                faults.insert("an endless talk")
                return
            }
            let (bytes, from, to) = waiting.removeFirst()
            if to == address {
                give(bytes, from: from)
            } else if to == honestAddress {
                honest.receive(bytes.span, from: from, at: now, into: &outbox)
                while honest.nextEvent() != nil {}
                take(from: honestAddress)
            } else {
                hear(bytes, at: to)
            }
        }
    }

    private mutating func hear(_ bytes: [UInt8], at target: PeerAddress) {
        let known = liars.firstIndex { $0.address == target }
        if known == nil { byteCountOut += bytes.count }
        // Whoever lies from elsewhere reads there as well.
        for index in liars.indices where known == nil || known == index {
            for (answer, from) in liars[index].hear(bytes, at: target, victim: record) {
                waiting.append((answer, from, address))
            }
        }
    }

    private mutating func tick() {
        for _ in 0..<300 where core.nextDeadline <= now {
            core.fire(at: now, into: &outbox)
            while core.nextEvent() != nil {}
            settle()
        }
        if core.nextDeadline <= now { faults.insert("a timer that is never done") }
        for _ in 0..<300 where honest.nextDeadline <= now {
            take(from: address)
            honest.fire(at: now, into: &outbox)
            while honest.nextEvent() != nil {}
            take(from: honestAddress)
            settle()
        }
    }

    /// Lets the honest pair finish.
    mutating func rest() {
        for _ in 0..<4_000 {
            now = now + .milliseconds(1)
            tick()
        }
    }
}

@Suite struct `a node's sessions between liars` {
    @Test(arguments: 0..<40) func `live on, whatever is said under the right keys`(seed: Int) {
        var victim = Victim(seed: UInt64(seed))
        for _ in 0..<moveCount { victim.turn() }
        victim.rest()
        let (counters, faults) = (victim.core.counters, victim.faults)
        #expect(faults.isEmpty)
        // It was no quarrel about form.
        #expect(counters.messagesReceived > 100 && counters.handshakesAnswered > 5, "\(counters)")
        #expect(counters.pathsChanged + counters.rekeys > 0, "\(counters)")
        // Beside the liars, what the honest peer said came once each.
        let (sent, arrived) = (victim.sentCount, victim.arrived)
        #expect(sent > moveCount / 100 && arrived.count == sent)
        let sorted = Set(arrived).count
        #expect(sorted == min(sent, 256))
        let (bytesIn, bytesOut) = (victim.byteCountIn, victim.byteCountOut)
        #expect(bytesOut <= 3 * bytesIn, "\(bytesOut) for \(bytesIn)")
    }
}
