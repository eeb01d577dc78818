import Checkpoints
import Primitives

extension TokenizerModel {
    /// Reads `tokenizer.json` of the tokenizers library: models of type BPE, with byte fallback and
    /// U+2581 (SentencePiece's) or with a byte-level alphabet (GPT-2's). Where there is none,
    /// `tokenizer.model` is read.
    init(huggingFace checkpoint: Checkpoint) throws(CheckpointError) {
        guard let region = checkpoint.file(named: TokenizerFile.name) else {
            if let region = checkpoint.file(named: SentencePieceFile.name) {
                try self.init(sentencePiece: region, checkpoint)
                return
            }
            throw .missingFile(name: TokenizerFile.name, wantedBy: "a Hugging Face model")
        }
        let json = try JSONValue(parsing: region.bytes, file: TokenizerFile.name)
        let file = try TokenizerFile(json)
        self.init(kind: file.isByteLevel ? .bytePairs : .sentencePiece, pieces: [], types: [])
        let texts = try setVocabulary(file)
        let pairs = try file.mergePairs()
        switch kind {
        case .bytePairs:
            setPieces(fromAlphabet: texts)
            setMerges(pairs, of: texts)
            patterns = try file.patterns()
            ignoresMerges = file.model["ignore_merges"]?.bool ?? false
        case .sentencePiece:
            pieces = texts.map { Array($0.utf8) }
            setScores(of: pairs, texts)
            addsSpacePrefix = file.addsSpacePrefix
        }
        let metadata = checkpoint.metadata
        let template = file.beginsWithSpecial
        addsBOS = try metadata.bool("tokenizer.ggml.add_bos_token") ?? (template != nil)
        addsEOS = try metadata.bool("tokenizer.ggml.add_eos_token") ?? false
        let configured = try metadata.integer("tokenizer.ggml.bos_token_id")
        bosID = template ?? configured
        eosIDs = try metadata.integers("tokenizer.ggml.eos_token_id")?.map { Int($0) } ?? []
        if let unknown = file.model["unk_token"]?.string {
            unknownID = texts.firstIndex { Array($0.utf8) == Array(unknown.utf8) }
        }
        chatTemplate = try metadata.string("tokenizer.chat_template")
    }

    /// Sets the types and returns the texts of all pieces, by id.
    private mutating func setVocabulary(_ file: TokenizerFile) throws(CheckpointError) -> [String] {
        let vocabulary = try file.vocabulary()
        let highest = (vocabulary.map(\.id) + file.added.map(\.id)).max() ?? -1
        // Ids may have gaps, but not many: a huge id in a small file is no vocabulary.
        guard highest < 2 * (vocabulary.count + file.added.count) + 1_024 else {
            throw file.wrong("model.vocab", "ids without large gaps", "the id \(highest)")
        }
        var texts = Array(repeating: "", count: highest + 1)
        types = Array(repeating: .unused, count: highest + 1)
        for piece in vocabulary {
            texts[piece.id] = piece.text
            let isByte = kind == .sentencePiece && byteValue(ofPiece: Array(piece.text.utf8)) != nil
            types[piece.id] = isByte ? .byte : .normal
        }
        for piece in file.added {
            texts[piece.id] = piece.text
            types[piece.id] = piece.isSpecial ? .control : .userDefined
            if piece.isSpecial, piece.stripsRight { stripsAfterSpecial = true }
        }
        return texts
    }

    /// SentencePiece's scores in a form that gives the same merges: a piece counts as early as its
    /// first merge in the list.
    private mutating func setScores(
        of pairs: [(left: [UInt8], right: [UInt8])], _ texts: [String]
    ) {
        var ranks: [[UInt8]: Int] = [:]
        for (rank, pair) in pairs.enumerated() where ranks[pair.left + pair.right] == nil {
            ranks[pair.left + pair.right] = rank
        }
        // A piece that no merge makes must not be merged: single characters never are.
        scores = texts.map { -Float(ranks[Array($0.utf8)] ?? pairs.count) }
    }
}
