public import Checkpoints
import Primitives

extension TokenizerModel {
    /// The tokenizer of a model: from GGUF's metadata, or from the tokenizer files of a Hugging
    /// Face directory. Throws where it is absent, broken, or of a kind that is not known here.
    public init(_ checkpoint: Checkpoint) throws(CheckpointError) {
        switch checkpoint.format {
        case .gguf: try self.init(gguf: checkpoint.metadata)
        case .safetensors: try self.init(huggingFace: checkpoint)
        }
        if let text = chatTemplate, text.utf8.count > Limits.chatTemplateByteCount {
            chatTemplate = nil
        }
        addEndsOfTurns()
        do throws(TokenizerError) {
            try check()
        } catch {
            throw .metadata(
                file: checkpoint.metadata.file, key: "tokenizer",
                expected: "a consistent tokenizer", found: "\(error)")
        }
    }

    /// Reads `tokenizer.ggml.*` (ggml's `docs/gguf.md`, "Tokenizer").
    private init(gguf metadata: Metadata) throws(CheckpointError) {
        func key(_ name: String) -> String { "tokenizer.ggml." + name }
        func absent(_ name: String, _ expected: String) -> CheckpointError {
            .metadata(
                file: metadata.file, key: key(name), expected: expected,
                found: metadata[key(name)]?.kind ?? "no such key")
        }
        guard let name = try metadata.string(key("model")) else {
            throw absent("model", "the kind of tokenizer")
        }
        let kinds: [String: Kind] = ["llama": .sentencePiece, "gpt2": .bytePairs]
        guard let kind = kinds[name] else {
            throw .unsupported(
                file: metadata.file, what: "kind of tokenizer", found: name,
                supported: ["llama (SentencePiece BPE)", "gpt2 (byte-level BPE)"])
        }
        guard let texts = try metadata.strings(key("tokens")) else {
            throw absent("tokens", "the vocabulary")
        }
        let numbers = try metadata.integers(key("token_type")) ?? texts.map { _ in 1 }
        guard numbers.count == texts.count else {
            throw absent("token_type", "\(texts.count) integers")
        }
        var types: [PieceType] = []
        for number in numbers {
            guard let type = UInt8(exactly: number).flatMap({ PieceType(rawValue: $0) }) else {
                throw absent("token_type", "integers from 1 to 6")
            }
            types.append(type)
        }
        self.init(kind: kind, pieces: [], types: types)
        addsBOS = try metadata.bool(key("add_bos_token")) ?? (kind == .sentencePiece)
        addsEOS = try metadata.bool(key("add_eos_token")) ?? false
        bosID = try metadata.integer(key("bos_token_id"))
        unknownID = try metadata.integer(key("unknown_token_id"))
        eosIDs = try metadata.integers(key("eos_token_id"))?.map { Int($0) } ?? []
        chatTemplate = try metadata.string("tokenizer.chat_template")
        switch kind {
        case .sentencePiece:
            pieces = texts.map { Array($0.utf8) }
            let scores = try metadata.doubles(key("scores")) ?? []
            guard scores.count == texts.count else {
                throw absent("scores", "\(texts.count) numbers")
            }
            self.scores = scores.map { Float($0) }
            addsSpacePrefix = try metadata.bool(key("add_space_prefix")) ?? true
            // The converter leaves this out; Phi-3's added pieces all strip what follows them.
            stripsAfterSpecial = try metadata.string("general.architecture") == "phi3"
        case .bytePairs:
            setPieces(fromAlphabet: texts)
            guard let merges = try metadata.strings(key("merges")) else {
                throw absent("merges", "an array of strings")
            }
            try setMerges(merges, of: texts, file: metadata.file)
            let pre = try metadata.string(key("pre")) ?? "default"
            guard let patterns = KnownPatterns.named(pre) else {
                throw .unsupported(
                    file: metadata.file, what: "pre-tokenizer", found: pre,
                    supported: KnownPatterns.names)
            }
            self.patterns = patterns
            // llama.cpp ties both to the pattern's name; files say neither or only the first.
            ignoresMerges = patterns == [KnownPatterns.llama3]
            addsBOS = try metadata.bool(key("add_bos_token")) ?? ignoresMerges
        }
    }

    /// The bytes of byte-pair pieces, which files write in GPT-2's alphabet.
    mutating func setPieces(fromAlphabet texts: [String]) {
        let alphabet = ByteAlphabet()
        pieces = texts.indices.map { id in
            if isSpecial(id) { return Array(texts[id].utf8) }
            return alphabet.decode(texts[id]) ?? Array(texts[id].utf8)
        }
    }

    /// Merges from lines "left right", by the text of the pieces.
    mutating func setMerges(_ lines: [String], of texts: [String], file: String)
        throws(CheckpointError)
    {
        var pairs: [(left: [UInt8], right: [UInt8])] = []
        pairs.reserveCapacity(lines.count)
        for (index, line) in lines.enumerated() {
            let bytes = Array(line.utf8)
            // A piece may begin with a space itself, but is never empty.
            guard let space = bytes.dropFirst().firstIndex(of: UInt8(ascii: " ")),
                space + 1 < bytes.count
            else {
                throw .metadata(
                    file: file, key: "merges", expected: "two pieces with a space between them",
                    found: "'\(line.prefix(80))' in place \(index)")
            }
            pairs.append((Array(bytes[..<space]), Array(bytes[(space + 1)...])))
        }
        setMerges(pairs, of: texts)
    }

    /// Merges whose parts and whole are pieces; others can never happen and are left out.
    mutating func setMerges(_ pairs: [(left: [UInt8], right: [UInt8])], of texts: [String]) {
        var ids: [[UInt8]: Int] = [:]
        ids.reserveCapacity(texts.count)
        for (id, text) in texts.enumerated() where ids[Array(text.utf8)] == nil {
            ids[Array(text.utf8)] = id
        }
        merges.reserveCapacity(pairs.count)
        for pair in pairs {
            guard let left = ids[pair.left], let right = ids[pair.right],
                let result = ids[pair.left + pair.right]
            else { continue }
            merges.append(Merge(left: left, right: right, result: result))
        }
    }

    /// Adds control pieces that end a turn by their customary names: files often name only the one
    /// that ends a text.
    private mutating func addEndsOfTurns() {
        let names = [
            "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>",
            "<|end_of_text|>",
        ].map { Array($0.utf8) }
        for id in pieces.indices where isSpecial(id) && names.contains(pieces[id]) {
            if !eosIDs.contains(id) { eosIDs.append(id) }
        }
    }
}
