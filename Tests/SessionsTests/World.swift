import Identity
import Primitives
import Sessions

/// A node of the test world: the core, and what it told.
final class Node {
    let keys: NodeKeys
    var record: NodeRecord
    var address: PeerAddress
    var core: SessionCore
    var messages: [(from: NodeID, bytes: [UInt8])] = []
    var established: [NodeID] = []
    var closed: [(NodeID, CloseReason)] = []
    var unreachable: [NodeID] = []
    var introduced: [NodeRecord] = []
    var silent: [PeerAddress] = []
    var observed: [PeerAddress] = []
    var changed: [NodeRecord] = []

    init(keys: NodeKeys, record: NodeRecord, address: PeerAddress, core: consuming SessionCore) {
        self.keys = keys
        self.record = record
        self.address = address
        self.core = core
    }

    var id: NodeID { keys.id }

    func drainEvents() {
        while let event = core.nextEvent() {
            switch event {
            case .established(let record, _): established.append(record.id)
            case .recordChanged(let record): changed.append(record)
            case .message(let from, let bytes): messages.append((from, bytes))
            case .closed(let id, let reason): closed.append((id, reason))
            case .unreachable(let id): unreachable.append(id)
            case .introduced(let record, _): introduced.append(record)
            case .silent(let address): silent.append(address)
            case .observed(let address, _): observed.append(address)
            }
        }
    }
}

/// What the pipe between nodes does to datagrams, in chances per million.
struct Weather {
    var loss = 0
    var duplication = 0
    var corruption = 0
    var delay = Interval.milliseconds(5)
    var jitter = Interval.zero
}

/// Nodes joined by a pipe in virtual time.
final class World {
    struct Flight {
        var at: Instant
        var order: Int
        var bytes: [UInt8]
        var from: PeerAddress
        var to: PeerAddress
    }

    let swarm = SwarmKey(name: "test")
    var nodes: [Node] = []
    var weather = Weather()
    var now = Instant.origin + .seconds(1)
    var random: SeededRandom
    var outbox = Outbox()
    /// Sees each datagram before the weather does; false swallows it.
    var filter: (Flight) -> Bool = { _ in true }
    private var flights: [Flight] = []
    private var order = 0

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    func settings() -> SessionSettings {
        var settings = SessionSettings(swarm: swarm)
        settings.puzzleBitCount = 0
        return settings
    }

    @discardableResult
    func add(
        _ seed: UInt64, keys keySeed: UInt64? = nil, sequence: UInt64 = 1,
        settings: SessionSettings? = nil, entropy: UInt64 = 0
    ) -> Node {
        let keys = NodeKeys.seeded(keySeed ?? seed, suite: .sodium)
        let address = PeerAddress(10, 0, UInt8(seed >> 8), UInt8(seed & 255), port: 4_000)
        let record = NodeRecord(keys: keys, sequence: sequence, addresses: [address])
        var chance = SeededRandom(seed: seed &* 1_000 &+ entropy)
        let node = Node(
            keys: keys, record: record, address: address,
            core: SessionCore(
                keys: keys, record: record, settings: settings ?? self.settings(),
                entropy: Bytes32(random: &chance), at: now))
        nodes.append(node)
        return node
    }

    /// Speaks to a node's core, then sends what it wants sent.
    func with<Result>(
        _ node: Node, _ body: (inout SessionCore, inout Outbox) -> Result
    ) -> Result {
        let result = body(&node.core, &outbox)
        flush(node)
        return result
    }

    func connect(_ node: Node, to other: Node) {
        with(node) { $0.connect(to: other.record, address: nil, at: now, into: &$1) }
    }

    @discardableResult
    func send(
        _ bytes: [UInt8], from node: Node, to other: Node, _ priority: Priority = .control
    ) -> SendVerdict {
        with(node) { $0.send(bytes, to: other.id, priority: priority, at: now, into: &$1) }
    }

    func flush(_ node: Node) {
        var sent: [([UInt8], PeerAddress)] = []
        outbox.drain { bytes, target in
            var copy: [UInt8] = []
            for index in bytes.indices { copy.append(bytes[index]) }
            sent.append((copy, target))
        }
        for (bytes, target) in sent { launch(bytes, from: node.address, to: target) }
        node.drainEvents()
    }

    func launch(_ bytes: [UInt8], from: PeerAddress, to: PeerAddress) {
        var flight = Flight(at: now, order: order, bytes: bytes, from: from, to: to)
        guard filter(flight) else { return }
        let copies = random.chance(perMillion: weather.duplication) ? 2 : 1
        for _ in 0..<copies where !random.chance(perMillion: weather.loss) {
            order += 1
            flight.order = order
            flight.at = now + weather.delay + random.interval(.zero, weather.jitter)
            flight.bytes = bytes
            if random.chance(perMillion: weather.corruption) {
                flight.bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
            }
            push(flight)
        }
    }

    // A binary heap by time, then by order.
    private func isBefore(_ left: Flight, _ right: Flight) -> Bool {
        (left.at.nanoseconds, left.order) < (right.at.nanoseconds, right.order)
    }

    private func push(_ flight: Flight) {
        flights.append(flight)
        var child = flights.count - 1
        while child > 0, isBefore(flights[child], flights[(child - 1) / 2]) {
            flights.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func pop() -> Flight {
        flights.swapAt(0, flights.count - 1)
        let first = flights.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < flights.count {
                if isBefore(flights[child], flights[least]) { least = child }
            }
            if least == parent { return first }
            flights.swapAt(parent, least)
            parent = least
        }
    }

    /// Runs until `deadline`, or until `isDone` says so; whether it did.
    @discardableResult
    func run(for interval: Interval, until isDone: () -> Bool = { false }) -> Bool {
        let end = now + interval
        while true {
            if isDone() { return true }
            let timer = nodes.map { $0.core.nextDeadline }.min { $0 < $1 } ?? .never
            let arrival = flights.first?.at ?? .never
            let next = min(timer, arrival)
            guard next <= end else {
                now = end
                return isDone()
            }
            now = max(now, next)
            if arrival <= timer {
                let flight = pop()
                guard let node = nodes.first(where: { $0.address == flight.to }) else { continue }
                with(node) { $0.receive(flight.bytes.span, from: flight.from, at: now, into: &$1) }
            } else {
                for node in nodes where node.core.nextDeadline <= now {
                    with(node) { $0.fire(at: now, into: &$1) }
                }
            }
        }
    }

    /// Two nodes with a session between them.
    func pair() -> (Node, Node) {
        let (a, b) = (add(1), add(2))
        connect(a, to: b)
        run(for: .seconds(2)) { a.core.isEstablished(b.id) && b.core.isEstablished(a.id) }
        return (a, b)
    }

    func noise(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = random.next()
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return Array(bytes.prefix(count))
    }
}
