/// A source file, with a copy in which comments, texts and quoted names are blank: what words are
/// looked for in, and braces counted.
struct Source {
    let path: String
    let lines: [Substring]
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var blanker = Blanker(text)
        code = blanker.run().split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
    }

    /// The room that the file belongs to, or nil outside of Sources.
    var room: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
}

/// Replaces everything that is not code by spaces; line breaks stay.
private struct Blanker {
    private let text: [Character]
    private var index = 0
    private var result = ""

    init(_ text: String) { self.text = Array(text) }

    mutating func run() -> String {
        code(until: nil)
        return result
    }

    private func sees(_ word: String) -> Bool {
        let word = Array(word)
        return index + word.count <= text.count
            && text[index..<index + word.count].elementsEqual(word)
    }

    private mutating func keep() {
        result.append(text[index])
        index += 1
    }

    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where index < text.count {
            result.append(text[index] == "\n" ? "\n" : " ")
            index += 1
        }
    }

    /// Code up to the parenthesis that closes an interpolation, or to the end.
    private mutating func code(until end: Character?) {
        var depth = 0
        while index < text.count {
            if sees("//") {
                while index < text.count, text[index] != "\n" { blank() }
            } else if sees("/*") {
                while index < text.count, !sees("*/") { blank() }
                blank(2)
            } else if sees("\"") || sees("#\"") || sees("##\"") {
                quotation()
            } else if sees("`") {
                repeat { blank() } while index < text.count && text[index] != "`"
                blank()
            } else if sees("'"), index + 2 < text.count, text[index + 1] != "\n" {
                // A character of C.
                blank(text[index + 1] == "\\" ? 4 : 3)
            } else {
                if text[index] == "(" { depth += 1 }
                if text[index] == ")" {
                    if end != nil, depth == 0 { return }
                    depth -= 1
                }
                keep()
            }
        }
    }

    private mutating func quotation() {
        var hashes = ""
        while text[index] == "#" {
            hashes.append("#")
            blank()
        }
        let quote = sees("\"\"\"") ? "\"\"\"" : "\""
        blank(quote.count)
        while index < text.count, !sees(quote + hashes) {
            if quote.count == 1, text[index] == "\n" { return }
            if sees("\\" + hashes + "(") {
                blank(2 + hashes.count)
                code(until: ")")
                blank()
            } else if hashes.isEmpty, text[index] == "\\" {
                blank(2)
            } else {
                blank()
            }
        }
        blank(quote.count + hashes.count)
    }
}
