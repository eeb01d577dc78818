import Identity
import Pipelines
import Primitives
import Wire

/// A few nodes that are one liar, and know how each message has to look: whatever passes the
/// checks of form, in any order, about requests that exist.
struct Liar {
    static let hiddenSize = 2
    static let layerCount = 6
    /// The victim, an entry, and three others.
    let nodes: [(keys: NodeKeys, record: NodeRecord)]
    let model = Digest(Bytes32(first: 1, second: 2, third: 3, fourth: 4))
    var random: SeededRandom
    /// What a stage that it offered would take next, if it is there.
    private struct Part {
        let request: [UInt8]
        let previous: Int
        let previousSeat: Int
        let resume: (index: Int, position: Int)
        var nextIndex: Int
        var position = 0
    }
    private var parts: [Part] = []
    /// The last offers that the victim made.
    private var offers: [(bytes: [UInt8], number: UInt64, seat: Int, to: Int)] = []
    /// The steps that it sent to first stages, and which seat has the last layers.
    private var steps: [(number: UInt64, fields: [Int])] = []
    private var lastSeats: [UInt64: (seat: Int, node: Int)] = [:]
    /// Answers to its relinks.
    private var replies: [(to: Int, bytes: [UInt8])] = []

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        nodes = (0..<5).map { index in
            let keys = NodeKeys.seeded(UInt64(60 + index), suite: .simulated)
            let address = PeerAddress(127, 0, 0, 1, port: UInt16(7_100 + index))
            return (keys, NodeRecord(keys: keys, sequence: 1, addresses: [address]))
        }
    }

    var victim: NodeID { nodes[0].keys.id }
    mutating func someone() -> Int { 1 + random.below(4) }
    mutating func link(_ layers: LayerRange) -> ChainLink {
        ChainLink(record: nodes[someone()].record, layers: layers)
    }

    /// A number that is usually small.
    private mutating func number(_ bound: Int) -> Int {
        random.below(40) == 0 ? random.below(1 << 20) : random.below(bound)
    }

    private mutating func hop(_ writer: inout ByteWriter) {
        let goesOn = random.below(2) == 0
        writer.writeBlob(goesOn ? nodes[someone()].record.encoded : [])
        writer.writeVarint(goesOn ? 1 + number(4) : 0)
        writer.writeVarint(number(5))
        writer.writeVarint(number(6))
    }

    private func sign(_ writer: ByteWriter, by index: Int) -> [UInt8] {
        writer.bytes + nodes[index].keys.sign(writer.bytes).bytes
    }

    // MARK: what the victim says as an entry

    mutating func note(_ letter: Letter) {
        guard let to = nodes.firstIndex(where: { $0.keys.id == letter.recipient }) else { return }
        switch letter.bytes.first {
        case 0x40: try? noteOffer(letter.bytes, to: to)
        case 0x43: try? noteStep(letter.bytes)
        case 0x49: try? noteRelink(letter.bytes, to: to)
        case 0x4B:
            // It waits for a step: the request, the seat, and what comes next.
            let next = [UInt8(random.below(6)), UInt8(random.below(12))]
            reply([0x4C] + letter.bytes.dropFirst() + [3] + next, from: to)
        default: break
        }
    }

    private mutating func noteOffer(_ bytes: [UInt8], to: Int) throws {
        var reader = ByteReader(bytes.dropFirst())
        _ = try reader.readRecord()
        let number = try reader.readUInt64()
        _ = try reader.readBytes(32)
        for _ in 0..<2 { _ = try reader.readVarint() }
        let seat = Int(try reader.readVarint())
        for _ in 0..<4 { _ = try reader.readVarint() }
        _ = try reader.readBytes(32)
        _ = try reader.readVarint()
        if try reader.readBlob(limit: 1_000).isEmpty { lastSeats[number] = (seat, to) }
        offers.append((bytes, number, seat, to))
        if offers.count > 6 { offers.removeFirst() }
    }

    private mutating func noteStep(_ bytes: [UInt8]) throws {
        var reader = ByteReader(bytes.dropFirst())
        guard try reader.readBytes(32) == victim.bytes else { return }
        let number = try reader.readUInt64()
        _ = try reader.readVarint()
        var fields: [Int] = []
        for _ in 0..<4 { fields.append(Int(try reader.readVarint())) }
        steps.append((number, fields))
        if steps.count > 8 { steps.removeFirst() }
    }

    private mutating func noteRelink(_ bytes: [UInt8], to: Int) throws {
        var reader = ByteReader(bytes.dropFirst())
        let request = try reader.readBytes(40)
        let seat = try reader.readVarint()
        guard try reader.readUInt8() == 0 else { return }
        _ = try reader.readBytes(32)
        var reply = ByteWriter()
        reply.write([0x4A] + request)
        reply.writeVarint(Int(seat))
        reply.writeVarint(Int(try reader.readVarint()))
        self.reply(reply.bytes, from: to)
    }

    private mutating func reply(_ bytes: [UInt8], from: Int) {
        replies.append((from, bytes))
        if replies.count > 6 { replies.removeFirst() }
    }

    /// What an honest chain would send back for a step.
    private mutating func result() -> (from: NodeID, bytes: [UInt8])? {
        if random.below(2) == 0, !replies.isEmpty {
            let reply = replies.removeFirst()
            return (nodes[reply.to].keys.id, reply.bytes)
        }
        guard !steps.isEmpty else { return nil }
        let (number, fields) = steps.removeFirst()
        guard let last = lastSeats[number] else { return nil }
        let (index, position, rowCount, wanted) = (fields[0], fields[1], fields[2], fields[3])
        var writer = ByteWriter()
        writer.write([0x44] + victim.bytes)
        writer.write(number)
        writer.writeVarint(last.seat)
        writer.writeVarint(index)
        writer.writeVarint(wanted == 0 ? position : position + rowCount - wanted)
        writer.writeVarint(wanted == 0 ? rowCount : wanted)
        writer.writeVarint(wanted)
        writer.writeVarint(1)
        writer.write(UInt32(9))
        writer.write([UInt8](repeating: 4, count: wanted * 4 * Self.hiddenSize))
        return (nodes[last.node].keys.id, writer.bytes)
    }

    /// An offer of layers to the victim.
    private mutating func offer() -> (from: Int, bytes: [UInt8]) {
        let entry = 1 + random.below(2)
        var writer = ByteWriter()
        writer.write(UInt8(0x40))
        writer.writeBlob(nodes[entry].record.encoded)
        let requestNumber = UInt64(1 + random.below(1_000))
        writer.write(requestNumber)
        writer.write(model.bytes)
        let lower = random.below(4)
        writer.writeVarint(lower)
        writer.writeVarint(lower + 1 + random.below(3))
        writer.writeVarint(1 + number(4))
        writer.writeVarint(Self.hiddenSize)
        writer.writeVarint(1 + number(200))
        let isNew = random.below(2) == 0
        let resume = (index: isNew ? 0 : number(3), position: isNew ? 0 : number(5))
        writer.writeVarint(resume.index)
        writer.writeVarint(resume.position)
        let previous = random.below(2) == 0 ? entry : someone()
        let previousSeat = previous == entry ? 0 : 1 + number(4)
        writer.write(nodes[previous].keys.id.bytes)
        writer.writeVarint(previousSeat)
        hop(&writer)
        var request = ByteWriter()
        request.write(nodes[entry].keys.id.bytes)
        request.write(requestNumber)
        parts.append(
            Part(
                request: request.bytes, previous: previous, previousSeat: previousSeat,
                resume: resume, nextIndex: resume.index))
        if parts.count > 4 { parts.removeFirst() }
        let hasGiver = random.below(4) == 0
        writer.write(UInt8(hasGiver ? 1 : 0))
        if hasGiver { writer.write(nodes[someone()].keys.id.bytes) }
        return (entry, sign(writer, by: entry))
    }

    /// The answer to an offer that the victim made.
    private mutating func answer() -> (from: Int, bytes: [UInt8])? {
        guard !offers.isEmpty else { return nil }
        let offer = offers[random.below(offers.count)]
        let opens = random.below(8) != 0
        var writer = ByteWriter()
        writer.write(UInt8(opens ? 0x41 : 0x42))
        writer.write(offer.number)
        writer.writeVarint(offer.seat)
        writer.write(Digest.of(offer.bytes, for: .token).bytes)
        writer.write(UInt8(opens ? random.below(2) : 1 + random.below(9)))
        return (offer.to, sign(writer, by: offer.to))
    }

    private static let kinds: [UInt8] = [
        0x43, 0x43, 0x43, 0x44, 0x44, 0x45, 0x46, 0x48, 0x49, 0x49, 0x4A, 0x4B, 0x4C, 0x4C, 0x4D,
        0x4D, 0x4E, 0x4F, 0x50, 0x51, 0x52, 0x53, 0x54, 0x56,
    ]

    /// A message, and which node it comes from.
    mutating func message() -> (from: NodeID, bytes: [UInt8]) {
        switch random.below(20) {
        case 0:
            let offer = offer()
            return (nodes[offer.from].keys.id, offer.bytes)
        case 1...5:
            if let row = rows() { return row }
        case 6...11:
            if let result = result() { return result }
        case 12...15:
            if let answer = answer() { return (nodes[answer.from].keys.id, answer.bytes) }
        default: break
        }
        let kind = Self.kinds[random.below(Self.kinds.count)]
        var writer = ByteWriter()
        writer.write(kind)
        // Of the liar's own requests at the victim, or of the victim's.
        var from = someone()
        if !parts.isEmpty, random.below(2) == 0 {
            let part = parts[random.below(parts.count)]
            writer.write(part.request)
            let entry = nodes.firstIndex { part.request.starts(with: $0.keys.id.bytes) }
            if random.below(3) > 0, let entry { from = entry }
        } else {
            writer.write(victim.bytes)
            writer.write(offers.isEmpty ? 1 : offers[random.below(offers.count)].number)
        }
        body(kind, &writer)
        return (nodes[from].keys.id, writer.bytes)
    }

    /// The rows that a stage waits for: a replay where it rebuilds, else its next step, or one that
    /// overwrites the last.
    private mutating func rows() -> (from: NodeID, bytes: [UInt8])? {
        guard !parts.isEmpty else { return nil }
        let place = random.below(parts.count)
        var part = parts[place]
        let isReplay = part.position < part.resume.position
        let rowCount =
            isReplay ? part.resume.position - part.position : 1 + random.below(4)
        guard rowCount < 50, part.position < 1_000 else { return nil }
        if !isReplay, random.below(3) == 0 { part.position -= min(part.position, random.below(3)) }
        var writer = ByteWriter()
        writer.write(UInt8(isReplay ? 0x4D : 0x43))
        writer.write(part.request)
        writer.writeVarint(part.previousSeat)
        writer.writeVarint(part.nextIndex)
        writer.writeVarint(part.position)
        writer.writeVarint(rowCount)
        writer.writeVarint(isReplay ? 0 : random.below(rowCount + 1))
        writer.writeVarint(0)
        writer.write([UInt8](repeating: 5, count: rowCount * 4 * Self.hiddenSize))
        part.position += rowCount
        if !isReplay { part.nextIndex += 1 }
        parts[place] = part
        return (nodes[part.previous].keys.id, writer.bytes)
    }

    private mutating func body(_ kind: UInt8, _ writer: inout ByteWriter) {
        writer.writeVarint(random.below(3) == 0 ? 0 : 1 + number(4))
        switch kind {
        case 0x43, 0x44, 0x4D, 0x4F: step(kind, &writer)
        case 0x45:
            writer.write(UInt8(1 + random.below(9)))
            writer.writeVarint(number(5))
        case 0x49:
            let side = UInt8(random.below(2))
            writer.write(side)
            if side == 0 {
                writer.write(nodes[1 + random.below(4)].keys.id.bytes)
                writer.writeVarint(number(4))
            } else {
                hop(&writer)
            }
        case 0x4C:
            writer.write(UInt8(random.below(5)))
            writer.writeVarint(number(6))
            writer.writeVarint(number(12))
        case 0x4A, 0x4E, 0x53, 0x56: writer.writeVarint(number(12))
        case 0x50: writer.writeVarint(number(60_000))
        case 0x51:
            writer.writeBlob(nodes[someone()].record.encoded)
            writer.writeVarint(1 + number(5))
            writer.writeVarint(number(5))
        case 0x52:
            writer.writeVarint(number(12))
            writer.write([UInt8](repeating: 1, count: random.below(40)))
        case 0x54: handoffEnd(&writer)
        default: break
        }
    }

    private mutating func step(_ kind: UInt8, _ writer: inout ByteWriter) {
        let rowCount = 1 + random.below(4)
        let wanted = random.below(rowCount + 1)
        writer.writeVarint(number(6))
        writer.writeVarint(number(12))
        writer.writeVarint(rowCount)
        writer.writeVarint(kind == 0x44 ? rowCount : kind == 0x4D ? 0 : wanted)
        writer.writeVarint(1)
        writer.write(UInt32(5))
        let size = kind == 0x4F ? 32 : 4 * Self.hiddenSize
        let count = random.below(20) == 0 ? random.below(5) : rowCount
        writer.write([UInt8](repeating: UInt8(random.below(256)), count: count * size))
    }

    private mutating func handoffEnd(_ writer: inout ByteWriter) {
        writer.writeVarint(number(12))
        let next = number(6)
        writer.writeVarint(next)
        let count = random.below(4)
        writer.writeVarint(count)
        for index in 0..<count {
            let rowCount = 1 + random.below(3)
            writer.writeVarint(max(0, next - count + index))
            writer.writeVarint(number(12))
            writer.writeVarint(rowCount)
            let wanted = random.below(rowCount + 1)
            writer.writeVarint(wanted)
            writer.writeVarint(0)
            let held = random.below(2) == 0 ? wanted : rowCount
            writer.writeBlob([UInt8](repeating: 3, count: held * 4 * Self.hiddenSize))
        }
    }
}
