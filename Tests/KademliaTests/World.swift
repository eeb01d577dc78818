import Identity
import Kademlia
import Primitives
import Wire

/// A few hundred cores on one virtual wire: sessions come up when a letter needs one, datagrams are
/// delayed and lost, and everything follows from the seed.
struct World: ~Copyable {
    enum Happening: Sendable {
        case letter(from: Int, to: Int, [UInt8])
        case connected(from: Int, to: Int, [[UInt8]])
        case unreachable(from: Int, to: NodeID)
    }

    struct Member: ~Copyable {
        var core: KademliaCore
        var record: NodeRecord
        var keys: NodeKeys
        var isAlive = true
        var sessions = OrderedTable<NodeID, Bool>()
        var connecting = OrderedTable<NodeID, [[UInt8]]>()
        var events: [KademliaEvent] = []
    }

    var members: [Member?]
    var indices = OrderedTable<NodeID, Int>()
    var now = Instant.origin + .seconds(1)
    var random: SeededRandom
    var queue = OrderedTable<Moment, Happening>()
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
        members = []
        for index in 0..<count {
            let keys = NodeKeys.seeded(seed &* 1_000_003 &+ UInt64(index), suite: Self.suite)
            let record = NodeRecord(keys: keys, sequence: 1, addresses: [Self.address(index)])
            let core = KademliaCore(
                own: record, suite: Self.suite, puzzleBitCount: 0, settings: settings,
                seed: random.next())
            indices[keys.id] = index
            members.append(Member(core: core, record: record, keys: keys))
        }
    }

    static func address(_ index: Int) -> PeerAddress {
        PeerAddress(10, 0, UInt8(index >> 8), UInt8(index & 255), port: 4_000)
    }

    mutating func post(_ happening: Happening, after delay: Interval) {
        sequence += 1
        queue[Moment(at: now + delay, sequence: sequence)] = happening
    }

    mutating func drawDelay() -> Interval { random.interval(delay.0, delay.1) }

    /// Lets one member act, then carries its letters.
    @discardableResult
    mutating func act<Result>(
        _ index: Int, _ body: (inout KademliaCore, Instant, inout Mail) -> Result
    ) -> Result {
        var mail = Mail()
        guard var member = members[index].take() else { fatalError("no member \(index)") }
        let result = body(&member.core, now, &mail)
        while let event = member.core.nextEvent() { member.events.append(event) }
        while let letter = mail.next() { send(letter, from: index, &member) }
        members[index] = consume member
        return result
    }

    private mutating func send(_ letter: Letter, from index: Int, _ member: inout Member) {
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
            let target = indices[letter.recipient]
            // A dead node, or a record whose address is no longer the node's.
            if let target, address == currentAddress(target), isAlive(target) {
                post(.connected(from: index, to: target, []), after: drawDelay() * 2)
            } else {
                post(.unreachable(from: index, to: letter.recipient), after: .seconds(4))
            }
        }
    }

    func isAlive(_ index: Int) -> Bool {
        switch members[index] {
        case .some(let member): member.isAlive
        case .none: true
        }
    }

    func currentAddress(_ index: Int) -> PeerAddress? { addresses[index] ?? Self.address(index) }
    var addresses = OrderedTable<Int, PeerAddress>()

    func id(_ index: Int) -> NodeID {
        switch members[index] {
        case .some(let member): member.record.id
        case .none: fatalError("member \(index) acts")
        }
    }

    func record(_ index: Int) -> NodeRecord {
        switch members[index] {
        case .some(let member): member.record
        case .none: fatalError("member \(index) acts")
        }
    }

    func keys(_ index: Int) -> NodeKeys {
        switch members[index] {
        case .some(let member): member.keys
        case .none: fatalError("member \(index) acts")
        }
    }

    func read<Result>(_ index: Int, _ body: (borrowing KademliaCore) -> Result) -> Result {
        switch members[index] {
        case .some(let member): body(member.core)
        case .none: fatalError("member \(index) acts")
        }
    }

    mutating func takeEvents(_ index: Int) -> [KademliaEvent] {
        guard var member = members[index].take() else { return [] }
        let events = member.events
        member.events = []
        members[index] = consume member
        return events
    }

    mutating func establish(_ left: Int, _ right: Int) {
        for (me, other) in [(left, right), (right, left)] {
            let record = record(other)
            guard let address = currentAddress(other) else { continue }
            markSession(me, record.id)
            act(me) { core, now, mail in
                core.peerEstablished(
                    record, address: address, roundTrip: .milliseconds(40), at: now, into: &mail)
            }
        }
    }

    private mutating func markSession(_ index: Int, _ id: NodeID) {
        guard var member = members[index].take() else { return }
        member.sessions[id] = true
        members[index] = consume member
    }

    mutating func kill(_ index: Int) {
        guard var member = members[index].take() else { return }
        member.isAlive = false
        members[index] = consume member
    }

    /// The node starts again at another address, knowing nobody.
    mutating func restart(_ index: Int, sequence: UInt64, at address: PeerAddress) {
        guard var member = members[index].take() else { return }
        member.record = NodeRecord(keys: member.keys, sequence: sequence, addresses: [address])
        member.core = KademliaCore(
            own: member.record, suite: Self.suite, puzzleBitCount: 0,
            settings: KademliaSettings(), seed: random.next())
        member.sessions = OrderedTable()
        member.connecting = OrderedTable()
        member.isAlive = true
        let id = member.record.id
        members[index] = consume member
        addresses[index] = address
        for other in members.indices where other != index { forget(other, id) }
    }

    private mutating func forget(_ index: Int, _ id: NodeID) {
        guard var member = members[index].take() else { return }
        let had = member.sessions.remove(id) != nil
        members[index] = consume member
        if had { act(index) { core, now, mail in core.peerClosed(id, at: now, into: &mail) } }
    }

    /// Runs until `end`; events wait in their members.
    mutating func run(for interval: Interval) {
        let end = now + interval
        while true {
            var next = queue.keys.first?.at ?? .never
            for index in members.indices where isAlive(index) {
                next = min(next, max(now, read(index) { $0.nextDeadline }))
            }
            guard next <= end else { break }
            now = max(now, next)
            while let moment = queue.keys.first, moment.at <= now,
                let happening = queue.remove(moment)
            {
                happen(happening)
            }
            for index in members.indices where isAlive(index) {
                if read(index, { $0.nextDeadline }) <= now {
                    act(index) { core, now, mail in core.fire(at: now, into: &mail) }
                }
            }
        }
        now = end
    }

    private mutating func happen(_ happening: Happening) {
        switch happening {
        case .letter(let from, let to, let bytes):
            guard isAlive(to) else { return }
            let sender = id(from)
            let bytes = tamper?(from, bytes) ?? bytes
            act(to) { core, now, mail in core.receive(bytes, from: sender, at: now, into: &mail) }
        case .connected(let from, let to, _):
            guard isAlive(to), isAlive(from) else { return }
            let target = id(to)
            establish(from, to)
            for bytes in takeWaiting(from, target) {
                post(.letter(from: from, to: to, bytes), after: drawDelay())
            }
        case .unreachable(let from, let target):
            guard isAlive(from) else { return }
            _ = takeWaiting(from, target)
            act(from) { core, now, mail in core.peerUnreachable(target, at: now, into: &mail) }
        }
    }

    private mutating func takeWaiting(_ index: Int, _ id: NodeID) -> [[UInt8]] {
        guard var member = members[index].take() else { return [] }
        let waiting = member.connecting.remove(id) ?? []
        members[index] = consume member
        return waiting
    }

    /// Everybody knows node 0, as in a swarm that starts together.
    mutating func bootstrap(settling: Interval) {
        for index in members.indices.dropFirst() { establish(index, 0) }
        run(for: settling)
    }

    var digest: Digest { Digest.of(trace, for: .simulated) }
}
