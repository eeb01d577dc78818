import Checkpoints
import Primitives

/// The parts of a `tokenizer.json`.
struct TokenizerFile {
    static let name = "tokenizer.json"

    struct AddedPiece {
        var id: Int
        var text: String
        var isSpecial: Bool
        var stripsRight: Bool
    }

    let json: JSONValue
    let model: JSONValue
    let added: [AddedPiece]
    private let preTokenizers: [JSONValue]
    private let normalizers: [JSONValue]

    init(_ json: JSONValue) throws(CheckpointError) {
        self.json = json
        model = json["model"] ?? .null
        preTokenizers = Self.flat(json["pre_tokenizer"], "pretokenizers")
        normalizers = Self.flat(json["normalizer"], "normalizers")
        var added: [AddedPiece] = []
        for piece in json["added_tokens"]?.array ?? [] {
            guard let id = piece["id"]?.integer, id >= 0, let text = piece["content"]?.string else {
                throw .metadata(
                    file: Self.name, key: "added_tokens", expected: "an id and a content",
                    found: piece.kind)
            }
            added.append(
                AddedPiece(
                    id: id, text: text, isSpecial: piece["special"]?.bool ?? false,
                    stripsRight: piece["rstrip"]?.bool ?? false))
        }
        self.added = added
        let type = model["type"]?.string ?? (model["merges"] == nil ? "none" : "BPE")
        guard type == "BPE" else {
            throw .unsupported(
                file: Self.name, what: "kind of tokenizer", found: type, supported: ["BPE"])
        }
    }

    func wrong(_ key: String, _ expected: String, _ found: String) -> CheckpointError {
        .metadata(file: Self.name, key: key, expected: expected, found: found)
    }

    /// A step, or the steps of a sequence.
    private static func flat(_ step: JSONValue?, _ list: String) -> [JSONValue] {
        guard let step, step != .null else { return [] }
        return step[list]?.array ?? [step]
    }

    private func types(_ steps: [JSONValue]) -> [String] { steps.compactMap { $0["type"]?.string } }

    var isByteLevel: Bool { types(preTokenizers).contains("ByteLevel") }

    /// Whether a space is put before the text.
    var addsSpacePrefix: Bool {
        if types(normalizers).contains("Prepend") { return true }
        return preTokenizers.contains { step in
            step["type"]?.string == "Metaspace"
                && (step["prepend_scheme"]?.string ?? "always") != "never"
                && (step["add_prefix_space"]?.bool ?? true)
        }
    }

    /// The id with which the post-processor begins every text, or nil.
    var beginsWithSpecial: Int? {
        for step in Self.flat(json["post_processor"], "processors") {
            guard let first = step["single"]?.array?.first?["SpecialToken"]?["id"]?.string else {
                continue
            }
            return step["special_tokens"]?[first]?["ids"]?.array?.first?.integer
        }
        return nil
    }

    func vocabulary() throws(CheckpointError) -> [(text: String, id: Int)] {
        guard let vocabulary = model["vocab"]?.object else {
            throw wrong("model.vocab", "an object", model["vocab"]?.kind ?? "no such key")
        }
        var pieces: [(text: String, id: Int)] = []
        pieces.reserveCapacity(vocabulary.keys.count)
        for (text, value) in zip(vocabulary.keys, vocabulary.values) {
            guard let id = value.integer, (0..<Limits.vocabularyCount).contains(id) else {
                throw wrong(
                    "model.vocab", "ids from 0 to \(Limits.vocabularyCount - 1)",
                    "\(value.kind) for '\(text.prefix(80))'")
            }
            pieces.append((text, id))
        }
        return pieces
    }

    /// Merges in either way of writing them: "a b" or ["a", "b"].
    func mergePairs() throws(CheckpointError) -> [(left: [UInt8], right: [UInt8])] {
        guard let merges = model["merges"]?.array else {
            throw wrong("model.merges", "an array", model["merges"]?.kind ?? "no such key")
        }
        var pairs: [(left: [UInt8], right: [UInt8])] = []
        pairs.reserveCapacity(merges.count)
        for merge in merges {
            let parts = merge.array?.compactMap(\.string) ?? []
            if parts.count == 2 {
                pairs.append((Array(parts[0].utf8), Array(parts[1].utf8)))
                continue
            }
            let bytes = Array((merge.string ?? "").utf8)
            guard let space = bytes.dropFirst().firstIndex(of: UInt8(ascii: " ")) else {
                throw wrong("model.merges", "two pieces", merge.kind)
            }
            pairs.append((Array(bytes[..<space]), Array(bytes[(space + 1)...])))
        }
        return pairs
    }

    /// The steps before the byte-level alphabet, as regular expressions.
    func patterns() throws(CheckpointError) -> [String] {
        var patterns: [String] = []
        for step in preTokenizers {
            switch step["type"]?.string {
            case "Split":
                guard let pattern = step["pattern"]?["Regex"]?.string,
                    step["invert"]?.bool != true,
                    step["behavior"]?.string ?? "Isolated" == "Isolated"
                else {
                    throw .unsupported(
                        file: Self.name, what: "splitting rule",
                        found: step["behavior"]?.string ?? step.kind,
                        supported: ["isolated matches of a regular expression"])
                }
                patterns.append(pattern)
            case "Digits":
                let isSingle = step["individual_digits"]?.bool ?? false
                patterns.append(isSingle ? #"\p{N}"# : #"\p{N}+"#)
            case "Punctuation": patterns.append(#"\p{P}"#)
            case "ByteLevel":
                if step["use_regex"]?.bool ?? true { patterns.append(KnownPatterns.gpt2) }
            case let other:
                throw .unsupported(
                    file: Self.name, what: "pre-tokenizer", found: other ?? step.kind,
                    supported: ["Split", "Digits", "Punctuation", "ByteLevel"])
            }
        }
        return patterns
    }
}
