import Foundation
import Identity
import MeshNode
import Primitives
import Sessions
import Shards
import Testing
import Wire

/// `BORED_LIAR_MOVES` sets how many moves each seed makes.
private let moveCount =
    ProcessInfo.processInfo.environment["BORED_LIAR_MOVES"].flatMap { Int($0) } ?? 600

/// A node that serves one model, looks for another, and knows nobody but liars.
private final class Siege {
    private static let models = [
        PieceModel(name: "first", layerCount: 4), PieceModel(name: "second", layerCount: 4),
    ]
    let victim: ShelledNode
    private var entry: ShelledNode?
    private let liar: Liar
    private var now = Instant.origin + .seconds(100)
    private var outbox = Outbox()
    private var waiting: [(bytes: [UInt8], from: PeerAddress, to: PeerAddress)] = []
    /// What must never happen.
    private(set) var faults: Set<String> = []
    private var isOver = false

    private static func shelled(
        _ number: UInt8, flags: RecordFlags, seed: UInt64, at now: Instant
    ) -> ShelledNode {
        let address = PeerAddress(10, 0, 0, number, port: 7)
        var settings = NodeSettings(swarm: SwarmKey(name: "siege"), firstSequence: 1_000)
        settings.suite = .simulated
        settings.puzzleBitCount = 0
        settings.sessions.puzzleBitCount = 0
        settings.flags = flags
        settings.memoryByteCount = 1 << 30
        var random = SeededRandom(seed: seed &+ UInt64(number) << 32)
        let node = Node(
            keys: .seeded(UInt64(number), suite: .simulated), addresses: [address],
            settings: settings, entropy: Bytes32(random: &random), seed: random.next(), at: now)
        return ShelledNode(node, address: address, models: models)
    }

    init(seed: UInt64) {
        victim = Self.shelled(1, flags: [], seed: seed, at: now)
        var settings = SessionSettings(swarm: SwarmKey(name: "siege"))
        settings.puzzleBitCount = 0
        liar = Liar(
            seed: seed, victim: victim.node.record, models: Self.models, settings: settings,
            at: now)
        victim.give(Self.models[0], isServed: true, at: now, into: &outbox)
        victim.node.findModel(.name("second"), isServed: true, at: now, into: &outbox)
        settle(victim)
        for face in liar.faces { connect(face) }
    }

    private func below(_ bound: Int) -> Int { liar.random.below(bound) }
    private var nodes: [ShelledNode] { [victim] + [entry].compactMap { $0 } }

    // MARK: moves

    func turn() {
        now = now + .microseconds(below(liar.isOne(in: 60) ? 4_000_000 : 8_000))
        switch below(100) {
        case 0: liar.changeFace(at: now)
        case 1: liar.renewRecord(below(Liar.faceCount))
        case 2:
            let face = liar.pick(liar.faces)
            face.core.close(victim.node.id, reason: .left, at: now, into: &outbox)
            take(from: face.address)
        case 3: connect(liar.pick(liar.faces))
        case 4...10: actAsOwner()
        case 11...30: answerPending()
        default: say()
        }
        settle(victim)
        tick()
    }

    private func connect(_ face: Liar.Face) {
        face.core.connect(to: victim.node.record, address: nil, at: now, into: &outbox)
        take(from: face.address)
        settle()
    }

    private func say() {
        let (index, bytes) = liar.say()
        let face = liar.faces[index]
        if !face.core.isEstablished(victim.node.id) { connect(face) }
        let priority: Priority = bytes.count > 2_000 ? .bulk : .control
        _ = face.core.send(bytes, to: victim.node.id, priority: priority, at: now, into: &outbox)
        let elsewhere = PeerAddress(10, 8, 0, UInt8(below(4)), port: 9)
        take(from: liar.isOne(in: 50) ? elsewhere : face.address)
        settle()
    }

    private func answerPending() {
        guard !victim.pending.isEmpty else { return }
        victim.answer(
            below(victim.pending.count), fails: liar.isOne(in: 6), at: now, into: &outbox)
    }

    private func actAsOwner() {
        let ticket = victim.positions.keys.sorted().randomElement(using: &liar.random)
        let model = liar.pick(Self.models)
        switch below(12) {
        case 0...2 where victim.positions.count < 4:
            _ = victim.node.openRequest(
                model: model.digest, positionLimit: 64, patience: .milliseconds(below(3_000)),
                at: now, into: &outbox)
        case 3:
            let presence = liar.pick([.idle, .idle, .foreignLoad, .vehicleMoving] as [Presence])
            victim.node.setPresence(presence, at: now, into: &outbox)
        case 4: victim.node.setLine(isSpared: liar.isOne(in: 3), at: now, into: &outbox)
        case 5:
            let budget: Int? = liar.pick([nil, 0, 30_000])
            victim.node.setPieceBudget(byteCount: budget, at: now, into: &outbox)
        case 6: victim.node.askStates(of: liar.pick(liar.faces).keys.id, at: now, into: &outbox)
        case 7: victim.node.meet([liar.pick(liar.faces).address], at: now, into: &outbox)
        case 8:
            guard let ticket else { return }
            victim.positions[ticket] = nil
            if liar.isOne(in: 2) {
                victim.node.closeRequest(ticket, at: now, into: &outbox)
            } else {
                victim.node.cancelRequest(ticket, at: now, into: &outbox)
            }
        default:
            guard let ticket, let position = victim.positions[ticket], position < 50 else { return }
            let rowCount = 1 + below(4)
            let isSent = victim.node.step(
                ticket, position: position, rowCount: rowCount, resultCount: below(rowCount + 1),
                rows: [UInt8](repeating: 9, count: rowCount * 16), mayBeKept: liar.isOne(in: 2),
                at: now, into: &outbox)
            if isSent { victim.positions[ticket] = position + rowCount }
        }
    }

    // MARK: the wire

    private func take(from source: PeerAddress) {
        outbox.drain { bytes, target in
            waiting.append((bytes.indices.map { bytes[$0] }, source, target))
        }
    }

    private func settle(_ node: ShelledNode) {
        node.takeEffects()
        take(from: node.address)
        settle()
    }

    private func settle() {
        var stepCount = 0
        while !waiting.isEmpty {
            stepCount += 1
            guard stepCount < 3_000 else {
                faults.insert("an endless talk")
                return waiting.removeAll()
            }
            let (bytes, from, to) = waiting.removeFirst()
            if !isOver, liar.isOne(in: 100) { continue }
            if let node = nodes.first(where: { $0.address == to }) {
                node.node.receive(bytes.span, from: from, at: now, into: &outbox)
                node.takeEffects()
                take(from: to)
            } else if !isOver, let index = liar.faces.firstIndex(where: { $0.address == to }) {
                hear(bytes, index, from: from)
            }
        }
    }

    private func hear(_ bytes: [UInt8], _ index: Int, from source: PeerAddress) {
        let face = liar.faces[index]
        face.core.receive(bytes.span, from: source, at: now, into: &outbox)
        while let event = face.core.nextEvent() {
            if case .message(_, let message) = event { liar.hear(message, as: index) }
        }
        take(from: face.address)
    }

    private func tick() {
        for node in nodes {
            for _ in 0..<100 where node.node.nextDeadline <= now {
                node.node.fire(at: now, into: &outbox)
                settle(node)
            }
            if node.node.nextDeadline <= now { faults.insert("a timer that is never done") }
            faults.formUnion(node.faults)
        }
        for face in liar.faces where !isOver && face.core.nextDeadline <= now {
            face.core.fire(at: now, into: &outbox)
            while face.core.nextEvent() != nil {}
            take(from: face.address)
            settle()
        }
    }

    // MARK: afterwards

    /// Goes from deadline to deadline with shells that answer at once and well.
    private func run(for time: Interval, until isDone: () -> Bool = { false }) {
        let end = now + time
        while now < end, !isDone() {
            let next = nodes.map { $0.node.nextDeadline }.min() ?? .never
            now = min(end, max(now + .milliseconds(1), next))
            tick()
            for node in nodes {
                while !node.pending.isEmpty {
                    node.answer(0, fails: false, at: now, into: &outbox)
                    settle(node)
                }
            }
        }
    }

    /// The liars fall silent for good, and the owner is away.
    func rest() {
        isOver = true
        for ticket in victim.positions.keys.sorted() {
            victim.node.cancelRequest(ticket, at: now, into: &outbox)
        }
        victim.node.setPresence(.idle, at: now, into: &outbox)
        victim.node.setLine(isSpared: false, at: now, into: &outbox)
        settle(victim)
        run(for: .minutes(2))
    }

    /// Whether an honest visitor's request is answered by the victim alone.
    func works() -> Bool {
        let visitor = Self.shelled(2, flags: .transient, seed: 1, at: now)
        entry = visitor
        visitor.give(Self.models[0], isServed: false, at: now, into: &outbox)
        visitor.node.meet([victim.address], at: now, into: &outbox)
        settle(visitor)
        run(for: .seconds(5))
        let ticket = visitor.node.openRequest(
            model: Self.models[0].digest, positionLimit: 16, patience: .seconds(20), at: now,
            into: &outbox)
        settle(visitor)
        run(for: .seconds(30)) { visitor.positions[ticket] != nil }
        let rows = (0..<32).map { UInt8($0) }
        _ = visitor.node.step(
            ticket, position: 0, rowCount: 2, resultCount: 2, rows: rows, at: now, into: &outbox)
        settle(visitor)
        run(for: .seconds(5)) { !visitor.results.isEmpty }
        return visitor.seats.allSatisfy { $0.node == victim.node.id }
            && visitor.results == [Pipe.run(LayerRange(0, 4), rows)]
    }
}

@Suite struct `a whole node among liars` {
    private func count(_ name: String, _ room: String, _ siege: Siege) -> UInt64 {
        let rooms = siege.victim.node.tally.rooms.first { $0.room == room }
        return rooms?.counts.first { $0.name == name }?.value ?? 0
    }

    @Test(arguments: 0..<40) func `lives on, within its limits, and serves who is honest`(
        seed: Int
    ) {
        let siege = Siege(seed: UInt64(seed))
        for _ in 0..<moveCount { siege.turn() }
        // It was no quarrel about form.
        let work = [
            count("statesAdopted", "gossip", siege), count("requestsAnswered", "kademlia", siege),
            count("wrongAnswers", "shards", siege), count("stagesOpened", "pipelines", siege),
        ]
        #expect(work[0] > 5 && work[1] > 5 && work[2] + work[3] > 2, "\(work)")
        siege.rest()
        let works = siege.works()
        #expect(works)
        #expect(siege.faults.isEmpty)
    }
}
