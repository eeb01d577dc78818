public import Checkpoints
import Primitives

extension TokenizerModel {
    /// The tokenizer of a model: from GGUF's metadata, or from the tokenizer files of a Hugging
    /// Face directory. Throws where it is absent, broken, or of a kind that is not known here.
    public init(_ checkpoint: Checkpoint) throws(CheckpointError) {
        switch checkpoint.format {
        case .gguf: self = try GGUFTokenizer(checkpoint.metadata).model()
        case .safetensors: try self.init(huggingFace: checkpoint)
        }
        try setChat(checkpoint)
        try finish(file: checkpoint.metadata.file)
    }

    /// What every source needs in the end. Throws where parts contradict each other.
    mutating func finish(file: String) throws(CheckpointError) {
        if kind != .wordPiece { addEndsOfTurns() }
        do throws(TokenizerError) {
            try check()
        } catch {
            throw .metadata(
                file: file, key: "tokenizer", expected: "a consistent tokenizer",
                found: "\(error)")
        }
    }

    /// Adds control pieces that end a turn by their customary names: files often name only the one
    /// that ends a text.
    private mutating func addEndsOfTurns() {
        let names = Set(SpecialNames.ends.map { Array($0.utf8) })
        for id in pieces.indices where types[id] == .control && names.contains(pieces[id]) {
            if !eosIDs.contains(id), eosIDs.count < 64 { eosIDs.append(id) }
        }
    }
}

extension TokenizerModel {
    /// The blocks of `UnicodeText.isIdeograph`, as a class.
    static let ideographs =
        #"[\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2B73F}"#
        + #"\x{2B740}-\x{2B81F}\x{2B920}-\x{2CEAF}\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}]"#

    /// The bytes of byte-pair pieces, which files write in GPT-2's alphabet.
    mutating func setPieces(fromAlphabet texts: [String]) {
        let alphabet = ByteAlphabet()
        pieces = texts.indices.map { id in
            if isSpecial(id) { return Array(texts[id].utf8) }
            return alphabet.decode(texts[id]) ?? Array(texts[id].utf8)
        }
        traits = Array(repeating: [], count: pieces.count)
    }

    /// Merges from lines "left right", by the text of the pieces.
    mutating func setMerges(_ lines: [String], of texts: [String], file: String)
        throws(CheckpointError)
    {
        var pairs: [MergePair] = []
        pairs.reserveCapacity(lines.count)
        for (index, line) in lines.enumerated() {
            guard let pair = MergePair(line: line) else {
                throw .metadata(
                    file: file, key: "merges", expected: "two pieces with a space between them",
                    found: "'\(line.prefix(80))' in place \(index)")
            }
            pairs.append(pair)
        }
        setMerges(pairs, of: texts)
    }

    /// Merges whose parts and whole are pieces; others can never happen and are left out.
    mutating func setMerges(_ pairs: [MergePair], of texts: [String]) {
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
}

/// The texts of two pieces that become one.
struct MergePair {
    let left: [UInt8]
    let right: [UInt8]

    /// Nil where one of them is empty: no piece is.
    init?(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) {
        (self.left, self.right) = (Array(left), Array(right))
        if self.left.isEmpty || self.right.isEmpty { return nil }
    }

    /// From "left right". The left one may begin with a space itself.
    init?(line: String) {
        let bytes = line.utf8
        guard let space = bytes.dropFirst().firstIndex(of: UInt8(ascii: " ")) else { return nil }
        self.init(bytes[..<space], bytes[space...].dropFirst())
    }
}
