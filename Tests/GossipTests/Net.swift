import Gossip
import Identity
import Primitives
import Wire

/// A network of gossip cores in virtual time: delay, loss and partitions by seed; sessions come
/// about by themselves and break in silence.
struct NetSettings {
    var seed: UInt64 = 1
    var lossPerMillion = 0
    var delayLowest = Interval.microseconds(200)
    var delayHighest = Interval.milliseconds(2)
    var gossip = GossipSettings()
}

final class Net {

    let settings: NetSettings
    private(set) var now = Instant.origin
    private(set) var cores: [Slot] = []
    private(set) var sentByteCount = 0
    private(set) var sentCount = 0
    var isAlive: [Bool] = []
    private var deadlines: [Instant] = []
    var side: [Int] = []
    var events: [[GossipEvent]] = []
    private var random: SeededRandom
    private var indices: [NodeID: Int] = [:]
    private var sessions: Set<Pair> = []
    private var queue: [Delivery] = []
    private var order: UInt64 = 0

    final class Slot {
        var core: GossipCore
        let record: NodeRecord
        let keys: NodeKeys
        init(core: consuming GossipCore, record: NodeRecord, keys: NodeKeys) {
            self.core = core
            self.record = record
            self.keys = keys
        }
    }

    private struct Pair: Hashable {
        let low: Int
        let high: Int
        init(_ one: Int, _ other: Int) { (low, high) = (min(one, other), max(one, other)) }
    }

    private enum Payload {
        case message([UInt8])
        case unreachable
    }

    private struct Delivery {
        let at: Instant
        let order: UInt64
        let from: Int
        let to: Int
        let payload: Payload

        static func < (left: Delivery, right: Delivery) -> Bool {
            (left.at, left.order) < (right.at, right.order)
        }
    }

    init(_ settings: NetSettings = NetSettings()) {
        self.settings = settings
        random = SeededRandom(seed: settings.seed)
    }

    static func address(_ index: Int) -> PeerAddress {
        PeerAddress(10, 0, UInt8(index >> 8), UInt8(index & 255), port: 4_242)
    }

    @discardableResult
    func add(flags: RecordFlags = [], keySeed: UInt64? = nil, sequence: UInt64 = 1_000) -> Int {
        let index = cores.count
        let seed = keySeed ?? settings.seed << 20 | UInt64(index)
        let keys = NodeKeys.seeded(seed, suite: .simulated)
        let record = NodeRecord(
            keys: keys, sequence: sequence, addresses: [Net.address(index)], flags: flags)
        let core = GossipCore(
            keys: keys, record: record, settings: settings.gossip, puzzleBitCount: 0,
            initialSequence: sequence, seed: random.next())
        cores.append(Slot(core: core, record: record, keys: keys))
        isAlive.append(true)
        deadlines.append(now)
        side.append(0)
        events.append([])
        indices[keys.id] = index
        return index
    }

    func id(_ index: Int) -> NodeID { cores[index].record.id }
    func index(_ id: NodeID) -> Int { indices[id] ?? -1 }

    /// Runs a change on one core and sends what it leaves.
    func on(_ index: Int, _ change: (inout GossipCore, Instant, inout Mail) -> Void) {
        var mail = Mail()
        change(&cores[index].core, now, &mail)
        drain(index, &mail)
    }

    func join(_ index: Int, through contact: Int) {
        let record = cores[contact].record
        on(index) { core, now, mail in core.join(through: record, at: now, into: &mail) }
    }

    func kill(_ index: Int) {
        isAlive[index] = false
        sessions = sessions.filter { $0.low != index && $0.high != index }
    }

    /// A message from outside every rule: it arrives now.
    func inject(_ bytes: [UInt8], from: NodeID, to index: Int) {
        on(index) { core, now, mail in core.receive(bytes, from: from, at: now, into: &mail) }
    }

    func run(_ time: Interval) {
        let end = now + time
        while true {
            var next = end
            var firing: Int?
            for index in cores.indices where isAlive[index] {
                let deadline = max(now, deadlines[index])
                if deadline < next {
                    next = deadline
                    firing = index
                }
            }
            if let first = queue.first, first.at <= next {
                let delivery = pop()
                now = max(now, delivery.at)
                deliver(delivery)
            } else if let firing {
                now = next
                on(firing) { core, now, mail in core.fire(at: now, into: &mail) }
            } else {
                now = end
                return
            }
        }
    }

    /// Runs until the condition holds; nil where it does not within `time`.
    func run(atMost time: Interval, until isDone: () -> Bool) -> Interval? {
        let start = now
        while now.since(start) < time {
            if isDone() { return now.since(start) }
            run(.milliseconds(50))
        }
        return isDone() ? now.since(start) : nil
    }

    private func drain(_ index: Int, _ mail: inout Mail) {
        while let letter = mail.next() {
            guard let target = indices[letter.recipient] else { continue }
            sentByteCount += letter.bytes.count
            sentCount += 1
            let delay = random.interval(settings.delayLowest, settings.delayHighest)
            let isOpen = isAlive[target] && side[target] == side[index]
            let pair = Pair(index, target)
            if isOpen, !sessions.contains(pair) { establish(index, target) }
            if isOpen {
                guard !random.chance(perMillion: settings.lossPerMillion) else { continue }
                push(now + delay, index, target, .message(letter.bytes))
            } else if !sessions.contains(pair) {
                push(now + .seconds(1), target, index, .unreachable)
            }
        }
        while let event = cores[index].core.nextEvent() { events[index].append(event) }
        deadlines[index] = cores[index].core.nextDeadline
    }

    private func establish(_ one: Int, _ other: Int) {
        sessions.insert(Pair(one, other))
        for (here, there) in [(one, other), (other, one)] {
            let record = cores[there].record
            on(here) { core, now, mail in
                core.peerEstablished(
                    record, address: Net.address(there), at: now, into: &mail)
            }
        }
    }

    private func deliver(_ delivery: Delivery) {
        guard isAlive[delivery.to] else { return }
        let peer = id(delivery.from)
        switch delivery.payload {
        case .message(let bytes):
            guard side[delivery.from] == side[delivery.to] else { return }
            on(delivery.to) { core, now, mail in
                core.receive(bytes, from: peer, at: now, into: &mail)
            }
        case .unreachable:
            on(delivery.to) { core, now, mail in
                core.peerUnreachable(peer, at: now, into: &mail)
            }
        }
    }

    // MARK: a binary heap

    private func push(_ at: Instant, _ from: Int, _ to: Int, _ payload: Payload) {
        order += 1
        queue.append(Delivery(at: at, order: order, from: from, to: to, payload: payload))
        var child = queue.count - 1
        while child > 0, queue[child] < queue[(child - 1) / 2] {
            queue.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func pop() -> Delivery {
        let first = queue[0]
        let last = queue.removeLast()
        guard !queue.isEmpty else { return first }
        queue[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < queue.count && queue[child] < queue[least] { least = child }
            if least == parent { return first }
            queue.swapAt(parent, least)
            parent = least
        }
    }

    // MARK: what the tests look at

    var living: [Int] { cores.indices.filter { isAlive[$0] } }

    func knows(_ index: Int, _ other: Int) -> Bool { cores[index].core.known[id(other)] != nil }

    /// Whether all of these know each other.
    func isComplete(_ members: [Int]) -> Bool {
        members.allSatisfy { one in
            members.allSatisfy { one == $0 || knows(one, $0) }
        }
    }

    /// How many of these a walk over active views reaches from the first.
    func reachableCount(_ members: [Int]) -> Int {
        guard let first = members.first else { return 0 }
        var seen: Set<Int> = [first]
        var frontier = [first]
        while let here = frontier.popLast() {
            for peer in cores[here].core.activePeers {
                let next = index(peer)
                if isAlive[next], seen.insert(next).inserted { frontier.append(next) }
            }
        }
        return seen.count
    }
}
