import Identity
import Primitives
import Sessions

/// A peer that has real keys and writes real packets, and says in them what contradicts itself:
/// counters at their ends, fragments that don't fit each other, acknowledgements of what it never
/// got, records of a thousand lives.
struct Liar {
    var session: RawSession
    let address: PeerAddress
    var random: SeededRandom
    private var counter: UInt64 = 0
    private var initiationCounter: UInt64 = 0
    private var recordSequence: UInt64 = 1
    /// Whether the last initiation was to renew keys.
    private var continues = false
    /// Of the victim's packets: the highest number, and tokens of path challenges.
    private var largestSeen: UInt64 = 0
    private var tokens: [(token: UInt64, to: PeerAddress)] = []
    private var sent: [[UInt8]] = []

    init(_ number: UInt64, swarm: SwarmKey, random: SeededRandom) {
        let keys = NodeKeys.seeded(700 + number, suite: .simulated)
        address = PeerAddress(10, 7, 0, UInt8(number), port: 4_000)
        let record = NodeRecord(keys: keys, sequence: 1, addresses: [address])
        session = RawSession(keys: keys, record: record, swarm: swarm, seed: number)
        self.random = random
    }

    var id: NodeID { session.keys.id }

    private mutating func isOne(in count: Int) -> Bool { random.below(count) == 0 }

    /// What nobody who counts gets to.
    private mutating func extreme() -> UInt64 {
        [.max, .max - 1, .max / 2, 1 << 62, 1 << 32, 1_023, 1_024, 0][random.below(8)]
    }

    // MARK: what it hears

    /// Takes in a datagram of the victim; what it answers at once.
    mutating func hear(
        _ bytes: [UInt8], at target: PeerAddress, victim: NodeRecord
    ) -> [(bytes: [UInt8], from: PeerAddress)] {
        switch bytes.first {
        case 1:
            guard !isOne(in: 4) else { return [] }
            let continues = isOne(in: 2)
            if continues == isOne(in: 8) { beginAnew() }
            let answer = session.response(
                to: bytes, from: isOne(in: 8) ? victim.addresses[0] : target, continues: continues)
            return answer.map { [($0, target)] } ?? []
        case 2:
            guard session.takeResponse(bytes) else { return [] }
            if continues == isOne(in: 8) { beginAnew() }
            return []
        case 4: note(bytes, at: target)
        default: break
        }
        return []
    }

    private mutating func beginAnew() { (counter, largestSeen) = (0, 0) }

    private mutating func note(_ bytes: [UInt8], at target: PeerAddress) {
        guard let (number, frames) = session.open(bytes) else { return }
        largestSeen = max(largestSeen, number)
        if frames[0] == 8 { session.forget() }
        guard frames.count == 9, frames[0] == 4 else { return }
        var reader = ByteReader(frames[1...])
        guard let token = try? reader.readUInt64() else { return }
        tokens.append((token, target))
        if tokens.count > 4 { tokens.removeFirst() }
    }

    // MARK: what it says

    /// A datagram, and where it seems to come from.
    mutating func datagram(to victim: NodeRecord) -> (bytes: [UInt8], from: PeerAddress)? {
        let elsewhere = PeerAddress(10, 8, UInt8(random.below(3)), UInt8(random.below(3)), port: 9)
        let from = isOne(in: 12) ? elsewhere : address
        if session.current == nil || isOne(in: 120) {
            return initiation(to: victim).map { ($0, from) }
        }
        if isOne(in: 30), let old = sent.randomElement(using: &random) { return (old, from) }
        var frames: [UInt8] = []
        let count = isOne(in: 6) ? 40 : 1 + random.below(4)
        for _ in 0..<count where frames.count < 900 { frames += frame(victim) }
        frames = Array(frames.prefix(1_160))
        if isOne(in: 200) { counter = extreme() }
        let bytes = session.packet(frames, counter: counter)
        counter &+= isOne(in: 20) ? UInt64(random.below(9_000)) : 1
        guard let bytes else { return nil }
        sent.append(bytes)
        if sent.count > 20 { sent.removeFirst() }
        return (bytes, from)
    }

    private mutating func initiation(to victim: NodeRecord) -> [UInt8]? {
        initiationCounter = isOne(in: 30) ? extreme() : initiationCounter &+ 1
        if isOne(in: 3) { renewRecord(victim) }
        let continued = isOne(in: 2) ? session.current?.remoteIndex ?? 0 : 0
        continues = continued != 0
        return session.initiation(to: victim, counter: initiationCounter, continued: continued)
    }

    private mutating func renewRecord(_ victim: NodeRecord) {
        recordSequence = isOne(in: 300) ? extreme() : recordSequence &+ 1
        let flags: RecordFlags = [[], .transient, .metered][random.below(3)]
        let addresses = [[], [address], [victim.addresses[0]], [address, address]]
        session.record = NodeRecord(
            keys: session.keys, sequence: recordSequence, addresses: addresses[random.below(4)],
            flags: flags)
    }

    private mutating func frame(_ victim: NodeRecord) -> [UInt8] {
        var writer = ByteWriter()
        switch random.below(60) {
        case 0..<4: writer.write([0, 0, 1])
        case 4..<16: ack(&writer)
        case 16..<20:
            writer.write(UInt8(4))
            writer.write(random.next())
        case 20..<26:
            guard let (token, _) = tokens.last else { return [1] }
            writer.write(UInt8(5))
            writer.write(isOne(in: 4) ? random.next() : token)
        case 26..<28:
            renewRecord(victim)
            let record = isOne(in: 40) ? victim : session.record
            writer.write(UInt8(6))
            writer.write(record)
        case 28..<32:
            writer.write(UInt8(7))
            writer.write(isOne(in: 2) ? address : victim.addresses[0])
        case 32 where isOne(in: 20): writer.write([8, UInt8(random.below(9))])
        case 33 where isOne(in: 20): writer.write(UInt8(random.below(256)))
        default: fragment(&writer)
        }
        return writer.bytes
    }

    private mutating func ack(_ writer: inout ByteWriter) {
        writer.write(UInt8(2))
        let largest =
            isOne(in: 600)
            ? extreme() : largestSeen - min(largestSeen, UInt64(random.below(20)))
        writer.writeVarint(largest)
        writer.writeVarint(isOne(in: 3) ? extreme() : UInt64(random.below(9_000)))
        var left = largest
        let length = min(left, UInt64(random.below(4)))
        left -= length
        let gap = UInt64(random.below(3))
        let hasSecond = left >= gap + 2
        writer.writeVarint(hasSecond ? 2 : 1)
        writer.writeVarint(length)
        guard hasSecond else { return }
        writer.writeVarint(gap)
        writer.writeVarint(min(left - gap - 2, isOne(in: 3) ? .max : 2))
    }

    /// A part of one of a few messages, whose lengths mostly agree with what it said before.
    private mutating func fragment(_ writer: inout ByteWriter) {
        let priority = random.below(3)
        let id = isOne(in: 2_000) ? extreme() : UInt64(random.below(isOne(in: 9) ? 1_024 : 40))
        var total = [1, 3, 9, 40, 700, 3_000, 60_000, 400_000][Int((id &* 5) % 8)]
        if isOne(in: 3_000) { total = random.below(Limits.messageByteCount) + 1 }
        if isOne(in: 3_000) { total = Limits.messageByteCount }
        let isCompressed = isOne(in: 2_000)
        let offset = isOne(in: 3) ? 0 : random.below(total)
        var length = min(total - offset, 1 + random.below(isOne(in: 3) ? 300 : 6))
        if isOne(in: 3_000) { length = 0 }
        writer.write(UInt8(3))
        writer.write(UInt8(priority | (isCompressed ? 4 : 0)))
        writer.writeVarint(id)
        writer.writeVarint(total)
        if isCompressed { writer.writeVarint(isOne(in: 2) ? Limits.messageByteCount : total + 1) }
        writer.writeVarint(offset)
        writer.writeVarint(length)
        writer.write([UInt8](repeating: UInt8(id & 255), count: length))
    }
}
