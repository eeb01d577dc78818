import Identity
import Kademlia
import Primitives
import Wire

/// A few hundred cores on one virtual wire: sessions come up when a letter needs one, datagrams are
/// delayed and lost, and everything follows from the seed.
struct World {
    /// What is to happen, as a binary heap.
    struct Agenda {
        private var heap: [(moment: Moment, happening: Happening)] = []

        var first: (moment: Moment, happening: Happening)? { heap.first }

        mutating func add(_ happening: Happening, at moment: Moment) {
            heap.append((moment, happening))
            var child = heap.count - 1
            while child > 0, heap[child].moment < heap[(child - 1) / 2].moment {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        }

        mutating func popFirst() -> Happening {
            heap.swapAt(0, heap.count - 1)
            let first = heap.removeLast()
            var parent = 0
            while true {
                let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < heap.count }
                guard let least = children.min(by: { heap[$0].moment < heap[$1].moment }),
                    heap[least].moment < heap[parent].moment
                else { return first.happening }
                heap.swapAt(parent, least)
                parent = least
            }
        }
    }

    enum Happening: Sendable {
        case letter(from: Int, to: Int, [UInt8])
        case connected(from: Int, to: Int)
        case unreachable(from: Int, to: NodeID)
    }

    final class Member {
        var core: KademliaCore
        var record: NodeRecord
        let keys: NodeKeys
        var address: PeerAddress
        var isAlive = true
        var sessions = OrderedTable<NodeID, Bool>()
        var connecting = OrderedTable<NodeID, [[UInt8]]>()
        var events: [KademliaEvent] = []

        init(core: consuming KademliaCore, record: NodeRecord, keys: NodeKeys) {
            self.core = core
            self.record = record
            self.keys = keys
            address = record.addresses[0]
        }
    }

    var members: [Member] = []
    var indices = OrderedTable<NodeID, Int>()
    var now = Instant.origin + .seconds(1)
    var random: SeededRandom
    var queue = Agenda()
    var deadlines: [Instant] = []
    var sequence: UInt64 = 0
    var lossPerMillion = 0
    var delay = (Interval.milliseconds(5), Interval.milliseconds(40))
    var trace: [UInt8] = []
    var letterCount = 0
    /// Sees each letter before it is delivered and may change it.
    var tamper: ((Int, [UInt8]) -> [UInt8])?

    struct Moment: Hashable, Comparable, Sendable {
        var at: Instant
        var sequence: UInt64
        static func < (left: Moment, right: Moment) -> Bool {
            left.at != right.at ? left.at < right.at : left.sequence < right.sequence
        }
    }

    static let suite = CryptoSuite.simulated

    init(count: Int, seed: UInt64, settings: KademliaSettings = KademliaSettings()) {
        random = SeededRandom(seed: seed)
        for index in 0..<count {
            let keys = NodeKeys.seeded(seed &* 1_000_003 &+ UInt64(index), suite: Self.suite)
            let record = NodeRecord(keys: keys, sequence: 1, addresses: [Self.address(index)])
            let core = KademliaCore(
                own: record, suite: Self.suite, puzzleBitCount: 0, settings: settings,
                seed: random.next())
            indices[keys.id] = index
            deadlines.append(.never)
            members.append(Member(core: core, record: record, keys: keys))
        }
    }

    /// One more node, which knows nobody.
    mutating func add(_ keys: NodeKeys) {
        let record = NodeRecord(
            keys: keys, sequence: 1, addresses: [Self.address(members.count)])
        let core = KademliaCore(
            own: record, suite: Self.suite, puzzleBitCount: 0, settings: KademliaSettings(),
            seed: random.next())
        indices[keys.id] = members.count
        deadlines.append(.never)
        members.append(Member(core: core, record: record, keys: keys))
    }

    static func address(_ index: Int) -> PeerAddress {
        PeerAddress(10, 0, UInt8(index >> 8), UInt8(index & 255), port: 4_000)
    }

    mutating func post(_ happening: Happening, after delay: Interval) {
        sequence += 1
        queue.add(happening, at: Moment(at: now + delay, sequence: sequence))
    }

    mutating func drawDelay() -> Interval { random.interval(delay.0, delay.1) }

    /// Lets one member act, then carries its letters.
    @discardableResult
    mutating func act<Result>(
        _ index: Int, _ body: (inout KademliaCore, Instant, inout Mail) -> Result
    ) -> Result {
        var mail = Mail()
        let member = members[index]
        let result = body(&member.core, now, &mail)
        while let event = member.core.nextEvent() { member.events.append(event) }
        while let letter = mail.next() { send(letter, from: index) }
        deadlines[index] = member.isAlive ? member.core.nextDeadline : .never
        return result
    }

    private mutating func send(_ letter: Letter, from index: Int) {
        let member = members[index]
        letterCount += 1
        trace += letter.recipient.bytes.prefix(4) + letter.bytes.prefix(8)
        if member.sessions.contains(letter.recipient) {
            guard let target = indices[letter.recipient] else { return }
            if random.chance(perMillion: lossPerMillion) { return }
            post(.letter(from: index, to: target, letter.bytes), after: drawDelay())
        } else if let waiting = member.connecting[letter.recipient] {
            member.connecting[letter.recipient] = waiting + [letter.bytes]
        } else {
            member.connecting[letter.recipient] = [letter.bytes]
            let address = member.core.record(of: letter.recipient)?.addresses.first
            // A dead node does not answer, nor does one that is no longer at this address.
            if let target = indices[letter.recipient], members[target].isAlive,
                address == members[target].address
            {
                post(.connected(from: index, to: target), after: drawDelay() * 2)
            } else {
                post(.unreachable(from: index, to: letter.recipient), after: .seconds(4))
            }
        }
    }

    func id(_ index: Int) -> NodeID { members[index].record.id }

    func takeEvents(_ index: Int) -> [KademliaEvent] {
        defer { members[index].events = [] }
        return members[index].events
    }

    mutating func establish(_ left: Int, _ right: Int) {
        for (me, other) in [(left, right), (right, left)] {
            let peer = members[other]
            members[me].sessions[peer.record.id] = true
            act(me) { core, now, mail in
                core.peerEstablished(
                    peer.record, address: peer.address, roundTrip: .milliseconds(40), at: now,
                    into: &mail)
            }
        }
    }

    /// The node is gone; sessions with it end some time later.
    mutating func kill(_ index: Int) {
        members[index].isAlive = false
        deadlines[index] = .never
        closeSessions(with: index)
    }

    /// The node starts again at another address, knowing nobody.
    mutating func restart(_ index: Int, sequence: UInt64, at address: PeerAddress) {
        closeSessions(with: index)
        let keys = members[index].keys
        let record = NodeRecord(keys: keys, sequence: sequence, addresses: [address])
        let core = KademliaCore(
            own: record, suite: Self.suite, puzzleBitCount: 0, settings: KademliaSettings(),
            seed: random.next())
        members[index] = Member(core: core, record: record, keys: keys)
    }

    private mutating func closeSessions(with index: Int) {
        let id = id(index)
        for other in members.indices where other != index {
            guard members[other].sessions.remove(id) != nil else { continue }
            act(other) { core, now, mail in core.peerClosed(id, at: now, into: &mail) }
        }
    }

    /// Runs for a while; events wait in their members.
    mutating func run(for interval: Interval) {
        let end = now + interval
        while true {
            let next = min(queue.first?.moment.at ?? .never, deadlines.min() ?? .never)
            guard next <= end else { break }
            now = max(now, next)
            while let first = queue.first, first.moment.at <= now { happen(queue.popFirst()) }
            for index in deadlines.indices where deadlines[index] <= now {
                act(index) { core, now, mail in core.fire(at: now, into: &mail) }
            }
        }
        now = end
    }

    private mutating func happen(_ happening: Happening) {
        switch happening {
        case .letter(let from, let to, let bytes):
            guard members[to].isAlive else { return }
            let sender = id(from)
            let bytes = tamper?(from, bytes) ?? bytes
            act(to) { core, now, mail in core.receive(bytes, from: sender, at: now, into: &mail) }
        case .connected(let from, let to):
            guard members[to].isAlive, members[from].isAlive else { return }
            let target = id(to)
            establish(from, to)
            for bytes in takeWaiting(from, target) {
                post(.letter(from: from, to: to, bytes), after: drawDelay())
            }
        case .unreachable(let from, let target):
            guard members[from].isAlive else { return }
            _ = takeWaiting(from, target)
            act(from) { core, now, mail in core.peerUnreachable(target, at: now, into: &mail) }
        }
    }

    private func takeWaiting(_ index: Int, _ id: NodeID) -> [[UInt8]] {
        members[index].connecting.remove(id) ?? []
    }

    /// Everybody knows node 0, as in a swarm that starts together.
    mutating func bootstrap(settling: Interval) {
        for index in members.indices.dropFirst() { establish(index, 0) }
        run(for: settling)
    }

    var digest: Digest { Digest.of(trace, for: .simulated) }
}
