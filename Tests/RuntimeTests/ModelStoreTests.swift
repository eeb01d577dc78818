import Checkpoints
import Glibc
import Identity
import Primitives
import Runtime
import Tensors
import Testing
import Wire

/// A piece of random bytes, as a peer would offer it.
private struct Sample {
    let bytes: [UInt8]
    let entry: PieceEntry
    let digests: [Digest]

    init(_ byteCount: Int, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        bytes = (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let size = Limits.chunkByteCount
        var digests: [Digest] = []
        for start in stride(from: 0, to: byteCount, by: size) {
            let end = min(start + size, byteCount)
            digests.append(Digest.of(Array(bytes[start..<end]), for: .chunk))
        }
        self.digests = digests
        entry = PieceEntry(byteCount: UInt64(byteCount), root: PieceEntry.root(of: digests))
    }

    func chunk(_ index: Int) -> [UInt8] {
        let start = index * Limits.chunkByteCount
        return Array(bytes[start..<start + entry.byteCount(ofChunk: index)])
    }
}

struct ModelStoreTests {
    private let scratch = Scratch()
    private var store: ModelStore { ModelStore(path: scratch.path + "/models") }
    private let sample = Sample(3 * Limits.chunkByteCount + 100, seed: 1)

    private func piece(_ suffix: String = "") -> String {
        "models/pieces/\(sample.entry.root)" + suffix
    }

    @Test func `chunks in any order make a piece`() throws {
        let store = store
        let entry = sample.entry
        #expect(try store.store(sample.chunk(0), chunk: 0, of: entry) == .unexpected)
        #expect(try store.missingChunks(of: entry) == [0, 1, 2, 3])
        #expect(try store.begin(entry, chunkDigests: sample.digests))
        #expect(try store.store(sample.chunk(3), chunk: 3, of: entry) == .stored)
        #expect(try store.store(sample.chunk(3), chunk: 3, of: entry) == .known)
        #expect(try store.store(sample.chunk(0), chunk: 0, of: entry) == .stored)
        #expect(try store.readChunk(3, of: entry) == sample.chunk(3))
        #expect(try store.readChunk(1, of: entry) == nil)
        #expect(try store.missingChunks(of: entry) == [1, 2])
        #expect(try store.store(sample.chunk(2), chunk: 2, of: entry) == .stored)
        #expect(!store.isComplete(entry))
        #expect(try store.store(sample.chunk(1), chunk: 1, of: entry) == .completed)
        #expect(store.isComplete(entry))
        #expect(try store.readChunk(1, of: entry) == sample.chunk(1))
        #expect(try store.readPiece(entry).byteCount == sample.bytes.count)
        #expect(store.chunkDigests(of: entry) == sample.digests)
        #expect(try store.store(sample.chunk(1), chunk: 1, of: entry) == .known)
    }

    @Test func `a wrong chunk, a wrong list and a wrong index change nothing`() throws {
        let store = store
        let entry = sample.entry
        #expect(try !store.begin(entry, chunkDigests: Array(sample.digests.dropLast())))
        #expect(try !store.begin(entry, chunkDigests: sample.digests.reversed()))
        #expect(try store.begin(entry, chunkDigests: sample.digests))
        var bad = sample.chunk(1)
        bad[7] ^= 1
        #expect(try store.store(bad, chunk: 1, of: entry) == .mismatched)
        #expect(try store.store(Array(bad.dropLast()), chunk: 1, of: entry) == .mismatched)
        #expect(try store.store([], chunk: 1, of: entry) == .mismatched)
        #expect(try store.store(sample.chunk(1), chunk: 4, of: entry) == .unexpected)
        #expect(try store.store(sample.chunk(1), chunk: -1, of: entry) == .unexpected)
        #expect(try store.missingChunks(of: entry) == [0, 1, 2, 3])
        #expect(try store.readChunk(9, of: entry) == nil)
    }

    @Test func `after a crash the chunks that reached the disk count, and torn ones don't`() throws
    {
        let entry = sample.entry
        do {
            let store = store
            _ = try store.begin(entry, chunkDigests: sample.digests)
            for index in [0, 1, 2] {
                _ = try store.store(sample.chunk(index), chunk: index, of: entry)
            }
        }
        // Chunk 1 was half written, and the end of the file is gone.
        var bytes = try #require(scratch.read(piece(".part")))
        for index in 0..<1_000 { bytes[Limits.chunkByteCount + index] = 0 }
        bytes.removeLast(Limits.chunkByteCount / 2)
        scratch.write(bytes, to: piece(".part"))
        let store = store
        #expect(try store.missingChunks(of: entry) == [1, 2, 3])
        for index in [1, 2, 3] { _ = try store.store(sample.chunk(index), chunk: index, of: entry) }
        #expect(store.isComplete(entry))
        _ = try store.readPiece(entry)
    }

    @Test func `a chunk list that was torn is asked for again`() throws {
        let entry = sample.entry
        _ = try store.begin(entry, chunkDigests: sample.digests)
        _ = try store.store(sample.chunk(2), chunk: 2, of: entry)
        scratch.write([1, 2, 3], to: piece(".chunks"))
        let store = store
        #expect(store.chunkDigests(of: entry) == nil)
        #expect(try store.missingChunks(of: entry) == [0, 1, 2, 3])
        #expect(try store.begin(entry, chunkDigests: sample.digests))
        #expect(try store.missingChunks(of: entry) == [0, 1, 3])
    }

    @Test func `a piece that went bad on the disk is noticed, and only its bad chunk comes again`()
        throws
    {
        let store = store
        let entry = sample.entry
        _ = try store.begin(entry, chunkDigests: sample.digests)
        for index in 0..<4 { _ = try store.store(sample.chunk(index), chunk: index, of: entry) }
        var bytes = try #require(scratch.read(piece()))
        bytes[2 * Limits.chunkByteCount] ^= 0x40
        scratch.write(bytes, to: piece())
        let error = #expect(throws: DataError.self) { try store.readPiece(entry) }
        #expect(error?.description.contains("chunk 2") == true)
        #expect(!store.isComplete(entry))
        #expect(try store.missingChunks(of: entry) == [2])
        #expect(try store.store(sample.chunk(2), chunk: 2, of: entry) == .completed)
        _ = try store.readPiece(entry)
    }

    @Test func `what another version wrote stands in nobody's way, and is named by its digest`()
        throws
    {
        let store = store
        let foreign = SignedManifest(
            ModelManifest(
                name: EmbeddedModel.name, license: "MIT", layerCount: 1, hiddenSize: 8,
                shape: [1], pieces: [sample.entry, sample.entry]), keys: .seeded(4))
        try store.add(foreign)
        _ = try store.begin(sample.entry, chunkDigests: sample.digests)
        for index in 0..<4 {
            _ = try store.store(sample.chunk(index), chunk: index, of: sample.entry)
        }
        let digest = foreign.manifest.digest
        #expect(store.models(matching: EmbeddedModel.name).map(\.manifest.digest) == [digest])
        let error = #expect(throws: DataError.self) {
            try TextModel(foreign.manifest, store: store)
        }
        #expect(error?.description.contains("another version of bored imported it") == true)
        try EmbeddedModel.add(to: store, keys: .seeded(4))
        let usable = store.models(matching: EmbeddedModel.name)
        #expect(usable.count == 1 && usable[0].isReadable && usable[0].hasAllPieces)
        let named = store.models(matching: String(digest.description.prefix(12)))
        #expect(named.map(\.manifest.digest) == [digest])
    }

    /// The embedded model with one weight changed, as another version of the program brings it.
    private func otherVersion(_ store: ModelStore) throws -> Digest {
        var bytes = EmbeddedModel.region.bytes
        bytes[bytes.count - 64] ^= 1
        let checkpoint = try GGUF.open(NamedRegion(name: "other.gguf", region: Region(bytes)))
        let signed = try store.importModel(
            checkpoint, name: EmbeddedModel.name, keys: .seeded(4), isDurable: false)
        return signed.manifest.digest
    }

    @Test func `the embedded model of an older program makes room for the newer`() throws {
        let store = store
        let older = try otherVersion(store)
        let digits = String(repeating: "0", count: 64)
        scratch.write(Array(digits.utf8), to: "models/manifests/\(older).program")
        try EmbeddedModel.add(to: store, keys: .seeded(4))
        let newer = store.models(matching: EmbeddedModel.name).map(\.manifest.digest)
        #expect(newer.count == 1 && newer != [older])
        #expect(scratch.read("models/manifests/\(older).program") == nil)
        try EmbeddedModel.add(to: store, keys: .seeded(4))
        let after = store.models(matching: EmbeddedModel.name)
        #expect(after.map(\.manifest.digest) == newer)
        #expect(after.map(\.hasAllPieces) == [true])
    }

    @Test func `a person's own model of the embedded one's name stays, and stays alone`() throws {
        let store = store
        let own = try otherVersion(store)
        try EmbeddedModel.add(to: store, keys: .seeded(4))
        #expect(store.models(matching: EmbeddedModel.name).map(\.manifest.digest) == [own])
    }

    @Test func `models are listed with what they have, and removed without what others share`()
        throws
    {
        let store = store
        let keys = NodeKeys.seeded(4)
        let other = Sample(1_000, seed: 2)
        func manifest(_ name: String, _ pieces: [PieceEntry]) -> SignedManifest {
            SignedManifest(
                ModelManifest(
                    name: name, license: "MIT", layerCount: pieces.count - 1, hiddenSize: 8,
                    shape: [1], pieces: pieces), keys: keys)
        }
        let large = manifest("large", [sample.entry, other.entry])
        let small = manifest("small", [other.entry, other.entry])
        #expect(store.models().isEmpty)
        try store.add(large)
        try store.add(small)
        _ = try store.begin(other.entry, chunkDigests: other.digests)
        _ = try store.store(other.chunk(0), chunk: 0, of: other.entry)
        #expect(store.model(large.manifest.digest)?.isComplete == [false, true])
        #expect(store.model(small.manifest.digest)?.hasAllPieces == true)
        #expect(store.models(matching: "small").map(\.manifest.name) == ["small"])
        let prefix = String(large.manifest.digest.description.prefix(10))
        #expect(store.models(matching: prefix).map(\.manifest.name) == ["large"])
        #expect(store.models(matching: "none").isEmpty)
        try store.remove(large.manifest.digest)
        #expect(store.models().map(\.manifest.name) == ["small"])
        #expect(store.isComplete(other.entry))
        try store.remove(small.manifest.digest)
        #expect(!store.isComplete(other.entry))
        #expect(scratch.read("models/pieces/\(other.entry.root).chunks") == nil)
    }

    @Test func `a manifest that is damaged is no model`() throws {
        let store = store
        let signed = SignedManifest(
            ModelManifest(
                name: "m", license: "", layerCount: 1, hiddenSize: 8, shape: [],
                pieces: [sample.entry, sample.entry]), keys: .seeded(4))
        try store.add(signed)
        let name = "models/manifests/\(signed.manifest.digest)"
        let bytes = try #require(scratch.read(name))
        for index in [0, 3, 20, bytes.count / 2] {
            var damaged = bytes
            damaged[index] ^= 1
            scratch.write(damaged, to: name)
            #expect(
                store.model(signed.manifest.digest) == nil || index > signed.manifest.encoded.count)
        }
        scratch.write(Array(bytes.dropLast()), to: name)
        #expect(store.models().isEmpty)
    }
}
