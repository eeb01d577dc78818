import Identity
import Primitives
import Wire

/// A crowd of identities that are one liar: answers of the right form that lead nowhere, in
/// circles or back to the asker, and ads that last for ever or not at all.
struct Liar {
    struct Question {
        let kind: MessageKind
        let number: UInt32
        let face: Int
    }

    static let faceCount = 6
    private let keys: [NodeKeys]
    private var sequences: [UInt64]
    private let honest: [NodeRecord]
    var random: SeededRandom
    /// What the victim asked, and may be asked again.
    private var questions: [Question] = []
    private var ads: [[UInt8]] = []
    let topics: [NodeID]

    init(seed: UInt64, honest: [NodeRecord], topics: [NodeID]) {
        random = SeededRandom(seed: seed)
        self.honest = honest
        self.topics = topics
        keys = (0..<40).map { .seeded(9_000 + $0, suite: .simulated) }
        sequences = Array(repeating: 1, count: keys.count)
    }

    private mutating func isOne(in count: Int) -> Bool { random.below(count) == 0 }
    func id(_ face: Int) -> NodeID { keys[face].id }

    private mutating func extreme() -> UInt64 {
        [.max, .max - 1, .max / 2, 1 << 32, 0][random.below(5)]
    }

    /// The first few have sessions with the victim; of the others it hears.
    mutating func record(_ face: Int) -> NodeRecord {
        if isOne(in: 5) { sequences[face] = isOne(in: 50) ? extreme() : sequences[face] &+ 1 }
        let own = PeerAddress(198, 51, UInt8(face), UInt8(1 + face), port: 7)
        let odd: [[PeerAddress]] = [
            [], honest[0].addresses, [PeerAddress(127, 0, 0, 1, port: 7)],
            [PeerAddress(0, 0, 0, 0, port: 0)], [own, own, own, own],
        ]
        let flags: RecordFlags = isOne(in: 12) ? .transient : []
        return NodeRecord(
            keys: keys[face], sequence: sequences[face],
            addresses: isOne(in: 4) ? odd[random.below(odd.count)] : [own], flags: flags)
    }

    private mutating func anyRecord() -> NodeRecord {
        isOne(in: 8) ? honest[random.below(honest.count)] : record(random.below(keys.count))
    }

    /// Notes a letter of the victim.
    mutating func hear(_ letter: Letter) {
        guard let face = keys.firstIndex(where: { $0.id == letter.recipient }),
            let kind = letter.bytes.first.flatMap({ MessageKind(rawValue: $0) })
        else { return }
        var reader = ByteReader(letter.bytes[1...])
        guard let number = try? reader.readUInt32() else { return }
        if kind == .putAd, let ad = try? letterAd(&reader) { ads.append(ad) }
        if ads.count > 20 { ads.removeFirst() }
        guard [.findNodes, .findAds, .putAd].contains(kind) else { return }
        questions.append(Question(kind: kind, number: number, face: face))
        if questions.count > 30 { questions.removeFirst() }
    }

    private func letterAd(_ reader: inout ByteReader) throws -> [UInt8] {
        _ = try reader.readBytes(32)
        return try reader.readBlob(limit: Limits.adByteCount)
    }

    private mutating func ad(_ face: Int) -> [UInt8] {
        if isOne(in: 4), let old = ads.randomElement(using: &random) { return old }
        let model = Digest.of([UInt8(random.below(3))], for: .manifest)
        let lower = random.below(1_024)
        let upper = lower + random.below(1_025 - lower)
        let holding = Holding(
            model: model, layers: LayerRange(lower, upper),
            layerCount: isOne(in: 2) ? 1_024 : upper, hasEnds: isOne(in: 2))
        let lifetime: UInt32 = [0, 1, 600, .max][random.below(4)]
        let ad = Ad(
            holding: holding, sequence: isOne(in: 4) ? extreme() : UInt64(random.below(9)),
            lifetimeSeconds: lifetime, record: record(face), keys: keys[face])
        var bytes = ad.encoded
        if isOne(in: 8) { bytes[bytes.count - 1] ^= 1 }
        return bytes
    }

    private mutating func write(recordsInto writer: inout ByteWriter) {
        let count = isOne(in: 3) ? 16 : random.below(4)
        writer.writeVarint(count)
        let same = isOne(in: 4) ? anyRecord() : nil
        for _ in 0..<count { writer.write(same ?? anyRecord()) }
    }

    private mutating func topic() -> NodeID {
        isOne(in: 5) ? NodeID(Bytes32(random: &random)) : topics[random.below(topics.count)]
    }

    /// A message, and which face it comes from.
    mutating func say() -> (face: Int, bytes: [UInt8]) {
        var writer = ByteWriter()
        if !isOne(in: 3), !questions.isEmpty {
            let place = random.below(questions.count)
            let question = questions[place]
            if !isOne(in: 4) { questions.remove(at: place) }
            let kind = isOne(in: 15) ? MessageKind.findNodes : question.kind
            let face = isOne(in: 15) ? random.below(Self.faceCount) : question.face
            answer(kind, isOne(in: 15) ? .max : question.number, face, &writer)
            return (face, writer.bytes)
        }
        let face = random.below(Self.faceCount)
        switch random.below(4) {
        case 0:
            writer.write(MessageKind.findNodes.rawValue)
            writer.write(UInt32(truncatingIfNeeded: random.next()))
            writer.writeVarint(3)
            let first = 1 + random.below(254)
            for distance in [256, first, first + 1] { writer.write(UInt16(distance)) }
        case 1:
            writer.write(MessageKind.findAds.rawValue)
            writer.write(UInt32.max)
            writer.write(topic())
        default:
            writer.write(MessageKind.putAd.rawValue)
            writer.write(UInt32.max)
            writer.write(topic())
            writer.writeBlob(ad(face))
        }
        return (face, writer.bytes)
    }

    private mutating func answer(
        _ kind: MessageKind, _ number: UInt32, _ face: Int, _ writer: inout ByteWriter
    ) {
        switch kind {
        case .findNodes:
            writer.write(MessageKind.nodes.rawValue)
            writer.write(number)
            write(recordsInto: &writer)
        case .findAds:
            writer.write(MessageKind.ads.rawValue)
            writer.write(number)
            let count = random.below(11)
            writer.writeVarint(count)
            for _ in 0..<count {
                writer.write([0, 1, .max][random.below(3)] as UInt32)
                writer.writeBlob(ad(isOne(in: 2) ? face : random.below(keys.count)))
            }
            write(recordsInto: &writer)
        default:
            writer.write(MessageKind.adStored.rawValue)
            writer.write(number)
            writer.write(UInt8(random.below(3)))
        }
    }
}
