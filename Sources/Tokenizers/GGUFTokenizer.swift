import Checkpoints
import Primitives

/// A tokenizer in GGUF's metadata, `tokenizer.ggml.*` (ggml's `docs/gguf.md`, "Tokenizer"), read as
/// llama.cpp reads it.
struct GGUFTokenizer {
    let metadata: Metadata
    let texts: [String]
    /// Ids of the pieces whose names say what they are for.
    private var named: [String: Int] = [:]
    private(set) var types: [TokenizerModel.PieceType]

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

    static func absent(
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

    func id(_ name: String, standard: Int? = nil) throws(CheckpointError) -> Int? {
        let valid = { (id: Int) in texts.indices.contains(id) }
        if let id = try metadata.integer(Self.key(name)), valid(id) { return id }
        return standard.flatMap { valid($0) ? $0 : nil }
    }

    func setEnds(
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
}
