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
    /// The digest depends on the checkpoint and the name alone. Memory needed is that of a few
    /// blocks (`Limits.importBlockByteCount`), whatever the model. The manifest comes last, so a
    /// crash leaves pieces and no model; the next import makes them again and keeps those that are
    /// there. `progress` is called after each piece. Without `isDurable` the disk is not
    /// waited for: good for what can be imported again. With `isNameUnique` it throws where another
    /// model has the name; its pieces are then there for another try.
    public func importModel(
        _ checkpoint: Checkpoint, name: String? = nil, keys: NodeKeys, isDurable: Bool = true,
        isNameUnique: Bool = false,
        progress: (ImportProgress) -> Void = { _ in }
    ) throws(DataError) -> SignedManifest {
        let builder = try Self.builder(of: checkpoint)
        let lock = try lockForChange()
        try attempt { () throws(SystemError) in try Files.makeDirectory(files.path) }
        var entries: [PieceEntry] = []
        var state = ImportProgress(builder)
        let maker = try attempt { () throws(SystemError) in try PieceMaker(builder) }
        defer { maker.finish() }
        for index in 0..<builder.pieceCount {
            let entry = try keepNext(of: maker, isDurable: isDurable)
            entries.append(entry)
            state.finishedPieceCount += 1
            state.finishedTensorCount += builder.layout(of: index).tensorCount
            state.byteCount += entry.byteCount
            progress(state)
        }
        let manifest = try Self.manifest(
            of: checkpoint, name: name, shape: builder.shape, pieces: entries)
        if isNameUnique, let other = models(matching: manifest.name).first,
            other.manifest.name == manifest.name, other.manifest.digest != manifest.digest
        {
            throw DataError(
                "The store has another model '\(manifest.name)', \(other.manifest.digest.short): "
                    + "give this one another name with --name, or take that one out with bored "
                    + "model remove.")
        }
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
        for index in 0..<builder.pieceCount {
            pieces.append(
                try understood { () throws(ModelError) in try builder.build(index) })
        }
        return pieces
    }

    /// A whole model in memory, through the same pieces as an import makes. One that has no
    /// tokenizer has ids without texts.
    public static func localModel(of checkpoint: Checkpoint) throws(DataError) -> LocalModel {
        do {
            return try LocalModel(try builder(of: checkpoint, mayHaveNoTokenizer: true))
        } catch let error as DataError {
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
    public static func builder(
        of checkpoint: Checkpoint, mayHaveNoTokenizer: Bool = false
    ) throws(DataError) -> PieceBuilder {
        do {
            let tokenizer: TokenizerModel
            if mayHaveNoTokenizer, try TokenizerModel.isAbsent(in: checkpoint) {
                let parameters = try ModelParameters(checkpoint)
                tokenizer = TokenizerModel(
                    withoutTexts: parameters.vocabularyCount, eosIDs: parameters.eosIDs)
            } else {
                tokenizer = try TokenizerModel(checkpoint)
            }
            return try PieceBuilder(checkpoint, tokenizerBytes: tokenizer.encode())
        } catch let error as CheckpointError {
            throw DataError("\(error)")
        } catch {
            throw DataError("The model can't be imported: \(sentence(of: error)).")
        }
    }

    /// What a step of an import gives, its error as a sentence for a person.
    private static func understood<Result>(
        _ step: () throws(ModelError) -> Result
    ) throws(DataError) -> Result {
        do { return try step() } catch {
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
            case .unsupported(let words): words
            case .invalidShape(let words): "its shape can't be run: \(words)"
            case .wrongPieceSize, .wrongPieceHeader:
                "a piece is another than its shape says; take it out with bored model remove, and "
                    + "import it again"
            case .tokenizer(let error): "\(error)"
            case nil: "\(error)"
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
        let name = name ?? usableName(given ?? "unnamed")
        guard isUsableName(name) else {
            throw DataError("A model needs a name: give one by --name.")
        }
        let manifest = ModelManifest(
            name: name, license: cut(plain(license ?? "")), layerCount: shape.layerCount,
            hiddenSize: shape.hiddenSize, shape: shape.encoded, pieces: pieces)
        guard manifest.encoded.count <= Limits.manifestByteCount else {
            throw DataError("The model has too many layers for a manifest.")
        }
        return manifest
    }

    /// Whether a person can use it: it stands in tables, and is no option, path or file's name.
    public static func isUsableName(_ name: String) -> Bool {
        (1...Limits.modelNameByteCount).contains(name.utf8.count) && plain(name) == name
            && !name.contains("/") && !name.hasPrefix("-") && !name.hasPrefix(".")
            && ![".gguf", ".json", ".model"].contains { name.hasSuffix($0) }
    }

    /// What a file calls its model, as near as that is usable; else nothing.
    private static func usableName(_ name: String) -> String {
        let plain = plain(name).map { $0 == "/" ? "-" : $0 }.drop { $0 == "-" || $0 == "." }
        var cut = cut(String(plain))
        for ending in [".gguf", ".json", ".model"] where cut.hasSuffix(ending) {
            cut.removeLast(ending.count)
        }
        return cut
    }

    /// Without control characters, which a terminal would obey.
    private static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0.properties.generalCategory != .control }))
    }

    /// The text up to `Limits.modelNameByteCount` bytes of UTF-8, between characters.
    private static func cut(_ text: String) -> String {
        var text = text
        while text.utf8.count > Limits.modelNameByteCount { text.removeLast() }
        return text
    }

    /// Writes the next piece. Where it is there already, that is seen by its hash, at its end.
    private func keepNext(of maker: PieceMaker, isDurable: Bool) throws(DataError) -> PieceEntry {
        var file: NewFile
        do { file = try NewFile(at: files.imported, isDurable: isDurable) } catch {
            throw DataError(error)
        }
        var digests: [Digest] = []
        var isWhole = false
        while !isWhole {
            let part = try Self.understood { () throws(ModelError) in try maker.next() }
            do { try file.append(part.block, count: part.byteCount) } catch {
                throw DataError(error)
            }
            digests += part.chunkDigests
            isWhole = part.isLast
            maker.reuse(part.block)
        }
        let entry = PieceEntry(
            byteCount: UInt64(file.byteCount), root: PieceEntry.root(of: digests))
        do {
            try files.keep(chunkDigests: digests, of: entry, isDurable: isDurable)
            guard !files.isComplete(entry) else { return entry }
            try file.name(files.complete(entry.root))
            try Files.remove(files.part(entry.root))
        } catch {
            throw DataError(error)
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
        let digests = chunkDigests(of: bytes.span)
        let entry = PieceEntry(byteCount: UInt64(bytes.count), root: root(of: digests))
        return (entry, digests)
    }

    /// The digests of the chunks of a piece, or of whole chunks from it and its last one.
    static func chunkDigests(of bytes: Span<UInt8>) -> [Digest] {
        stride(from: 0, to: bytes.count, by: Limits.chunkByteCount).map { start in
            let end = min(start + Limits.chunkByteCount, bytes.count)
            return Digest.of(bytes.extracting(start..<end), for: .chunk)
        }
    }
}
