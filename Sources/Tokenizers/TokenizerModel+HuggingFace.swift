public import Checkpoints
import Primitives

extension TokenizerModel {
    /// Reads `tokenizer.json` of the tokenizers library. Where there is none, `tokenizer.model` or
    /// `tekken.json` is read, and where these are missing, too, the older files of a vocabulary.
    init(huggingFace checkpoint: Checkpoint) throws(CheckpointError) {
        let configuration = try checkpoint.json(named: "tokenizer_config.json")
        if let json = try checkpoint.json(named: TokenizerFile.name) {
            let file = try TokenizerFile(json, configuration: configuration)
            try self.init(file, checkpoint.metadata)
        } else if let region = checkpoint.file(named: SentencePieceFile.name) {
            try self.init(sentencePiece: region, checkpoint)
        } else if let json = try checkpoint.json(named: TekkenFile.name) {
            try self.init(tekken: TekkenFile(json), checkpoint.metadata)
        } else if let older = try OlderVocabulary(checkpoint, configuration) {
            try self.init(older.file(checkpoint, configuration), checkpoint.metadata)
        } else {
            throw .missingFile(name: TokenizerFile.name, wantedBy: "a Hugging Face model")
        }
    }

    /// Whether a directory has none of the files that say what its ids mean.
    public static func isAbsent(in checkpoint: Checkpoint) throws(CheckpointError) -> Bool {
        guard checkpoint.format == .safetensors, checkpoint.file(named: TokenizerFile.name) == nil,
            checkpoint.file(named: SentencePieceFile.name) == nil,
            checkpoint.file(named: TekkenFile.name) == nil
        else { return false }
        let configuration = try checkpoint.json(named: "tokenizer_config.json")
        return OlderVocabulary.family(of: checkpoint, configuration) == nil
    }

    /// Ids of which nobody knows what they mean.
    public init(withoutTexts count: Int, eosIDs: [Int]) {
        self.init(
            kind: .bytePairs, pieces: Array(repeating: [], count: count),
            types: Array(repeating: .unused, count: count))
        self.eosIDs = eosIDs
    }

    private init(_ file: TokenizerFile, _ metadata: Metadata) throws(CheckpointError) {
        let kind: Kind =
            switch file.modelType {
            case .wordPiece: .wordPiece
            case .unigram: .unigram
            case .bytePairs: file.isByteLevel ? .bytePairs : .characterPairs
            }
        self.init(kind: kind, pieces: [], types: [])
        let texts = try setVocabulary(file)
        normalizations = try file.normalizations()
        splittings = try file.splittings()
        dropsFirstSpace = file.dropsFirstSpace()
        switch kind {
        case .wordPiece: try setWordPieces(texts, file)
        case .unigram: pieces = texts.map { Array($0.utf8) }
        default: try setPairs(texts, file)
        }
        if kind == .unigram {
            try setUnknown(file)
        } else if let unknown = file.model["unk_token"]?.string {
            unknownID = texts.firstIndex { Array($0.utf8) == Array(unknown.utf8) }
        }
        try setSurroundings(file, metadata)
        chatTemplate = try metadata.string("tokenizer.chat_template")
    }

    private mutating func setPairs(_ texts: [String], _ file: TokenizerFile) throws(CheckpointError)
    {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let mark = file.model[key]?.string, !mark.isEmpty {
                throw .unsupported(
                    file: TokenizerFile.name, what: "mark \(key) of a BPE model", found: mark,
                    supported: ["none"])
            }
        }
        if kind == .bytePairs {
            let traits = traits
            setPieces(fromAlphabet: texts)
            self.traits = traits
        } else {
            pieces = texts.map { Array($0.utf8) }
            fusesUnknown = file.model["fuse_unk"]?.bool ?? false
        }
        setMerges(try file.mergePairs(), of: texts)
        ignoresMerges = file.model["ignore_merges"]?.bool ?? false
    }

    /// Unigrams name their unknown piece by its id.
    private mutating func setUnknown(_ file: TokenizerFile) throws(CheckpointError) {
        guard let value = file.model["unk_id"], value != .null else { return }
        guard let id = value.integer, pieces.indices.contains(id) else {
            throw TokenizerFile.wrong("model.unk_id", "the id of a piece", value.kind)
        }
        unknownID = id
        if types[id] == .normal { types[id] = .unknown }
    }

    private mutating func setWordPieces(
        _ texts: [String], _ file: TokenizerFile
    ) throws(CheckpointError) {
        let mark = Array((file.model["continuing_subword_prefix"]?.string ?? "##").utf8)
        pieces = texts.map { Array($0.utf8) }
        for id in pieces.indices where types[id] == .normal && pieces[id].starts(with: mark) {
            guard pieces[id].count > mark.count, !mark.isEmpty else { continue }
            pieces[id].removeFirst(mark.count)
            traits[id].insert(.continuesWord)
        }
        let limit = file.model["max_input_chars_per_word"]?.integer ?? 100
        guard (1...Limits.vocabularyPieceByteCount).contains(limit) else {
            throw TokenizerFile.wrong(
                "model.max_input_chars_per_word", "1 to \(Limits.vocabularyPieceByteCount)",
                "\(limit)")
        }
        wordCharacterCount = limit
    }

    private mutating func setSurroundings(
        _ file: TokenizerFile, _ metadata: Metadata
    ) throws(CheckpointError) {
        let configured = try metadata.integers("tokenizer.ggml.bos_token_id")?.first.map { Int($0) }
        eosIDs = try metadata.integers("tokenizer.ggml.eos_token_id")?.map { Int($0) } ?? []
        // The post-processor alone: transformers does not read `add_bos_token` beside this file.
        (prefixIDs, suffixIDs) = file.surroundings()
        try keepEnds(metadata)
        bosID = prefixIDs.first ?? configured.flatMap { pieces.indices.contains($0) ? $0 : nil }
    }

    /// An id that ends a text may be the model's and no piece; one that is neither is never met.
    mutating func keepEnds(_ metadata: Metadata) throws(CheckpointError) {
        let architecture = try metadata.string("general.architecture") ?? ""
        let count = try metadata.integer(architecture + ".vocab_size") ?? 0
        eosIDs.removeAll { $0 < 0 || $0 >= max(pieces.count, min(count, Limits.vocabularyCount)) }
        guard let highest = eosIDs.max(), highest >= pieces.count else { return }
        let more = highest + 1 - pieces.count
        pieces += Array(repeating: [], count: more)
        types += Array(repeating: .unused, count: more)
        traits += Array(repeating: [], count: more)
        if !scores.isEmpty { scores += Array(repeating: -.infinity, count: more) }
    }

    /// Sets the types and returns the texts of all pieces, by id.
    private mutating func setVocabulary(_ file: TokenizerFile) throws(CheckpointError) -> [String] {
        let vocabulary = try file.vocabulary()
        let highest = (vocabulary.map(\.id) + file.added.map(\.id)).max() ?? -1
        // Ids may have gaps, but not many: a huge id in a small file is no vocabulary.
        guard highest < 2 * (vocabulary.count + file.added.count) + 1_024 else {
            throw TokenizerFile.wrong(
                "model.vocab", "ids without large gaps", "the id \(highest)")
        }
        var texts = Array(repeating: "", count: highest + 1)
        types = Array(repeating: .unused, count: highest + 1)
        traits = Array(repeating: [], count: highest + 1)
        if kind == .unigram {
            // What was added is no piece of the model.
            scores = Array(repeating: -.infinity, count: highest + 1)
        }
        let fallsBackToBytes =
            file.model["byte_fallback"]?.bool ?? false
            && (kind == .characterPairs || kind == .unigram)
        for piece in vocabulary {
            texts[piece.id] = piece.text
            if kind == .unigram { scores[piece.id] = piece.score }
            let isByte = fallsBackToBytes && byteValue(ofPiece: Array(piece.text.utf8)) != nil
            types[piece.id] = isByte ? .byte : .normal
        }
        for piece in file.added {
            texts[piece.id] = piece.text
            types[piece.id] = piece.isSpecial ? .control : .userDefined
            traits[piece.id] = piece.traits
        }
        return texts
    }
}
