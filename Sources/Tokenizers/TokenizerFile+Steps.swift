import Checkpoints

extension TokenizerFile {
    private var preTokenizers: [JSONValue] { Self.flat(json["pre_tokenizer"], "pretokenizers") }

    /// Whether the words' bytes are written in GPT-2's alphabet.
    var isByteLevel: Bool {
        (preTokenizers + Self.flat(json["normalizer"], "normalizers")).contains {
            $0["type"]?.string == "ByteLevel"
        }
    }

    func normalizations() throws(CheckpointError) -> [Normalization] {
        var steps: [Normalization] = []
        for step in Self.flat(json["normalizer"], "normalizers") {
            switch step["type"]?.string {
            case "NFC": steps.append(.composed)
            case "NFD": steps.append(.decomposed)
            case "NFKC": steps.append(.compatiblyComposed)
            case "NFKD": steps.append(.compatiblyDecomposed)
            case "Lowercase": steps.append(.lowercased)
            case "StripAccents": steps.append(.withoutMarks)
            case "Strip":
                steps.append(
                    .trimmed(
                        left: step["strip_left"]?.bool ?? true,
                        right: step["strip_right"]?.bool ?? true))
            case "Prepend": steps.append(.prefixed(step["prepend"]?.string ?? ""))
            case "Replace":
                let content = step["content"]?.string ?? ""
                if let text = step["pattern"]?["String"]?.string {
                    steps.append(.replaced(text, by: content))
                } else {
                    let text = step["pattern"]?["Regex"]?.string ?? ""
                    steps.append(.replacedMatches(try Self.translated(text), by: content))
                }
            case "Precompiled":
                let text = step["precompiled_charsmap"]?.string
                guard let table = bytes(ofBase64: text ?? "") else {
                    throw Self.wrong(
                        "normalizer.precompiled_charsmap", "base64", "'\((text ?? "").prefix(80))'")
                }
                if !table.isEmpty { steps.append(.replacedByTable(table, .clusters)) }
            case "BertNormalizer": steps += bertSteps(step)
            case "ByteLevel":
                // What cuts behind it would see the bytes' letters.
                guard preTokenizers.isEmpty else {
                    throw Self.unsupported(
                        "normalizer before a pre-tokenizer", step,
                        ["ByteLevel as the last pre-tokenizer"])
                }
            default:
                throw Self.unsupported(
                    "normalizer", step,
                    [
                        "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip",
                        "Prepend", "Replace", "Precompiled", "BertNormalizer", "ByteLevel",
                    ])
            }
        }
        return steps
    }

    private func bertSteps(_ step: JSONValue) -> [Normalization] {
        let lowercases = step["lowercase"]?.bool ?? true
        var steps: [Normalization] = []
        if step["clean_text"]?.bool ?? true { steps.append(.cleaned) }
        if step["handle_chinese_chars"]?.bool ?? true { steps.append(.spacedIdeographs) }
        if step["strip_accents"]?.bool ?? lowercases { steps += [.decomposed, .withoutAccents] }
        if lowercases { steps.append(.lowercased) }
        return steps
    }

    func splittings() throws(CheckpointError) -> [Splitting] {
        var steps: [Splitting] = []
        var seesBytes = false
        for step in preTokenizers {
            // Steps behind ByteLevel see its letters.
            if seesBytes { steps.append(.byteLetters) }
            seesBytes = false
            switch step["type"]?.string {
            case "Split": steps.append(try split(step))
            case "Digits":
                let isSingle = step["individual_digits"]?.bool ?? false
                steps.append(.isolating(isSingle ? #"\p{N}"# : #"\p{N}+"#))
            case "Punctuation":
                let behavior = try behavior(of: step, standard: .isolated)
                steps.append(.pattern(Self.punctuation, behavior, isInverted: false))
            case "ByteLevel":
                seesBytes = true
                if step["add_prefix_space"]?.bool ?? true { steps.append(.spacePrefix) }
                if step["use_regex"]?.bool ?? true { steps.append(.isolating(KnownPatterns.gpt2)) }
            case "BertPreTokenizer":
                steps.append(.pattern(Self.whitespace, .removed, isInverted: false))
                steps.append(.isolating(Self.punctuation))
            case "Whitespace":
                let word = PatternDialect.rustWord
                let pattern = "[\(word)]+|[^\(word)\(PatternDialect.space)]+"
                steps.append(.pattern(pattern, .removed, isInverted: true))
            case "WhitespaceSplit":
                steps.append(.pattern(Self.whitespace, .removed, isInverted: false))
            case "CharDelimiterSplit":
                let delimiter = PatternDialect.quoted(step["delimiter"]?.string ?? " ")
                steps.append(.pattern(delimiter, .removed, isInverted: false))
            case "Metaspace": steps.append(try spaceMarks(step))
            default:
                throw Self.unsupported(
                    "pre-tokenizer", step,
                    [
                        "Split", "Digits", "Punctuation", "ByteLevel", "BertPreTokenizer",
                        "Whitespace", "WhitespaceSplit", "CharDelimiterSplit", "Metaspace",
                    ])
            }
        }
        return steps
    }

    private static let whitespace = "[\(PatternDialect.space)]"
    /// Category P, and what else ASCII has of signs.
    private static let punctuation = #"[\p{P}$+<=>^`|~]"#

    private static func translated(_ pattern: String) throws(CheckpointError) -> String {
        guard let translated = PatternDialect.translated(pattern) else {
            throw .unsupported(
                file: name, what: "regular expression", found: String(pattern.prefix(80)),
                supported: ["Oniguruma's that PCRE2 knows"])
        }
        return translated
    }

    private func split(_ step: JSONValue) throws(CheckpointError) -> Splitting {
        let pattern: String
        if let text = step["pattern"]?["String"]?.string {
            pattern = PatternDialect.quoted(text)
        } else if let text = step["pattern"]?["Regex"]?.string {
            pattern = try Self.translated(text)
        } else {
            throw Self.wrong("pre_tokenizer.pattern", "a String or a Regex", step.kind)
        }
        return .pattern(
            pattern, try behavior(of: step, standard: .isolated),
            isInverted: step["invert"]?.bool ?? false)
    }

    private func behavior(of step: JSONValue, standard: Splitting.Behavior) throws(CheckpointError)
        -> Splitting.Behavior
    {
        switch step["behavior"]?.string {
        case nil: return standard
        case "Isolated": return .isolated
        case "Removed": return .removed
        case "MergedWithPrevious": return .mergedWithPrevious
        case "MergedWithNext": return .mergedWithNext
        case "Contiguous": return .contiguous
        case .some(let other):
            throw .unsupported(
                file: Self.name, what: "splitting rule", found: other,
                supported: [
                    "Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous",
                ])
        }
    }

    private func spaceMarks(_ step: JSONValue) throws(CheckpointError) -> Splitting {
        guard step["replacement"]?.string ?? "▁" == "▁" else {
            throw .unsupported(
                file: Self.name, what: "mark of a space",
                found: step["replacement"]?.string ?? "", supported: ["U+2581"])
        }
        let splits = step["split"]?.bool ?? true
        switch step["prepend_scheme"]?.string {
        case "never": return .spaceMarks(.never, splits: splits)
        case "first": return .spaceMarks(.first, splits: splits)
        default:
            let isWanted = step["add_prefix_space"]?.bool ?? true
            return .spaceMarks(isWanted ? .always : .never, splits: splits)
        }
    }
}
