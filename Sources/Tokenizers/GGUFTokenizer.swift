import Checkpoints
import Primitives

/// A tokenizer in GGUF's metadata, `tokenizer.ggml.*` (ggml's `docs/gguf.md`, "Tokenizer"), read as
/// llama.cpp reads it.
struct GGUFTokenizer {
    private let metadata: Metadata
    private let texts: [String]
    /// Ids of the pieces whose names say what they are for.
    private var named: [String: Int] = [:]
    private var types: [TokenizerModel.PieceType]

    static func key(_ name: String) -> String { "tokenizer.ggml." + name }

    init(_ metadata: Metadata) throws(CheckpointError) {
        self.metadata = metadata
        guard let texts = try metadata.strings(Self.key("tokens")) else {
            throw Self.absent(metadata, "tokens", "an array of strings")
        }
        self.texts = texts
        let numbers = try metadata.integers(Self.key("token_type")) ?? texts.map { _ in 1 }
        guard numbers.count == texts.count else {
            throw Self.absent(metadata, "token_type", "\(texts.count) integers")
        }
        types = numbers.map { number in
            // llama.cpp gives an undefined type no role.
            UInt8(exactly: number).flatMap { TokenizerModel.PieceType(rawValue: $0) } ?? .unused
        }
        try overrideTypes()
    }

    private static func absent(
        _ metadata: Metadata, _ name: String, _ expected: String
    ) -> CheckpointError {
        .metadata(
            file: metadata.file, key: key(name), expected: expected,
            found: metadata[key(name)]?.kind ?? "no such key")
    }

    /// Pieces with the names of control pieces are such, whatever the file says.
    private mutating func overrideTypes() throws(CheckpointError) {
        for (id, text) in texts.enumerated() where SpecialNames.all.contains(text) {
            named[text] = id
        }
        for name in SpecialNames.ends { setType(.control, of: name) }
        for filling in SpecialNames.fillings
        where filling.keys.allSatisfy({ metadata[Self.key($0)] == nil }) {
            if let name = filling.names.first(where: { named[$0] != nil }) {
                setType(.control, of: name)
            }
        }
        for name in SpecialNames.shown { setType(.userDefined, of: name) }
        if named["<|return|>"] != nil, named["<|call|>"] != nil {
            setType(.userDefined, of: "<|end|>")
        }
        if named["<|tool_response>"] != nil { setType(.normal, of: "</s>") }
    }

    private mutating func setType(_ type: TokenizerModel.PieceType, of name: String) {
        if let id = named[name] { types[id] = type }
    }

    func model() throws(CheckpointError) -> TokenizerModel {
        guard let name = try metadata.string(Self.key("model")) else {
            throw Self.absent(metadata, "model", "the kind of tokenizer")
        }
        var model: TokenizerModel
        switch name {
        case "llama": model = try sentencePiece()
        case "gpt2": model = try bytePairs()
        case "gemma4": model = try characterPairs()
        case "bert": model = try wordPiece()
        case "t5": model = try unigram()
        default:
            throw .unsupported(
                file: metadata.file, what: "kind of tokenizer", found: name,
                supported: [
                    "llama (SentencePiece BPE)", "gpt2 (byte-level BPE)", "bert (WordPiece)",
                    "gemma4 (BPE of characters)", "t5 (unigrams)",
                ])
        }
        model.cutsLongestFirst = true
        model.chatTemplate = try metadata.string("tokenizer.chat_template")
        try setTraits(&model)
        return model
    }

    // MARK: special ids

    private func id(_ name: String, standard: Int? = nil) throws(CheckpointError) -> Int? {
        let valid = { (id: Int) in texts.indices.contains(id) }
        if let id = try metadata.integer(Self.key(name)), valid(id) { return id }
        return standard.flatMap { valid($0) ? $0 : nil }
    }

    private func setEnds(
        _ model: inout TokenizerModel, begin: Int?, end: Int?, addsBegin: Bool,
        addsEnd: Bool = false
    ) throws(CheckpointError) {
        model.bosID = try id("bos_token_id", standard: begin)
        var ends: [Int?] = [try id("eos_token_id", standard: end)]
        for name in ["eot_token_id", "eom_token_id"] { ends.append(try id(name)) }
        for filling in SpecialNames.fillings {
            guard let key = filling.keys.first, SpecialNames.endingFillings.contains(key) else {
                continue
            }
            ends.append(try id(key) ?? filling.names.compactMap { named[$0] }.first)
        }
        for end in ends.compactMap({ $0 }) where !model.eosIDs.contains(end) {
            model.eosIDs.append(end)
        }
        if try metadata.bool(Self.key("add_bos_token")) ?? addsBegin, let id = model.bosID {
            model.prefixIDs = [id]
        }
        if try metadata.bool(Self.key("add_eos_token")) ?? addsEnd, let id = ends[0] {
            model.suffixIDs = [id]
        }
    }

    /// What files leave out: which special pieces swallow the space around them.
    private func setTraits(_ model: inout TokenizerModel) throws(CheckpointError) {
        let name = (try metadata.string("general.name") ?? "").lowercased()
        let pre = try metadata.string(Self.key("pre")) ?? ""
        let architecture = try metadata.string("general.architecture") ?? ""
        func set(_ trait: TokenizerModel.PieceTraits, of text: String) {
            if let id = texts.firstIndex(of: text) { model.traits[id].insert(trait) }
        }
        if ["jina-v2-de", "jina-v2-es", "jina-v2-code"].contains(pre)
            || ["nomic-bert-moe", "jina-bert-v3"].contains(architecture)
        {
            set(.stripsLeft, of: "<mask>")
        } else if name.contains("phi-3") || name.contains("phi3") {
            let kept = ["<unk>", "<s>", "<|endoftext|>"]
            for id in texts.indices where model.isSpecial(id) && !kept.contains(texts[id]) {
                model.traits[id].insert(.stripsRight)
            }
            set(.stripsRight, of: "</s>")
        } else if name.contains("modern-bert") {
            set(.stripsLeft, of: "[MASK]")
        }
    }

    // MARK: kinds

    private func scores() throws(CheckpointError) -> [Double] {
        let scores = try metadata.doubles(Self.key("scores")) ?? []
        guard scores.count == texts.count else {
            throw Self.absent(metadata, "scores", "\(texts.count) numbers")
        }
        return scores.map { Double(Float($0)) }
    }

    private func sentencePiece() throws(CheckpointError) -> TokenizerModel {
        var model = TokenizerModel(
            kind: .sentencePiece, pieces: texts.map { Array($0.utf8) }, types: types)
        model.scores = try scores()
        model.unknownID = try id("unknown_token_id", standard: 0)
        if try metadata.bool(Self.key("add_space_prefix")) ?? true {
            model.normalizations.append(.prefixed("▁"))
            model.dropsFirstSpace = true
        }
        model.normalizations.append(.replaced(" ", by: "▁"))
        try setEnds(&model, begin: 1, end: 2, addsBegin: true)
        return model
    }

    /// Every fragment gets a mark before its first word, and where spaces that are too many vanish,
    /// so does a fragment of nothing else.
    private func unigram() throws(CheckpointError) -> TokenizerModel {
        var model = TokenizerModel(
            kind: .unigram, pieces: texts.map { Array($0.utf8) }, types: types)
        model.scores = try scores()
        model.unknownID = try id("unknown_token_id", standard: 2)
        let table = try metadata.integers(Self.key("precompiled_charsmap")) ?? []
        if !table.isEmpty {
            let bytes = table.map { UInt8(truncatingIfNeeded: $0) }
            model.normalizations.append(.replacedByTable(bytes, .longest))
        }
        let isPrefixed = try metadata.bool(Self.key("add_space_prefix")) ?? false
        if try metadata.bool(Self.key("remove_extra_whitespaces")) ?? false {
            model.normalizations += [
                .replacedMatches(#"\A +| +\z"#, by: ""), .replacedMatches(" +", by: " "),
                .prefixed(" "),
            ]
        } else if isPrefixed {
            model.normalizations += [.prefixed(" "), .replacedMatches(#"\A (?= *\z)"#, by: "")]
        }
        model.normalizations.append(.replaced(" ", by: "▁"))
        model.dropsFirstSpace = isPrefixed
        try setEnds(&model, begin: nil, end: 1, addsBegin: false, addsEnd: true)
        return model
    }

    private func bytePairs() throws(CheckpointError) -> TokenizerModel {
        var model = TokenizerModel(kind: .bytePairs, pieces: [], types: types)
        model.setPieces(fromAlphabet: texts)
        try model.setMerges(mergeLines(), of: texts, file: metadata.file)
        let pre = try metadata.string(Self.key("pre")) ?? "default"
        guard let patterns = KnownPatterns(named: pre) else {
            throw .unsupported(
                file: metadata.file, what: "pre-tokenizer", found: pre,
                supported: KnownPatterns.names)
        }
        model.splittings = patterns.splittings
        model.ignoresMerges = patterns.ignoresMerges
        try setEnds(&model, begin: nil, end: nil, addsBegin: patterns.addsBegin)
        return model
    }

    private func mergeLines() throws(CheckpointError) -> [String] {
        guard let merges = try metadata.strings(Self.key("merges")) else {
            throw Self.absent(metadata, "merges", "an array of strings")
        }
        return merges
    }

    private func characterPairs() throws(CheckpointError) -> TokenizerModel {
        var model = TokenizerModel(
            kind: .characterPairs, pieces: texts.map { Array($0.utf8) }, types: types)
        for id in texts.indices where byteValue(ofPiece: model.pieces[id]) != nil {
            model.types[id] = .byte
        }
        try model.setMerges(mergeLines(), of: texts, file: metadata.file)
        model.normalizations = [.replaced(" ", by: "▁")]
        model.splittings = [.isolating(#"[^\n]+|[\n]+"#)]
        model.takesLineFeedsWhole = true
        try setEnds(&model, begin: nil, end: nil, addsBegin: true)
        if let id = model.bosID { model.prefixIDs = [id] }
        return model
    }

    private func wordPiece() throws(CheckpointError) -> TokenizerModel {
        var model = TokenizerModel(
            kind: .wordPiece, pieces: texts.map { Array($0.utf8) }, types: types)
        for id in texts.indices where !model.isSpecial(id) {
            if model.pieces[id].starts(with: spaceMark) {
                model.pieces[id].removeFirst(spaceMark.count)
            } else {
                model.traits[id].insert(.continuesWord)
            }
        }
        let lowercases = try metadata.bool(Self.key("normalizer.lowercase")) ?? true
        if try metadata.bool(Self.key("normalizer.strip_accents")) ?? lowercases {
            model.normalizations += [.baseCharacters, .withoutMarks]
        }
        model.normalizations.append(.withoutControls)
        if lowercases { model.normalizations.append(.lowercased) }
        model.splittings = [
            .pattern(#"\s+"#, .removed, isInverted: false),
            .isolating(#"[\p{P}$+<=>^`|~]|"# + TokenizerModel.ideographs),
        ]
        model.dropsFirstSpace = true
        model.unknownID = try id("unknown_token_id", standard: 100)
        model.bosID = try id("bos_token_id", standard: 101)
        let separator = try id("seperator_token_id", standard: 102)
        model.prefixIDs = [model.bosID].compactMap { $0 }
        model.suffixIDs = [separator].compactMap { $0 }
        return model
    }
}
