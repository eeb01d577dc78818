import Checkpoints
import Glibc
import Gossip
import Identity
import MeshNode
import Primitives
import Runtime
import Transformers
import Wire

/// Throws almost-right bytes at every decoder of packets and messages: at a whole node's port, at
/// its message cores as though a peer's session had delivered them, and at the vocabulary's own
/// decoders. A trap ends the program; the same count and seed repeat it.
struct FuzzBench {
    /// Cases before the victim is replaced by a fresh one: peers that forge are soon ignored.
    private static let casesPerVictim = 2_000

    private var messages: Mutator
    private var parts: Mutator
    private var random: SeededRandom
    private var packetCount = 0
    private var messageCount = 0
    private var partCount = 0
    private var decodedCount = 0
    private var faults: [String] = []

    static func run(caseCount: Int, seed: UInt64) -> Int32 {
        let (messages, parts) = FuzzCorpus.make(seed: seed)
        var bench = FuzzBench(messages: messages, parts: parts, seed: seed)
        let time = seconds {
            var done = 0
            var round: UInt64 = 0
            while done < caseCount, bench.faults.isEmpty {
                let count = min(casesPerVictim, caseCount - done)
                bench.torment(FuzzRig(seed: seed &* 1_000_003 &+ round * 100), count)
                done += count
                round += 1
            }
        }
        bench.tell(caseCount, seed, time)
        return bench.faults.isEmpty ? 0 : 1
    }

    private init(messages: [[UInt8]], parts: [[UInt8]], seed: UInt64) {
        random = SeededRandom(seed: seed)
        self.messages = Mutator(corpus: messages, random: random.split())
        self.parts = Mutator(corpus: parts, random: random.split())
    }

    private func tell(_ caseCount: Int, _ seed: UInt64, _ time: Double) {
        report("fuzz, seed \(seed)", "\(caseCount) cases in \(rounded(time)) s")
        report(
            "of them",
            "\(packetCount) packets, \(messageCount) messages, \(partCount) parts of messages "
                + "(\(decodedCount) were well-formed)")
        for fault in faults { report("FOUND", fault) }
        if faults.isEmpty { report("found", "nothing") }
    }

    private mutating func torment(_ rig: FuzzRig, _ count: Int) {
        var packets = Mutator(corpus: rig.captured, random: random.split())
        let stranger = PeerAddress(10, 9, 9, 9, port: 9)
        let ids = rig.peers.map { $0.node.id }
        for index in 0..<count {
            switch random.below(4) {
            case 0:
                packetCount += 1
                let bytes = packets.next()
                let isStrange = random.below(2) == 0
                let from = isStrange ? stranger : rig.machines[1 + index % ids.count].address
                let answered = rig.throwPacket(bytes, from: from)
                if isStrange, answered > bytes.count {
                    faults.append("\(answered) bytes to a stranger for \(bytes.count)")
                }
            case 1: decodeParts(parts.next())
            default:
                messageCount += 1
                let bytes = messages.next()
                if (try? GossipMessage(decoding: bytes)) != nil { decodedCount += 1 }
                rig.throwMessage(bytes, from: ids[random.below(ids.count)])
            }
            rig.tick()
        }
        // It still serves whom it served before.
        rig.run(for: .seconds(3))
        if rig.victim.node.peerCount == 0 { faults.append("the victim has lost all its peers") }
    }

    private mutating func decodeParts(_ bytes: [UInt8]) {
        partCount += 1
        if let record = try? NodeRecord(decoding: bytes) {
            decodedCount += 1
            if record.encoded != bytes { faults.append("a record is not its bytes") }
            _ = record.isAuthentic(suite: .sodium, puzzleBitCount: 0)
        }
        if let ad = try? Ad(decoding: bytes) {
            decodedCount += 1
            _ = ad.isAuthentic(suite: .sodium, puzzleBitCount: 0)
        }
        var reader = ByteReader(bytes)
        if let state = try? SignedState(from: &reader) {
            decodedCount += 1
            _ = state.isAuthentic(suite: .sodium)
        }
        if let manifest = try? ModelManifest(decoding: bytes) {
            decodedCount += 1
            if manifest.encoded != bytes { faults.append("a manifest is not its bytes") }
        }
        reader = ByteReader(bytes)
        if (try? SignedManifest(from: &reader)) != nil { decodedCount += 1 }
        if (try? ModelShape(decoding: bytes)) != nil { decodedCount += 1 }
        let claim = 1 + random.below(random.below(10) == 0 ? Limits.messageByteCount : 4_096)
        if let plain = try? Compression.decompress(bytes, byteCount: claim) {
            decodedCount += 1
            if plain.count != claim { faults.append("LZ4 gave another count than was claimed") }
        }
    }
}

/// Well-formed inputs: every vector of `Tests/Vectors` where that folder is here, and one of each
/// part made on the spot.
enum FuzzCorpus {
    static func make(seed: UInt64) -> (messages: [[UInt8]], parts: [[UInt8]]) {
        var messages: [[UInt8]] = []
        for name in ["gossip", "kademlia", "shards", "pipelines"] {
            messages += vectors("Tests/Vectors/\(name).json")
        }
        let parts = made(seed)
        if messages.isEmpty {
            print("no vectors here (run in the repository's folder): messages are made of parts")
        }
        for kind in MessageKind.allCases {
            messages += parts.map { [kind.rawValue, 1, 2, 3, 4] + $0 }
            messages.append([kind.rawValue])
        }
        return (messages, parts)
    }

    /// Every hexadecimal text of a JSON file.
    private static func vectors(_ path: String) -> [[UInt8]] {
        guard let text = try? FileBytes.read(path),
            let document = try? JSONValue(parsing: text, file: path)
        else { return [] }
        var found: [[UInt8]] = []
        var waiting = [document]
        while let value = waiting.popLast() {
            switch value {
            case .string(let text):
                if let bytes = bytes(hexadecimal: text), !bytes.isEmpty { found.append(bytes) }
            case .array(let values): waiting += values
            case .object(let object): waiting += object.values
            default: break
            }
        }
        return found
    }

    private static func made(_ seed: UInt64) -> [[UInt8]] {
        let keys = NodeKeys.seeded(seed)
        let address = PeerAddress(192, 0, 2, 1, port: 4_242)
        let record = NodeRecord(
            keys: keys, sequence: 3, addresses: [address, address], region: "eu")
        let model = Digest.of([1], for: .manifest)
        let holding = Holding(
            model: model, layers: LayerRange(1, 5), layerCount: 6, hasEnds: true)
        var state = NodeState(id: keys.id, sequence: 9)
        state.holdings = [holding]
        state.pending = [holding]
        let signed = SignedState(state, record: record, keys: keys)
        let ad = Ad(
            holding: holding, sequence: 2, lifetimeSeconds: 600, record: record, keys: keys)
        let pieces = (0...6).map { PieceEntry(byteCount: 1_000 + UInt64($0), root: model) }
        let manifest = ModelManifest(
            name: "fuzzed", license: "none", layerCount: 6, hiddenSize: 64, shape: [1, 2, 3],
            pieces: pieces)
        var (stateWriter, manifestWriter) = (ByteWriter(), ByteWriter())
        signed.write(into: &stateWriter)
        SignedManifest(manifest, keys: keys).write(into: &manifestWriter)
        let text = (0..<600).map { UInt8($0 / 7 % 11) }
        return [
            record.encoded, ad.encoded, stateWriter.bytes, manifest.encoded, manifestWriter.bytes,
            Compression.compress(text) ?? [], [UInt8](repeating: 0, count: 40),
        ].filter { !$0.isEmpty }
    }
}
