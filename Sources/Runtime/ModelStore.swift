import Glibc
import Identity
public import Primitives
import Synchronization
import Transformers
public import Wire

/// A model of the store, and what of it lies on the disk.
public struct StoredModel: Sendable {
    public let signed: SignedManifest
    /// By piece: the ends, then each layer.
    public let isComplete: [Bool]
    /// Imported by hand: its pieces never make room for others.
    public let isKept: Bool

    public var manifest: ModelManifest { signed.manifest }
    public var hasAllPieces: Bool { !isComplete.contains(false) }
    /// Whether this version knows its shape: other versions may have written the store.
    public var isReadable: Bool { (try? ModelShape(decoding: manifest.shape)) != nil }
}

/// The models of a node: manifests, and pieces named by their content.
///
/// Every step on the disk is a write behind a checked hash or a rename, so a crash at any moment
/// loses at most the chunk that was being written. Any thread may call it. What is on the disk is
/// looked at each time, so that `bored model` and a running node agree.
public final class ModelStore: Sendable {
    /// What became of a chunk.
    public enum ChunkVerdict: Hashable, Sendable {
        case stored
        /// It was the last that was missing: the piece is complete.
        case completed
        /// It was there before.
        case known
        /// Its hash is not the one in the list: its sender lied, or bytes were damaged.
        case mismatched
        /// The chunk list of this piece has not been given yet.
        case unexpected
    }

    let path: String
    let files: PieceFiles
    private var manifestsPath: String { path + "/manifests" }
    /// An empty file beside the manifest of a model that was imported by hand.
    private func keptMark(_ digest: Digest) -> String { manifestsPath + "/\(digest).kept" }
    /// Beside the manifest of a model that came with a program: which file it was there.
    private func programMark(_ digest: Digest) -> String { manifestsPath + "/\(digest).program" }

    final class Part: Sendable {
        let piece: Mutex<PartialPiece>
        init(_ piece: consuming PartialPiece) { self.piece = Mutex(piece) }
    }
    let parts = Mutex<OrderedTable<Digest, Part>>(OrderedTable())

    /// Opens the store at `path`; nothing is written before there is something to store.
    public init(path: String) {
        self.path = path
        files = PieceFiles(path: path + "/pieces")
    }

    public convenience init(in directory: DataDirectory) {
        self.init(path: directory.path + "/models")
    }

    // MARK: models

    /// Every model with a readable manifest, in the order of their digests.
    public func models() -> [StoredModel] {
        Files.list(manifestsPath).compactMap { name in
            guard let raw = Bytes32(hexadecimal: name) else { return nil }
            return model(Digest(raw))
        }
    }

    /// The model of this digest, or nil.
    public func model(_ digest: Digest) -> StoredModel? {
        let path = manifestsPath + "/\(digest)"
        guard let bytes = try? Files.read(path, limit: Limits.manifestByteCount + 256) else {
            return nil
        }
        var reader = ByteReader(bytes)
        guard let signed = try? SignedManifest(from: &reader), reader.isAtEnd,
            signed.manifest.digest == digest
        else { return nil }
        return StoredModel(
            signed: signed, isComplete: signed.manifest.pieces.map { files.isComplete($0) },
            isKept: Files.byteCount(keptMark(digest)) != nil)
    }

    /// Models of this name, those alone that this version can read where there are any; or whose
    /// digest begins with these digits (at least eight).
    public func models(matching text: String) -> [StoredModel] {
        let all = models()
        let named = all.filter { $0.manifest.name == text }
        let readable = named.filter(\.isReadable)
        guard named.isEmpty else { return readable.isEmpty ? named : readable }
        guard text.utf8.count >= 8 else { return [] }
        return all.filter { $0.manifest.digest.description.hasPrefix(text) }
    }

    /// Keeps a manifest; its signature is the caller's to check.
    public func add(_ signed: SignedManifest, isDurable: Bool = true) throws(DataError) {
        var writer = ByteWriter(reserving: signed.manifest.encoded.count + 128)
        signed.write(into: &writer)
        try attempt { () throws(SystemError) in
            try Files.makeDirectory(manifestsPath)
            try Files.write(
                writer.bytes, to: manifestsPath + "/\(signed.manifest.digest)",
                isDurable: isDurable)
        }
    }

    /// Forgets a model, and removes every piece that no other model has. Throws while an import
    /// runs, because its pieces have no manifest yet.
    public func remove(_ digest: Digest) throws(DataError) {
        let lock = try lockForChange()
        try attempt { () throws(SystemError) in
            try Files.remove(manifestsPath + "/\(digest)")
            try Files.remove(keptMark(digest))
            try Files.remove(programMark(digest))
        }
        var wanted = OrderedTable<Digest, Bool>()
        for model in models() {
            for piece in model.manifest.pieces { wanted[piece.root] = true }
        }
        for root in files.roots() where !wanted.contains(root) {
            parts.withLock { _ = $0.remove(root) }
            try attempt { () throws(SystemError) in try files.remove(root) }
        }
        _ = consume lock
    }

    /// Marks a model as imported by hand.
    func markKept(_ digest: Digest) throws(DataError) {
        try attempt { () throws(SystemError) in
            try Files.write([], to: keptMark(digest), isDurable: false)
        }
    }

    /// Marks a model as one that came with a program, in the file that this tells from others.
    func markFromProgram(_ digest: Digest, file: Digest) throws(DataError) {
        try attempt { () throws(SystemError) in
            try Files.write(
                Array(file.description.utf8), to: programMark(digest), isDurable: false)
        }
    }

    /// What tells the program's file that a model came in, where it came with one.
    func programFile(_ digest: Digest) -> Digest? {
        guard let bytes = try? Files.read(programMark(digest), limit: 64),
            let raw = Bytes32(hexadecimal: String(decoding: bytes, as: UTF8.self))
        else { return nil }
        return Digest(raw)
    }

    // MARK: inside

    /// Held by whoever imports or removes a model.
    func lockForChange() throws(DataError) -> FileLock {
        let file = try attempt { () throws(SystemError) in
            try Files.makeDirectory(path)
            return try File(path + "/lock", O_RDWR | O_CREAT)
        }
        guard let lock = FileLock(file) else {
            throw DataError("Another import or removal of a model runs: try again when it is done.")
        }
        return lock
    }

    /// Runs a step on the disk and says what failed in the store's words.
    func attempt<Value: ~Copyable>(_ step: () throws(SystemError) -> Value) throws(DataError)
        -> Value
    {
        do { return try step() } catch { throw DataError("The model store failed: \(error).") }
    }
}
