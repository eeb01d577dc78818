import Gossip
import Identity
import Primitives
import Wire

/// A few nodes that are one liar: whatever they say is signed and has the right form, and agrees
/// neither with what was said before nor with what is true.
struct Liar {
    struct Face {
        let keys: NodeKeys
        var record: NodeRecord
        var sequence: UInt64 = 1
    }

    static let faceCount = 5
    static let address = PeerAddress(10, 9, 0, 1, port: 7)
    private(set) var faces: [Face] = []
    var random: SeededRandom
    private var nextKey: UInt64 = 5_000
    /// What honest nodes said: records, signed states, numbers of probes.
    private(set) var records: [NodeRecord] = []
    private var states: [SignedState] = []
    private var numbers: [UInt32] = []

    init(seed: UInt64, honest: [NodeRecord]) {
        random = SeededRandom(seed: seed)
        records = honest
        for _ in 0..<Self.faceCount { faces.append(face()) }
    }

    private mutating func isOne(in count: Int) -> Bool { random.below(count) == 0 }

    private mutating func face() -> Face {
        nextKey += 1
        let keys = NodeKeys.seeded(nextKey, suite: .simulated)
        let record = NodeRecord(keys: keys, sequence: 9, addresses: [Self.address])
        return Face(keys: keys, record: record)
    }

    /// One of the faces is given up for a new one, as after a ban.
    mutating func changeFace() { faces[random.below(faces.count)] = face() }

    func index(_ id: NodeID) -> Int? { faces.firstIndex { $0.keys.id == id } }

    // MARK: what it hears

    /// Notes a letter to one of the faces; its answer is not what was asked for.
    mutating func hear(_ letter: Letter, from honest: NodeRecord) -> (face: Int, bytes: [UInt8])? {
        guard let face = index(letter.recipient),
            let message = try? GossipMessage(decoding: letter.bytes)
        else { return nil }
        switch message {
        case .probe(let number, _, _, _, _):
            numbers.append(number)
            if numbers.count > 12 { numbers.removeFirst() }
            guard !isOne(in: 4) else { return nil }
            return (face, GossipMessage.probeReply(number: number, .alive).encoded())
        case .neighbor, .join:
            // Instead of an answer it behaves as though it had given one long ago.
            if isOne(in: 3) {
                let reply = GossipMessage.neighborReply(isAccepted: isOne(in: 2), own(face))
                return (face, reply.encoded())
            }
            return (face, probe())
        case .shuffle:
            return (face, GossipMessage.shuffleReply(sample()).encoded())
        case .states(_, let items):
            states += items.map(\.signed)
            if states.count > 40 { states.removeFirst(states.count - 40) }
            return nil
        default: return nil
        }
    }

    // MARK: what it says

    /// The state of a face, newer than before, or as extreme as it can be.
    private mutating func own(_ face: Int) -> SignedState {
        let keys = faces[face].keys
        faces[face].sequence = isOne(in: 200) ? .max : faces[face].sequence &+ 1
        var state = NodeState(id: keys.id, sequence: faces[face].sequence)
        state.presence = Presence.allCases[isOne(in: 3) ? random.below(12) : 0]
        state.activeRequestCount = isOne(in: 3) ? 1 << 20 : 0
        state.memoryMebibytes = isOne(in: 3) ? 1 << 30 : 8
        state.layerMicroseconds = isOne(in: 3) ? 1 << 40 : 10
        if isOne(in: 2) {
            let axis: Int16 = isOne(in: 2) ? .min : .max
            state.coordinate = Coordinate(
                axes: [axis, axis, axis, axis], height: .max, error: UInt8(random.below(256)))
        }
        return SignedState(state, record: record(face), keys: keys)
    }

    private mutating func record(_ face: Int) -> NodeRecord {
        guard isOne(in: 6) else { return faces[face].record }
        let sequence: UInt64 = [0, 1, faces[face].record.sequence &+ 1, .max][random.below(4)]
        let flags: RecordFlags = [[], [], .metered, .transient][random.below(4)]
        let addresses = isOne(in: 2) ? records[0].addresses : []
        let record = NodeRecord(
            keys: faces[face].keys, sequence: sequence, addresses: addresses, flags: flags)
        if isOne(in: 8) { faces[face].record = record }
        return record
    }

    /// Somebody's state: its own, or what it once heard.
    private mutating func anyState() -> SignedState {
        if isOne(in: 3), let old = states.randomElement(using: &random) { return old }
        return own(random.below(faces.count))
    }

    private mutating func sample() -> [NodeRecord] {
        (0..<random.below(17)).map { _ in
            isOne(in: 4) ? records[random.below(records.count)] : record(random.below(faces.count))
        }
    }

    private mutating func lines() -> [DigestItem] {
        let ids = records.map(\.id) + faces.map(\.keys.id)
        return (0..<random.below(65)).map { _ in
            let id = ids[random.below(ids.count)]
            return DigestItem(
                prefix: isOne(in: 4) ? random.next() >> 16 : id.raw.first >> 16,
                sequence: isOne(in: 2) ? .max : UInt32(random.below(9)),
                age: UInt8(random.below(256)))
        }
    }

    private mutating func probe() -> [UInt8] {
        let message = GossipMessage.probe(
            number: number(), isNeighbor: !isOne(in: 5), sequence: UInt32(random.below(9)),
            links: lines(), far: lines())
        return message.encoded()
    }

    private mutating func number() -> UInt32 {
        numbers.randomElement(using: &random) ?? UInt32(random.below(9))
    }

    private mutating func items() -> [StateItem] {
        (0..<random.below(13)).map { _ in
            StateItem(
                hopCount: UInt8([0, 1, 2, 255][random.below(4)]),
                age: UInt8([0, 0, 127, 255][random.below(4)]), signed: anyState())
        }
    }

    private mutating func ids() -> [UInt64] {
        let same = isOne(in: 2) ? records[random.below(records.count)].id : nil
        return (0..<(isOne(in: 4) ? 64 : random.below(6))).map { _ in
            (same ?? faces[random.below(faces.count)].keys.id).raw.first >> 16
        }
    }

    private mutating func message(_ face: Int) -> GossipMessage {
        switch random.below(17) {
        case 0: return .join(own(face))
        case 1, 2: return .forwardJoin(hopsLeft: random.below(9), anyState())
        case 3, 4:
            let priorities: [NeighborPriority] = [.low, .high, .near]
            return .neighbor(priorities[random.below(3)], own(face))
        case 5: return .neighborReply(isAccepted: isOne(in: 2), own(face))
        case 6: return .disconnect
        case 7:
            return .shuffle(hopsLeft: random.below(9), origin: faces[face].record, sample())
        case 8: return .shuffleReply(sample())
        case 9:
            let outcomes: [ProbeOutcome] = [.alive, .reached, .unreached]
            return .probeReply(number: number(), outcomes[random.below(3)], links: lines())
        case 10:
            let ids = records.map(\.id) + faces.map(\.keys.id) + [NodeID(.zero)]
            return .probeRequest(number: number(), target: ids[random.below(ids.count)])
        case 11, 12, 13:
            let count: Int? = [nil, 0, 3, 65_535][random.below(4)]
            return .states(answerCount: count, items())
        case 14: return .askStates(isOne(in: 3) ? [] : ids())
        case 15: return .leave(own(face))
        default: return .disconnect
        }
    }

    /// A message, and which face it comes from. One in some hundred is forged as well.
    mutating func say() -> (face: Int, bytes: [UInt8]) {
        let face = random.below(faces.count)
        var bytes = isOne(in: 5) ? probe() : message(face).encoded()
        if isOne(in: 400) { bytes[bytes.count - 1] ^= 1 }
        return (face, bytes)
    }
}
