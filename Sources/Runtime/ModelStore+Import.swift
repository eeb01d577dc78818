public import Checkpoints
public import Identity
import Primitives
import Tokenizers
public import Transformers
public import Wire

/// How far an import is.
public struct ImportProgress: Hashable, Sendable {
    public var pieceCount: Int
    public var finishedPieceCount: Int
    /// Tensors of the checkpoint that have a place in a finished piece, and all that have one.
    public var finishedTensorCount: Int
    public var tensorCount: Int
    /// Bytes of finished pieces, and of all.
    public var byteCount: UInt64
    public var totalByteCount: UInt64
}

extension ModelStore {
    /// Puts a model's pieces and manifest into the store, and returns the manifest.
    ///
    /// The digest depends on the checkpoint and the name alone. Memory needed is that of the
    /// largest piece. The manifest comes last, so a crash leaves pieces and no model; the next
    /// import uses them. `progress` is called after each piece. Without `isDurable` the disk is not
    /// waited for: good for what can be imported again.
    public func importModel(
        _ checkpoint: Checkpoint, name: String? = nil, keys: NodeKeys, isDurable: Bool = true,
        progress: (ImportProgress) -> Void = { _ in }
    ) throws(DataError) -> SignedManifest {
        let builder = try Self.builder(of: checkpoint)
        let lock = try lockForChange()
        try attempt { () throws(SystemError) in try Files.makeDirectory(files.path) }
        var entries: [PieceEntry] = []
        var state = ImportProgress(builder)
        for index in 0..<builder.pieceCount {
            let bytes = try Self.build(index, with: builder)
            entries.append(try keep(bytes, isDurable: isDurable))
            state.finishedPieceCount += 1
            state.finishedTensorCount += builder.layout(of: index).tensorCount
            state.byteCount += UInt64(bytes.count)
            progress(state)
        }
        let manifest = try Self.manifest(
            of: checkpoint, name: name, shape: builder.shape, pieces: entries)
        let signed = SignedManifest(manifest, keys: keys)
        try add(signed, isDurable: isDurable)
        try markKept(manifest.digest)
        _ = consume lock
        return signed
    }

    /// The pieces of a model, made in memory: for a model that is used where nothing can be stored.
    public static func pieces(of checkpoint: Checkpoint) throws(DataError) -> [[UInt8]] {
        let builder = try builder(of: checkpoint)
        var pieces: [[UInt8]] = []
        for index in 0..<builder.pieceCount { pieces.append(try build(index, with: builder)) }
        return pieces
    }

    /// A whole model in memory, through the same pieces as an import makes.
    public static func localModel(of checkpoint: Checkpoint) throws(DataError) -> LocalModel {
        do { return try LocalModel(try builder(of: checkpoint)) } catch let error as DataError {
            throw error
        } catch {
            throw DataError("The model can't be used: \(sentence(of: error)).")
        }
    }

    /// The manifest of a model whose pieces are in memory: the same as an import makes.
    public static func manifest(
        of checkpoint: Checkpoint, name: String? = nil, pieces: [[UInt8]]
    ) throws(DataError) -> ModelManifest {
        let shape = try builder(of: checkpoint).shape
        return try manifest(
            of: checkpoint, name: name, shape: shape,
            pieces: pieces.map { PieceEntry.digests(of: $0).entry })
    }
}

// MARK: steps

extension ModelStore {
    /// Reads a checkpoint as far as pieces need it. Throws where it can't be run.
    public static func builder(of checkpoint: Checkpoint) throws(DataError) -> PieceBuilder {
        do {
            let tokenizer = try TokenizerModel(checkpoint).encode()
            return try PieceBuilder(checkpoint, tokenizerBytes: tokenizer)
        } catch let error as CheckpointError {
            throw DataError("\(error)")
        } catch {
            throw DataError("The model can't be imported: \(sentence(of: error)).")
        }
    }

    private static func build(_ index: Int, with builder: PieceBuilder) throws(DataError) -> [UInt8]
    {
        do { return try builder.build(index) } catch {
            throw DataError("The model can't be imported: \(sentence(of: error)).")
        }
    }

    /// What is wrong, for a person.
    public static func sentence(of error: any Error) -> String {
        let words =
            switch error as? ModelError {
            case .checkpoint(let error): "\(error)"
            case .malformedShape:
                "another version of bored imported it; take it out by its digest with bored model "
                    + "remove, and import it again"
            default: "\(error)"
            }
        // It ends another sentence.
        return words.hasSuffix(".") ? String(words.dropLast()) : words
    }

    private static func manifest(
        of checkpoint: Checkpoint, name: String?, shape: ModelShape, pieces: [PieceEntry]
    ) throws(DataError) -> ModelManifest {
        let metadata = checkpoint.metadata
        let given = (try? metadata.string("general.name")) ?? nil
        let license = (try? metadata.string("general.license")) ?? nil
        let name = cut(name ?? given ?? "unnamed")
        guard !name.isEmpty else { throw DataError("A model needs a name: give one by --name.") }
        let manifest = ModelManifest(
            name: name, license: cut(license ?? ""), layerCount: shape.layerCount,
            hiddenSize: shape.hiddenSize, shape: shape.encoded, pieces: pieces)
        guard manifest.encoded.count <= Limits.manifestByteCount else {
            throw DataError("The model has too many layers for a manifest.")
        }
        return manifest
    }

    /// The text up to `Limits.modelNameByteCount` bytes of UTF-8, between characters.
    private static func cut(_ text: String) -> String {
        var text = text
        while text.utf8.count > Limits.modelNameByteCount { text.removeLast() }
        return text
    }

    /// Writes a piece, unless it is there.
    private func keep(_ bytes: [UInt8], isDurable: Bool) throws(DataError) -> PieceEntry {
        let (entry, digests) = PieceEntry.digests(of: bytes)
        try attempt { () throws(SystemError) in
            try files.keep(chunkDigests: digests, of: entry, isDurable: isDurable)
            guard !files.isComplete(entry) else { return }
            try Files.write(bytes, to: files.complete(entry.root), isDurable: isDurable)
            try Files.remove(files.part(entry.root))
        }
        return entry
    }
}

extension ImportProgress {
    /// Nothing is done yet.
    fileprivate init(_ builder: PieceBuilder) {
        let layouts = (0..<builder.pieceCount).map { builder.layout(of: $0) }
        pieceCount = layouts.count
        tensorCount = layouts.reduce(0) { $0 + $1.tensorCount }
        totalByteCount = layouts.reduce(0) { $0 + UInt64($1.byteCount) }
        finishedPieceCount = 0
        finishedTensorCount = 0
        byteCount = 0
    }
}

extension PieceLayout {
    /// Sections that hold numbers.
    fileprivate var tensorCount: Int { sections.count { $0.format != .bytes } }
}

extension PieceEntry {
    /// The entry of a piece and the digests of its chunks.
    static func digests(of bytes: [UInt8]) -> (entry: PieceEntry, digests: [Digest]) {
        let digests = stride(from: 0, to: bytes.count, by: Limits.chunkByteCount).map { start in
            let end = min(start + Limits.chunkByteCount, bytes.count)
            return Digest.of(Array(bytes[start..<end]), for: .chunk)
        }
        let entry = PieceEntry(byteCount: UInt64(bytes.count), root: root(of: digests))
        return (entry, digests)
    }
}
