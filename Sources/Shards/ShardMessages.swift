internal import Identity
internal import Primitives
internal import Wire

/// Why a request is not answered with what it asked for.
enum ShardRefusal: UInt8, Sendable {
    /// The peer does not have it.
    case absent = 0
    /// The peer has too much to do.
    case busy = 1
    /// The peer's owner allows no more bytes today.
    case overBudget = 2
}

/// The messages of this room; each carries the asker's request number.
enum ShardMessage: Sendable {
    case askManifest(UInt32, ManifestQuery)
    case manifest(UInt32, SignedManifest)
    case askChunkList(UInt32, root: Digest)
    case chunkList(UInt32, root: Digest, [Digest])
    case askChunk(UInt32, root: Digest, index: Int)
    case chunk(UInt32, root: Digest, index: Int, [UInt8])
    case refused(UInt32, ShardRefusal)

    init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        guard let kind = MessageKind(rawValue: try reader.readUInt8()) else { throw .invalid }
        let request = try reader.readUInt32()
        switch kind {
        case .askManifest: self = .askManifest(request, try ManifestQuery(from: &reader))
        case .manifest: self = .manifest(request, try SignedManifest(from: &reader))
        case .askChunkList: self = .askChunkList(request, root: try reader.read32(Digest.self))
        case .chunkList:
            let root = try reader.read32(Digest.self)
            var digests: [Digest] = []
            for _ in 0..<(try reader.readCount(limit: Limits.chunksPerPiece)) {
                digests.append(try reader.read32(Digest.self))
            }
            self = .chunkList(request, root: root, digests)
        case .askChunk:
            let root = try reader.read32(Digest.self)
            let index = try reader.readCount(limit: Limits.chunksPerPiece - 1)
            self = .askChunk(request, root: root, index: index)
        case .chunk:
            let root = try reader.read32(Digest.self)
            let index = try reader.readCount(limit: Limits.chunksPerPiece - 1)
            guard reader.remaining <= Limits.chunkByteCount else { throw .overLimit }
            self = .chunk(request, root: root, index: index, reader.readRemaining())
        case .shardRefused:
            guard let reason = ShardRefusal(rawValue: try reader.readUInt8()) else {
                throw .invalid
            }
            self = .refused(request, reason)
        default: throw .invalid
        }
        try reader.finish()
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 64)
        switch self {
        case .askManifest(let request, let query):
            begin(.askManifest, request, &writer)
            query.write(into: &writer)
        case .manifest(let request, let manifest):
            begin(.manifest, request, &writer)
            manifest.write(into: &writer)
        case .askChunkList(let request, let root):
            begin(.askChunkList, request, &writer)
            writer.write(root)
        case .chunkList(let request, let root, let digests):
            begin(.chunkList, request, &writer)
            writer.write(root)
            writer.writeVarint(digests.count)
            for digest in digests { writer.write(digest) }
        case .askChunk(let request, let root, let index):
            begin(.askChunk, request, &writer)
            writer.write(root)
            writer.writeVarint(index)
        case .chunk(let request, let root, let index, let bytes):
            begin(.chunk, request, &writer)
            writer.write(root)
            writer.writeVarint(index)
            writer.write(bytes)
        case .refused(let request, let reason):
            begin(.shardRefused, request, &writer)
            writer.write(reason.rawValue)
        }
        return writer.bytes
    }

    private func begin(_ kind: MessageKind, _ request: UInt32, _ writer: inout ByteWriter) {
        writer.write(kind.rawValue)
        writer.write(request)
    }
}

extension ManifestQuery {
    init(from reader: inout ByteReader) throws(WireError) {
        switch try reader.readUInt8() {
        case 0: self = .digest(try reader.read32(Digest.self))
        case 1: self = .name(try reader.readString(limit: Limits.modelNameByteCount))
        default: throw .invalid
        }
    }

    func write(into writer: inout ByteWriter) {
        switch self {
        case .digest(let digest):
            writer.write(UInt8(0))
            writer.write(digest)
        case .name(let name):
            writer.write(UInt8(1))
            writer.writeString(name)
        }
    }

    /// Whether a manifest is what the query asks for.
    func isAnswered(by manifest: ModelManifest) -> Bool {
        switch self {
        case .digest(let digest): manifest.digest == digest
        case .name(let name): manifest.name == name
        }
    }
}
