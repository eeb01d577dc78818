import Checkpoints
import Primitives

/// The parts of a `tokenizer.json` (the tokenizers library's serialized `Tokenizer`).
struct TokenizerFile {
    static let name = "tokenizer.json"

    struct AddedPiece {
        var id: Int
        var text: String
        var isSpecial: Bool
        var traits: TokenizerModel.PieceTraits
    }

    enum ModelType: String, CaseIterable {
        case bytePairs = "BPE"
        case wordPiece = "WordPiece"
        case unigram = "Unigram"
    }

    struct Piece {
        var text: String
        var id: Int
        /// Of unigrams.
        var score = 0.0
    }

    let json: JSONValue
    let model: JSONValue
    let modelType: ModelType
    let added: [AddedPiece]

    /// - Parameter configuration: `tokenizer_config.json`, whose `added_tokens_decoder` may add
    ///   pieces, and says more than this file what is special and what swallows spaces.
    init(_ json: JSONValue, configuration: JSONValue?) throws(CheckpointError) {
        self.json = json
        model = json["model"] ?? .null
        var added = try Self.addedPieces(json["added_tokens"])
        Self.merge(configuration?["added_tokens_decoder"]?.object, into: &added, model["vocab"])
        self.added = added
        let type = model["type"]?.string ?? Self.unnamedType(of: model)?.rawValue
        guard let known = type.flatMap({ ModelType(rawValue: $0) }) else {
            throw .unsupported(
                file: Self.name, what: "kind of tokenizer", found: type ?? "none",
                supported: ModelType.allCases.map(\.rawValue))
        }
        modelType = known
    }

    /// What older files say in other ways.
    init(_ json: JSONValue, _ modelType: ModelType, _ added: [AddedPiece]) {
        self.json = json
        model = json["model"] ?? .null
        self.modelType = modelType
        self.added = added
    }

    /// What a model is that does not say so, as in the older files of BERT: by what only it has.
    private static func unnamedType(of model: JSONValue) -> ModelType? {
        if model["merges"] != nil { return .bytePairs }
        if model["continuing_subword_prefix"] != nil || model["max_input_chars_per_word"] != nil {
            return .wordPiece
        }
        return model["vocab"]?.array == nil ? nil : .unigram
    }

    private static func addedPieces(_ list: JSONValue?) throws(CheckpointError) -> [AddedPiece] {
        var added: [AddedPiece] = []
        for piece in list?.array ?? [] {
            guard let id = piece["id"]?.integer, (0..<Limits.vocabularyCount).contains(id),
                let text = piece["content"]?.string
            else {
                throw wrong("added_tokens", "an id and a content", piece.kind)
            }
            added.append(addedPiece(piece, id: id, text: text))
        }
        return added
    }

    static func addedPiece(_ piece: JSONValue, id: Int, text: String) -> AddedPiece {
        let isSpecial = piece["special"]?.bool ?? false
        var traits: TokenizerModel.PieceTraits = []
        if piece["lstrip"]?.bool ?? false { traits.insert(.stripsLeft) }
        if piece["rstrip"]?.bool ?? false { traits.insert(.stripsRight) }
        if piece["single_word"]?.bool ?? false { traits.insert(.isWord) }
        if piece["normalized"]?.bool ?? !isSpecial { traits.insert(.isNormalized) }
        return AddedPiece(id: id, text: text, isSpecial: isSpecial, traits: traits)
    }

    /// Pieces of `added_tokens_decoder`: those that are known get its traits, new ones follow. One
    /// whose id is not the next is left out, as transformers would give it another.
    static func merge(
        _ pieces: JSONObject?, into added: inout [AddedPiece], _ vocabulary: JSONValue?
    ) {
        let known = vocabulary?.object
        let count = known?.keys.count ?? vocabulary?.array?.count ?? 0
        let sorted = zip(pieces?.keys ?? [], pieces?.values ?? []).compactMap { key, value in
            Int(key).map { ($0, value) }
        }.sorted { $0.0 < $1.0 }
        var places: [[UInt8]: Int] = [:]
        for (index, piece) in added.enumerated() { places[Array(piece.text.utf8)] = index }
        var next = max(count, (added.map(\.id).max() ?? -1) + 1)
        for (id, value) in sorted where (0..<Limits.vocabularyCount).contains(id) {
            guard let text = value["content"]?.string, !text.isEmpty else { continue }
            let piece = addedPiece(value, id: id, text: text)
            if let index = places[Array(text.utf8)] {
                if added[index].id == id { added[index] = piece }
            } else if known?[text]?.integer ?? next == id {
                places[Array(text.utf8)] = added.count
                added.append(piece)
                next = max(next, id + 1)
            }
        }
    }

    static func wrong(_ key: String, _ expected: String, _ found: String) -> CheckpointError {
        .metadata(file: name, key: key, expected: expected, found: found)
    }

    static func unsupported(_ what: String, _ step: JSONValue?, _ supported: [String])
        -> CheckpointError
    {
        .unsupported(
            file: name, what: what, found: step?["type"]?.string ?? step?.kind ?? "nothing",
            supported: supported)
    }

    /// A step, or the steps of a sequence, to any depth.
    static func flat(_ step: JSONValue?, _ list: String) -> [JSONValue] {
        guard let step, step != .null else { return [] }
        guard let steps = step[list]?.array else { return [step] }
        return steps.flatMap { flat($0, list) }
    }

    /// Ids that the post-processor puts before and after every text.
    func surroundings() -> (prefix: [Int], suffix: [Int]) {
        var prefix: [Int] = []
        var suffix: [Int] = []
        for step in Self.flat(json["post_processor"], "processors") {
            switch step["type"]?.string {
            case "TemplateProcessing":
                var isBehind = false
                for part in step["single"]?.array ?? [] {
                    if part["Sequence"] != nil { isBehind = true }
                    guard let name = part["SpecialToken"]?["id"]?.string else { continue }
                    let ids =
                        step["special_tokens"]?[name]?["ids"]?.array?.compactMap(\.integer) ?? []
                    if isBehind { suffix += ids } else { prefix += ids }
                }
            case "BertProcessing", "RobertaProcessing":
                prefix += [step["cls"]?.array?.last?.integer].compactMap { $0 }
                suffix += [step["sep"]?.array?.last?.integer].compactMap { $0 }
            default: break
            }
        }
        return (prefix, suffix)
    }

    /// Whether ids that become text lose their first space.
    func dropsFirstSpace() -> Bool {
        Self.flat(json["decoder"], "decoders").contains { step in
            switch step["type"]?.string {
            case "Strip": step["content"]?.string == " " && (step["start"]?.integer ?? 0) > 0
            case "Metaspace":
                (step["prepend_scheme"]?.string ?? "always") != "never"
                    && (step["add_prefix_space"]?.bool ?? true)
            case "WordPiece": true
            default: false
            }
        }
    }

    /// The pieces of the model itself: an object of ids by text, or a list of texts and scores.
    func vocabulary() throws(CheckpointError) -> [Piece] {
        if modelType == .unigram { return try scoredPieces() }
        guard let vocabulary = model["vocab"]?.object else {
            throw Self.wrong("model.vocab", "an object", model["vocab"]?.kind ?? "no such key")
        }
        var pieces: [Piece] = []
        pieces.reserveCapacity(vocabulary.keys.count)
        for (text, value) in zip(vocabulary.keys, vocabulary.values) {
            guard let id = value.integer, (0..<Limits.vocabularyCount).contains(id) else {
                throw Self.wrong(
                    "model.vocab", "ids from 0 to \(Limits.vocabularyCount - 1)",
                    "\(value.kind) for '\(text.prefix(80))'")
            }
            pieces.append(Piece(text: text, id: id))
        }
        return pieces
    }

    private func scoredPieces() throws(CheckpointError) -> [Piece] {
        guard let list = model["vocab"]?.array, list.count <= Limits.vocabularyCount else {
            throw Self.wrong(
                "model.vocab", "an array of up to \(Limits.vocabularyCount) pieces",
                model["vocab"]?.kind ?? "no such key")
        }
        var pieces: [Piece] = []
        pieces.reserveCapacity(list.count)
        for (id, piece) in list.enumerated() {
            guard let parts = piece.array, parts.count == 2, let text = parts[0].string,
                let score = parts[1].number
            else {
                throw Self.wrong("model.vocab", "texts with a score each", piece.kind)
            }
            pieces.append(Piece(text: text, id: id, score: score))
        }
        return pieces
    }

    /// Merges in either way of writing them: "a b" or ["a", "b"].
    func mergePairs() throws(CheckpointError) -> [MergePair] {
        guard let merges = model["merges"]?.array else {
            throw Self.wrong("model.merges", "an array", model["merges"]?.kind ?? "no such key")
        }
        var pairs: [MergePair] = []
        pairs.reserveCapacity(merges.count)
        for merge in merges {
            let parts = merge.array?.compactMap(\.string) ?? []
            let pair =
                parts.count == 2
                ? MergePair(parts[0].utf8, parts[1].utf8)
                : merge.string.flatMap { MergePair(line: $0) }
            guard let pair else { throw Self.wrong("model.merges", "two pieces", merge.kind) }
            pairs.append(pair)
        }
        return pairs
    }
}
