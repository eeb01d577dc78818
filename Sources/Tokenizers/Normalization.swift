import Primitives

/// One step that makes a text uniform before it is cut into words (Protocol.md, "Normalization").
public enum Normalization: Hashable, Sendable {
    /// Unicode's NFC (UAX #15).
    case composed
    /// NFD.
    case decomposed
    /// NFKC.
    case compatiblyComposed
    /// NFKD.
    case compatiblyDecomposed
    /// Each character becomes the first of its NFD: what llama.cpp does to WordPiece text.
    case baseCharacters
    /// Each character by itself, without regard to its neighbours.
    case lowercased
    /// Without characters of category Mn.
    case withoutAccents
    /// Without characters of category M.
    case withoutMarks
    /// Without Cc, Cf, Co, U+FFFD and U+0000, as far as they are not whitespace.
    case withoutControls
    /// BERT's: without Cc, Cf, Co, U+FFFD and U+0000, and whitespace becomes spaces.
    case cleaned
    /// Spaces around CJK ideographs.
    case spacedIdeographs
    /// Without whitespace at its ends.
    case trimmed(left: Bool, right: Bool)
    /// With this text before it, unless it is empty.
    case prefixed(String)
    /// Every place of the first text becomes the second.
    case replaced(String, by: String)
    /// Every match of a pattern becomes a text.
    case replacedMatches(String, by: String)
    /// What a compiled table of replacements has becomes what it says (`CharacterMap`).
    case replacedByTable([UInt8], TableReading)

    /// How a text is read by a table of replacements.
    public enum TableReading: UInt8, Hashable, Sendable {
        /// At each place the longest key counts (SentencePiece, llama.cpp).
        case longest = 0
        /// The tokenizers library: a grapheme cluster (UAX #29) of less than six bytes becomes what
        /// replaces the shortest key that it begins with; of others, and of those that begin with
        /// none, each character by itself.
        case clusters = 1
    }
}

/// The steps of a tokenizer, ready to run.
struct Normalizer: Sendable {
    private struct Step: Sendable {
        var rule: Normalization
        var pattern: Pattern?
        var table: CharacterMap?
    }

    private let steps: [Step]

    init(_ rules: [Normalization]) throws(TokenizerError) {
        var steps: [Step] = []
        for rule in rules {
            switch rule {
            case .replacedMatches(let pattern, _):
                steps.append(Step(rule: rule, pattern: try Pattern(pattern)))
            case .replacedByTable(let table, _):
                steps.append(Step(rule: rule, table: try CharacterMap(table)))
            default: steps.append(Step(rule: rule))
            }
        }
        self.steps = steps
    }

    /// UTF-8 in, UTF-8 out. A step that would make the text longer than its limit is left out.
    func normalized(_ text: ArraySlice<UInt8>) -> [UInt8] {
        let limit = Limits.normalizedByteCount(of: text.count)
        return steps.reduce(Array(text)) { text, step in
            guard let result = apply(step, to: text, limit: limit), result.count <= limit else {
                return text
            }
            return result
        }
    }

    /// Nil, or more bytes than the limit, where that would be met. Steps that make a text longer
    /// without a bound of their own look at it before each of their texts.
    private func apply(_ step: Step, to text: [UInt8], limit: Int) -> [UInt8]? {
        switch step.rule {
        case .composed: UnicodeText.normalized(text, .composed)
        case .decomposed: UnicodeText.normalized(text, .decomposed)
        case .compatiblyComposed: UnicodeText.normalized(text, .compatiblyComposed)
        case .compatiblyDecomposed: UnicodeText.normalized(text, .compatiblyDecomposed)
        case .baseCharacters:
            UnicodeText.mapped(text) { UnicodeText.decomposition(of: $0).prefix(1) }
        case .lowercased: UnicodeText.mapped(text) { UnicodeText.lowercased($0)[...] }
        case .withoutAccents: UnicodeText.filtered(text) { !UnicodeText.isNonspacingMark($0) }
        case .withoutMarks: UnicodeText.filtered(text) { !UnicodeText.isMark($0) }
        case .withoutControls:
            UnicodeText.filtered(text) { character in
                UnicodeText.isWhitespace(character)
                    || character.value != 0 && character.value != 0xFFFD
                        && !UnicodeText.isAssignedControl(character)
            }
        case .cleaned: cleaned(text)
        case .spacedIdeographs:
            UnicodeText.mapped(text) { UnicodeText.isIdeograph($0) ? [" ", $0, " "] : [$0] }
        case .trimmed(let left, let right): UnicodeText.trimmed(text, left: left, right: right)
        case .prefixed(let prefix): text.isEmpty ? text : Array(prefix.utf8) + text
        case .replaced(let old, let new):
            replaced(Array(old.utf8), by: Array(new.utf8), in: text, limit: limit)
        case .replacedMatches(_, let new):
            replaced(step.pattern, by: Array(new.utf8), in: text, limit: limit)
        case .replacedByTable(_, let reading):
            step.table?.replaced(text, reading, limit: limit)
        }
    }

    /// `BertNormalizer`'s `clean_text`.
    private func cleaned(_ text: [UInt8]) -> [UInt8] {
        UnicodeText.mapped(text) { character in
            if character == "\t" || character == "\n" || character == "\r" { return [" "] }
            if character.value == 0 || character.value == 0xFFFD { return [] }
            if UnicodeText.isAssignedControl(character) { return [] }
            return UnicodeText.isWhitespace(character) ? [" "] : [character]
        }
    }

    private func replaced(
        _ old: [UInt8], by new: [UInt8], in text: [UInt8], limit: Int
    ) -> [UInt8]? {
        guard let first = old.first, text.contains(first) else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == first, text[index...].starts(with: old) {
                guard result.count + new.count <= limit else { return nil }
                result += new
                index += old.count
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }

    private func replaced(
        _ pattern: Pattern?, by new: [UInt8], in text: [UInt8], limit: Int
    ) -> [UInt8]? {
        var result: [UInt8] = []
        var end = 0
        _ = pattern?.forEachMatch(in: text, 0..<text.count) { match in
            guard result.count <= limit else { return }
            result += text[end..<match.lowerBound]
            result += new
            end = match.upperBound
        }
        return result + text[end...]
    }
}
