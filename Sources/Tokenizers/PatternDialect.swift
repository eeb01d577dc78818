import Primitives

/// Regular expressions of the tokenizers library (Oniguruma's Ruby syntax) in PCRE2's words.
///
/// Both read most patterns alike. Others are in Oniguruma: what counts as whitespace and as a
/// letter of a word, POSIX's names for characters, scripts (by PCRE2 with all characters that are
/// ever written in them), lines (`^` and `$` are at each), and classes inside of classes, `&&`
/// between them.
struct PatternDialect {
    private let pattern: [Unicode.Scalar]
    private var index = 0
    private var seesLines = false
    private var depth = 0

    /// The same pattern for PCRE2; nil where there is none, or it is longer than any may be.
    static func translated(_ pattern: String) -> String? {
        guard pattern.utf8.count <= Limits.vocabularyPieceByteCount else { return nil }
        var dialect = PatternDialect(pattern: Array(pattern.unicodeScalars))
        guard let result = dialect.expression() else { return nil }
        return dialect.seesLines ? "(?m)" + result : result
    }

    /// A pattern that matches this text and nothing else.
    static func quoted(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            let isPlain =
                !character.isASCII || character.properties.isAlphabetic
                || ("0"..."9").contains(character) || character.value < 0x20
            if !isPlain { result += "\\" }
            result.unicodeScalars.append(character)
        }
        return result
    }

    private init(pattern: [Unicode.Scalar]) { self.pattern = pattern }

    // MARK: outside of classes

    private mutating func expression() -> String? {
        // What a count may stand behind is one part: a character, a class, a whole group.
        var parts: [String] = []
        var groups: [Int] = []
        while let character = next() {
            switch character {
            case "\\":
                guard let escape = escape() else { return nil }
                parts.append(escape.outside)
            case "[":
                guard let members = members() else { return nil }
                parts.append(members)
            case "(":
                groups.append(parts.count)
                parts.append(skip("?") ? "(?" + flags() : "(")
            case ")":
                let start = groups.popLast() ?? parts.count
                let group = parts[start...].joined() + ")"
                parts.replaceSubrange(start..., with: [group])
            case "{":
                let counts = counts()
                // To PCRE2 a plus behind counts gives nothing back; to Oniguruma it repeats.
                if counts != "{", skip("+"), let counted = parts.popLast() {
                    parts.append("(?:" + counted + counts + ")+")
                } else {
                    parts.append(counts)
                }
            default:
                if character == "^" || character == "$" { seesLines = true }
                parts.append(String(Character(character)))
            }
        }
        return parts.joined()
    }

    /// What stands behind `{`, with it: `{2,3}`; a brace alone where no counts are there.
    private mutating func counts() -> String {
        let rest = pattern[index...].prefix(12)
        guard let end = rest.firstIndex(of: "}") else { return "{" }
        let inside = rest[..<end]
        let isCount = inside.allSatisfy { ("0"..."9").contains($0) || $0 == "," }
        let commaCount = inside.count { $0 == "," }
        guard isCount, commaCount <= 1, inside.count > commaCount else { return "{" }
        index = end + 1
        return "{" + (inside.first == "," ? "0" : "") + text(inside) + "}"
    }

    /// Of a group. What lets a point match a line feed is `m` in Ruby and `s` everywhere else.
    private mutating func flags() -> String {
        var result = ""
        while let letter = ["i", "m", "x", "-"].first(where: { skip($0) }) {
            result += letter == "m" ? "s" : letter
        }
        return result
    }

    private mutating func next() -> Unicode.Scalar? {
        guard index < pattern.count else { return nil }
        defer { index += 1 }
        return pattern[index]
    }

    private mutating func skip(_ text: String) -> Bool {
        guard pattern[index...].starts(with: text.unicodeScalars) else { return false }
        index += text.unicodeScalars.count
        return true
    }

    // MARK: classes

    /// What stands between `[` and `]`, as an expression that matches one character.
    private mutating func members() -> String? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 16 else { return nil }
        let isNegated = skip("^")
        // Those that `&&` stands between; each is a list of members, or expressions to choose from.
        var parts: [String] = []
        var (items, choices) = (skip("]") ? "\\]" : "", [String]())
        func part() -> String {
            let all = (items.isEmpty ? [] : ["[\(items)]"]) + choices
            return all.count == 1 ? all[0] : "(?:" + all.joined(separator: "|") + ")"
        }
        while !skip("]") {
            if skip("&&") {
                guard !items.isEmpty || !choices.isEmpty else { return nil }
                parts.append(part())
                (items, choices) = ("", [])
            } else if skip("[:") {
                guard let found = named() else { return nil }
                items += found.isNegated ? "" : found.items
                if found.isNegated { choices.append("[^\(found.items)]") }
            } else if skip("[") {
                guard let inner = members() else { return nil }
                choices.append(inner)
            } else if skip("\\") {
                guard let escape = escape() else { return nil }
                items += escape.items
                if let others = escape.others { choices.append("[^\(others)]") }
            } else {
                guard let character = next() else { return nil }
                items.unicodeScalars.append(character)
            }
        }
        if parts.isEmpty, choices.isEmpty, !items.isEmpty {
            return isNegated ? "[^\(items)]" : "[\(items)]"
        }
        guard !items.isEmpty || !choices.isEmpty else { return nil }
        let conditions = parts.map { "(?=\($0))" }.joined()
        let all = conditions.isEmpty ? part() : "(?:" + conditions + part() + ")"
        return isNegated ? "(?:(?!\(all))(?s:.))" : all
    }

    /// A name of POSIX, behind `[:`.
    private mutating func named() -> (items: String, isNegated: Bool)? {
        let isNegated = skip("^")
        for (name, items) in Self.posixNames where skip(name + ":]") { return (items, isNegated) }
        return nil
    }

    // MARK: escapes

    private struct Escape {
        var outside: String
        /// What it adds to a class: members, or all but these.
        var items = ""
        var others: String?

        init(_ text: String, outside: String? = nil) {
            (self.outside, items) = (outside ?? text, text)
        }
        init(any items: String, outside: String? = nil) {
            self.outside = "[\(outside ?? items)]"
            self.items = items
        }
        init(no items: String, outside: String? = nil) {
            self.outside = "[^\(outside ?? items)]"
            others = items
        }
    }

    /// What a backslash stands before.
    private mutating func escape() -> Escape? {
        guard let letter = next() else { return nil }
        switch letter {
        case "s": return Escape(any: Self.space)
        case "S": return Escape(no: Self.space)
        case "w": return Escape(any: Self.word, outside: Self.word + Self.moreOfWords)
        case "W": return Escape(no: Self.word, outside: Self.word + Self.moreOfWords)
        case "h": return Escape(any: Self.digits)
        case "H": return Escape(no: Self.digits)
        case "b", "B":
            let word = "[" + Self.word + Self.moreOfWords + "]"
            let edge = "(?<=\(word))(?!\(word))|(?<!\(word))(?=\(word))"
            return Escape(
                "\\" + String(letter), outside: letter == "b" ? "(?:\(edge))" : "(?!\(edge))")
        // Any kind of vertical space in PCRE2.
        case "v": return Escape("\\x0b")
        // There they quote.
        case "Q", "E": return Escape(String(letter))
        case "u":
            let digits = pattern[index...].prefix(4)
            guard digits.count == 4, digits.allSatisfy({ $0.properties.isASCIIHexDigit }) else {
                return nil
            }
            index += 4
            return Escape("\\x{" + text(digits) + "}")
        case "p", "P":
            guard skip("{"), let end = pattern[index...].firstIndex(of: "}") else { return nil }
            let name = text(pattern[index..<end])
            index = end + 1
            return Escape("\\\(letter){" + Self.property(name) + "}")
        default: return Escape("\\" + String(letter))
        }
    }

    private func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return text
    }
}
