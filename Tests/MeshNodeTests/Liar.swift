import Gossip
import Identity
import Primitives
import Sessions
import Wire

/// A few identities that are one liar. Each has real sessions; what it says in them has the right
/// form, and agrees neither with what it said before nor with what is true.
final class Liar {
    final class Face {
        let keys: NodeKeys
        let address: PeerAddress
        var record: NodeRecord
        var core: SessionCore
        var sequence: UInt64 = 1

        init(
            keys: NodeKeys, address: PeerAddress, record: NodeRecord, core: consuming SessionCore
        ) {
            (self.keys, self.address, self.record) = (keys, address, record)
            self.core = core
        }
    }

    /// What the victim asked, and may be answered more than once.
    struct Question {
        let kind: MessageKind
        let number: UInt32
        let face: Int
        let root: Digest
    }

    /// An offer of the victim's, as a stage of its own.
    struct Offer {
        let bytes: [UInt8]
        let number: UInt64
        let seat: Int
        let face: Int
    }

    /// What a stage that a face offered would take next, if it is there.
    struct Part {
        let request: [UInt8]
        let previous: Int
        let previousSeat: Int
        var index: Int
        var position: Int
    }

    static let faceCount = 4
    let models: [PieceModel]
    let victim: NodeRecord
    var random: SeededRandom
    var faces: [Face] = []
    var questions: [Question] = []
    var offers: [Offer] = []
    /// Steps of the victim's own requests: the number, the seat, and the fields behind it.
    var steps: [(number: UInt64, fields: [Int])] = []
    var lastSeats: [UInt64: (seat: Int, face: Int)] = [:]
    var parts: [Part] = []
    var states: [SignedState] = []
    var probes: [UInt32] = []
    private let settings: SessionSettings
    private var nextKey: UInt64 = 7_000

    init(
        seed: UInt64, victim: NodeRecord, models: [PieceModel], settings: SessionSettings,
        at now: Instant
    ) {
        random = SeededRandom(seed: seed)
        (self.victim, self.models, self.settings) = (victim, models, settings)
        for index in 0..<Self.faceCount { faces.append(face(index, at: now)) }
    }

    func isOne(in count: Int) -> Bool { random.below(count) == 0 }
    func pick<Item>(_ items: [Item]) -> Item { items[random.below(items.count)] }
    func extreme() -> UInt64 { pick([.max, .max - 1, .max / 2, 1 << 32, 1, 0]) }

    private func face(_ index: Int, at now: Instant) -> Face {
        nextKey += 1
        let keys = NodeKeys.seeded(nextKey, suite: .simulated)
        let address = PeerAddress(10, 9, UInt8(index), 1, port: 7)
        let record = NodeRecord(keys: keys, sequence: 9, addresses: [address])
        let entropy = Bytes32(random: &random)
        return Face(
            keys: keys, address: address, record: record,
            core: SessionCore(
                keys: keys, record: record, settings: settings, entropy: entropy, at: now))
    }

    /// One of the faces is given up for a new one, as after a ban.
    func changeFace(at now: Instant) {
        let index = random.below(faces.count)
        faces[index] = face(index, at: now)
    }

    func face(of id: NodeID) -> Int? { faces.firstIndex { $0.keys.id == id } }

    /// A face says that it is elsewhere, or something else than it was.
    func renewRecord(_ index: Int) {
        let face = faces[index]
        let sequence = isOne(in: 40) ? extreme() : face.record.sequence &+ 1
        let addresses = [[], [face.address], victim.addresses, [face.address, face.address]]
        face.record = NodeRecord(
            keys: face.keys, sequence: sequence, addresses: pick(addresses),
            flags: pick([[], [], .metered, .transient]))
        face.core.update(record: face.record)
    }

    // MARK: what it hears

    func hear(_ bytes: [UInt8], as face: Int) {
        guard let kind = bytes.first.flatMap({ MessageKind(rawValue: $0) }) else { return }
        switch kind.room {
        case .gossip: hearGossip(bytes)
        case .kademlia, .shards: hearQuestion(kind, bytes, face)
        case .pipelines: hearPipelines(kind, bytes, face)
        }
    }

    private func hearGossip(_ bytes: [UInt8]) {
        switch try? GossipMessage(decoding: bytes) {
        case .probe(let number, _, _, _, _): probes.append(number)
        case .states(_, let items): states += items.map(\.signed)
        default: break
        }
        if probes.count > 8 { probes.removeFirst() }
        if states.count > 30 { states.removeFirst(states.count - 30) }
    }

    private func hearQuestion(_ kind: MessageKind, _ bytes: [UInt8], _ face: Int) {
        let kinds: [MessageKind] = [
            .findNodes, .findAds, .putAd, .askManifest, .askChunkList, .askChunk,
        ]
        var reader = ByteReader(bytes[1...])
        guard kinds.contains(kind), let number = try? reader.readUInt32() else { return }
        let root = (try? reader.read32(Digest.self)) ?? models[0].digest
        questions.append(Question(kind: kind, number: number, face: face, root: root))
        if questions.count > 30 { questions.removeFirst() }
    }

    // MARK: what it says

    /// A message, and which face it comes from.
    func say() -> (face: Int, bytes: [UInt8]) {
        if !isOne(in: 4), !questions.isEmpty, isOne(in: 2) {
            let place = random.below(questions.count)
            let question = questions[place]
            if !isOne(in: 4) { questions.remove(at: place) }
            return (isOne(in: 20) ? random.below(faces.count) : question.face, answer(question))
        }
        let face = random.below(faces.count)
        switch random.below(8) {
        case 0, 1: return (face, gossip(face))
        case 2: return (face, ask(face))
        case 3 where isOne(in: 10):
            return (face, [UInt8](repeating: UInt8(random.below(256)), count: random.below(90)))
        default: return pipelines()
        }
    }
}
