import Identity
import Primitives
import Shards
import Wire

/// Sources and askers that are one liar: they know which pieces exist and what was asked of them,
/// and answer with something else.
struct Liar {
    struct Question {
        let kind: MessageKind
        let number: UInt32
        let root: Digest
        let index: Int
        let face: Int
    }

    static let faceCount = 4
    let sample: Sample
    private let manifests: [SignedManifest]
    var random: SeededRandom
    private var questions: [Question] = []
    private var lives = [UInt64](repeating: 50, count: faceCount)

    init(seed: UInt64, sample: Sample, name: String) {
        self.sample = sample
        random = SeededRandom(seed: seed)
        let keys = NodeKeys.seeded(77, suite: .simulated)
        // The same piece under other lengths, and pieces that nobody can have.
        let other = Sample(chunkCount: 1, seed: 9).entry
        let lengths: [UInt64] = [1, sample.entry.byteCount + 1, 1 << 39, 1 << 20]
        manifests = lengths.map { length in
            let entry = PieceEntry(byteCount: length, root: sample.entry.root)
            let model = ModelManifest(
                name: name, license: "", layerCount: 2, hiddenSize: 1, shape: [],
                pieces: [entry, other, sample.entry])
            return SignedManifest(model, keys: keys)
        }
    }

    func id(_ face: Int) -> NodeID {
        NodeID(Bytes32(first: UInt64(face), second: lives[face], third: 0, fourth: 0))
    }

    /// A banned face is of no use any more.
    mutating func changeFace(_ face: Int) { lives[face] += 1 }

    private mutating func isOne(in count: Int) -> Bool { random.below(count) == 0 }

    /// Notes a letter of the victim.
    mutating func hear(_ letter: Letter) {
        guard let face = (0..<Self.faceCount).first(where: { id($0) == letter.recipient }),
            let kind = letter.bytes.first.flatMap({ MessageKind(rawValue: $0) }),
            [.askManifest, .askChunkList, .askChunk].contains(kind)
        else { return }
        var reader = ByteReader(letter.bytes[1...])
        guard let number = try? reader.readUInt32() else { return }
        let root = (try? reader.read32(Digest.self)) ?? sample.entry.root
        let index = (try? reader.readVarint()) ?? 0
        questions.append(
            Question(
                kind: kind, number: number, root: root, index: Int(clamping: index), face: face))
        if questions.count > 20 { questions.removeFirst() }
    }

    private func begin(_ kind: MessageKind, _ number: UInt32) -> ByteWriter {
        var writer = ByteWriter(reserving: 64)
        writer.write(kind.rawValue)
        writer.write(number)
        return writer
    }

    /// A message, and which face it comes from.
    mutating func say() -> (from: NodeID, bytes: [UInt8]) {
        if !isOne(in: 3), !questions.isEmpty {
            let place = random.below(questions.count)
            let question = questions[place]
            if !isOne(in: 5) { questions.remove(at: place) }
            let face = isOne(in: 20) ? random.below(Self.faceCount) : question.face
            return (id(face), answer(question))
        }
        return (id(random.below(Self.faceCount)), ask())
    }

    private mutating func root() -> Digest {
        isOne(in: 6) ? Digest(Bytes32(random: &random)) : sample.entry.root
    }

    private mutating func ask() -> [UInt8] {
        let number: UInt32 = [0, 1, .max][random.below(3)]
        switch random.below(4) {
        case 0:
            var writer = begin(.askManifest, number)
            if isOne(in: 2) {
                writer.write(UInt8(1))
                writer.writeString(isOne(in: 2) ? "model" : "")
            } else {
                writer.write(UInt8(0))
                writer.write(manifests[random.below(4)].manifest.digest)
            }
            return writer.bytes
        case 1:
            var writer = begin(.askChunkList, number)
            writer.write(root())
            return writer.bytes
        default:
            var writer = begin(.askChunk, number)
            writer.write(root())
            writer.writeVarint([0, 1, 2, Limits.chunksPerPiece - 1][random.below(4)])
            return writer.bytes
        }
    }

    /// Something of the right form; true things now and then, or nobody would ask again.
    private mutating func answer(_ question: Question) -> [UInt8] {
        let kinds: [MessageKind] = [.manifest, .chunkList, .chunk]
        let kind: MessageKind =
            switch question.kind {
            case .askManifest: .manifest
            case .askChunkList: .chunkList
            default: .chunk
            }
        if isOne(in: 2) {
            var writer = begin(.shardRefused, question.number)
            writer.write(UInt8(random.below(3)))
            return writer.bytes
        }
        var writer: ByteWriter
        switch isOne(in: 12) ? kinds[random.below(3)] : kind {
        case .manifest:
            writer = begin(.manifest, question.number)
            manifests[random.below(4)].write(into: &writer)
        case .chunkList:
            writer = begin(.chunkList, question.number)
            writer.write(question.root)
            let digests =
                isOne(in: 3)
                ? [Digest](repeating: question.root, count: isOne(in: 9) ? 5_000 : random.below(4))
                : sample.digests
            writer.writeVarint(digests.count)
            for digest in digests { writer.write(digest) }
        default:
            writer = begin(.chunk, question.number)
            writer.write(question.root)
            let index = isOne(in: 20) ? Limits.chunksPerPiece - 1 : question.index
            writer.writeVarint(index)
            var chunk = sample.chunks[min(index, sample.chunks.count - 1)]
            if isOne(in: 4) { chunk[0] ^= 1 }
            writer.write(isOne(in: 5) ? Array(chunk.dropLast(90)) : chunk)
        }
        return writer.bytes
    }
}
