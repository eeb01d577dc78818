/// A part of a template's text.
struct Token: Hashable {
    enum Kind: Hashable {
        case data(String)
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name(String)
        case string(String)
        case integer(Int)
        case number(Double)
        /// `+`, `==`, `(` and such.
        case sign(String)
        case end
    }

    var kind: Kind
    var line: Int
}

/// Cuts a template into tokens by the rules of Jinja's lexer, whitespace control included.
struct TemplateLexer {
    let text: [Unicode.Scalar]
    var index = 0
    /// The line of `countedIndex`.
    private var countedLine = 1
    private var countedIndex = 0
    var tokens: [Token] = []
    /// Whether what comes next stands at the start of a line, but for the text still to be read.
    var startsLine = true

    static func tokens(of source: String) throws(TemplateError) -> [Token] {
        var lexer = TemplateLexer(source)
        try lexer.readAll()
        return lexer.tokens
    }

    private init(_ source: String) {
        var text: [Unicode.Scalar] = []
        for scalar in source.unicodeScalars {
            if scalar == "\n", text.last == "\r" { text.removeLast() }
            text.append(scalar)
        }
        text = text.map { $0 == "\r" ? "\n" : $0 }
        // One line end at the end of the file belongs to the file.
        if text.last == "\n" { text.removeLast() }
        self.text = text
    }

    private mutating func readAll() throws(TemplateError) {
        while index < text.count {
            let (start, open) = nextTag()
            guard let open else {
                addData(text[index...])
                break
            }
            let sign = start + 2 < text.count ? text[start + 2] : " "
            addData(leading(text[index..<start], sign: sign, before: open))
            index = start + 2 + (sign == "-" || sign == "+" ? 1 : 0)
            switch open {
            case "#": try skipComment()
            case "{": try readTag(.variableBegin, .variableEnd, close: "}")
            default:
                if isRaw() {
                    try readRaw()
                } else {
                    try readTag(.blockBegin, .blockEnd, close: "%")
                }
            }
        }
        tokens.append(Token(kind: .end, line: line()))
    }

    /// Where the next `{{`, `{%` or `{#` stands, and its second sign.
    private func nextTag() -> (Int, Unicode.Scalar?) {
        var place = index
        while place + 1 < text.count {
            if text[place] == "{", ["{", "%", "#"].contains(text[place + 1]) {
                return (place, text[place + 1])
            }
            place += 1
        }
        return (text.count, nil)
    }

    /// What stays of the text before a tag.
    func leading(
        _ part: ArraySlice<Unicode.Scalar>, sign: Unicode.Scalar, before open: Unicode.Scalar
    ) -> ArraySlice<Unicode.Scalar> {
        if sign == "-" {
            var part = part
            while let last = part.last, last.properties.isWhitespace { part.removeLast() }
            return part
        }
        guard sign != "+", open != "{" else { return part }
        let newline = part.lastIndex(of: "\n")
        let start = newline.map { $0 + 1 } ?? part.startIndex
        guard newline != nil || startsLine, start < part.endIndex,
            part[start...].allSatisfy({ $0.properties.isWhitespace })
        else { return part }
        return part[..<start]
    }

    mutating func addData(_ part: ArraySlice<Unicode.Scalar>) {
        guard !part.isEmpty else { return }
        tokens.append(Token(kind: .data(string(part)), line: line()))
    }

    func string(_ part: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: part)
        return String(text)
    }

    mutating func wrong(_ text: String) -> TemplateError { .syntax(line: line(), text) }

    /// The line where the reading stands, counted from 1. Each line end is counted once.
    mutating func line() -> Int {
        let end = min(index, text.count)
        if countedIndex < end {
            countedLine += text[countedIndex..<end].count { $0 == "\n" }
            countedIndex = end
        }
        return countedLine
    }

    /// Behind a tag: with a minus all whitespace vanishes, else one line end behind a block.
    mutating func endTag(isStripped: Bool, isBlock: Bool) {
        if isStripped {
            while index < text.count, text[index].properties.isWhitespace { index += 1 }
        } else if isBlock, index < text.count, text[index] == "\n" {
            index += 1
        }
        startsLine = index > 0 && text[index - 1] == "\n"
    }

    private mutating func skipComment() throws(TemplateError) {
        while index + 1 < text.count {
            if text[index] == "#", text[index + 1] == "}" {
                let sign = text[index - 1]
                index += 2
                if sign == "+" {
                    startsLine = false
                    return
                }
                return endTag(isStripped: sign == "-", isBlock: true)
            }
            index += 1
        }
        throw wrong("a comment has no end")
    }
}
