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
    private let text: [Unicode.Scalar]
    private var index = 0
    /// The line of `countedIndex`.
    private var countedLine = 1
    private var countedIndex = 0
    private var tokens: [Token] = []
    /// Whether what comes next stands at the start of a line, but for the text still to be read.
    private var startsLine = true

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
    private func leading(
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

    private mutating func addData(_ part: ArraySlice<Unicode.Scalar>) {
        guard !part.isEmpty else { return }
        tokens.append(Token(kind: .data(string(part)), line: line()))
    }

    private func string(_ part: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: part)
        return String(text)
    }

    private mutating func wrong(_ text: String) -> TemplateError { .syntax(line: line(), text) }

    /// The line where the reading stands, counted from 1. Each line end is counted once.
    private mutating func line() -> Int {
        let end = min(index, text.count)
        if countedIndex < end {
            countedLine += text[countedIndex..<end].count { $0 == "\n" }
            countedIndex = end
        }
        return countedLine
    }

    /// Behind a tag: with a minus all whitespace vanishes, else one line end behind a block.
    private mutating func endTag(isStripped: Bool, isBlock: Bool) {
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

    // MARK: raw

    /// Whether a block's tag that was opened is `raw`.
    private func isRaw() -> Bool {
        var place = index
        while place < text.count, text[place].properties.isWhitespace { place += 1 }
        guard text[place...].starts(with: "raw".unicodeScalars) else { return false }
        place += 3
        while place < text.count, text[place].properties.isWhitespace { place += 1 }
        if place < text.count, text[place] == "-" { place += 1 }
        return text[place...].starts(with: "%}".unicodeScalars)
    }

    private mutating func readRaw() throws(TemplateError) {
        while index < text.count, text[index] != "%" { index += 1 }
        let isStripped = text[index - 1] == "-"
        index += 2
        if isStripped {
            while index < text.count, text[index].properties.isWhitespace { index += 1 }
        }
        startsLine = false
        let start = index
        while index + 1 < text.count {
            guard text[index] == "{", text[index + 1] == "%" else {
                index += 1
                continue
            }
            let tag = index
            var place = index + 2
            let sign = place < text.count ? text[place] : " "
            if sign == "-" || sign == "+" { place += 1 }
            while place < text.count, text[place].properties.isWhitespace { place += 1 }
            guard text[place...].starts(with: "endraw".unicodeScalars) else {
                index += 1
                continue
            }
            place += "endraw".count
            while place < text.count, text[place].properties.isWhitespace { place += 1 }
            let end = place < text.count ? text[place] : " "
            if end == "-" || end == "+" { place += 1 }
            guard text[place...].starts(with: "%}".unicodeScalars) else {
                index += 1
                continue
            }
            addData(leading(text[start..<tag], sign: sign, before: "%"))
            index = place + 2
            if end == "+" {
                startsLine = false
                return
            }
            return endTag(isStripped: end == "-", isBlock: true)
        }
        throw wrong("a raw block has no end")
    }

    // MARK: inside of tags

    private mutating func readTag(
        _ begin: Token.Kind, _ end: Token.Kind, close: Unicode.Scalar
    ) throws(TemplateError) {
        tokens.append(Token(kind: begin, line: line()))
        var brackets: [Unicode.Scalar] = []
        while index < text.count {
            if brackets.isEmpty, let (length, sign) = endOfTag(close) {
                index += length
                tokens.append(Token(kind: end, line: line()))
                if sign == "+" {
                    startsLine = false
                    return
                }
                return endTag(isStripped: sign == "-", isBlock: close == "%")
            }
            try readToken(&brackets)
        }
        throw wrong("a tag has no end")
    }

    private func endOfTag(_ close: Unicode.Scalar) -> (length: Int, sign: Unicode.Scalar?)? {
        func isEnd(_ place: Int) -> Bool {
            place + 1 < text.count && text[place] == close && text[place + 1] == "}"
        }
        if isEnd(index) { return (2, nil) }
        let sign = text[index]
        guard sign == "-" || sign == "+" && close == "%", isEnd(index + 1) else { return nil }
        return (3, sign)
    }

    private mutating func readToken(_ brackets: inout [Unicode.Scalar]) throws(TemplateError) {
        let scalar = text[index]
        if scalar.properties.isWhitespace {
            index += 1
        } else if scalar == "_" || scalar.properties.isXIDStart {
            let start = index
            while index < text.count, text[index] == "_" || text[index].properties.isXIDContinue {
                index += 1
            }
            tokens.append(Token(kind: .name(string(text[start..<index])), line: line()))
        } else if ("0"..."9").contains(scalar) {
            tokens.append(Token(kind: try number(), line: line()))
        } else if scalar == "'" || scalar == "\"" {
            tokens.append(Token(kind: .string(try quoted(scalar)), line: line()))
        } else {
            try readSign(&brackets)
        }
    }

    private mutating func readSign(_ brackets: inout [Unicode.Scalar]) throws(TemplateError) {
        let two = string(text[index..<min(index + 2, text.count)])
        if ["==", "!=", "<=", ">=", "//", "**"].contains(two) {
            index += 2
            tokens.append(Token(kind: .sign(two), line: line()))
            return
        }
        let scalar = text[index]
        guard "+-*/%~<>=.:,|;()[]{}".unicodeScalars.contains(scalar) else {
            throw wrong("'\(scalar)' has no meaning here")
        }
        switch scalar {
        case "(": brackets.append(")")
        case "[": brackets.append("]")
        case "{": brackets.append("}")
        case ")", "]", "}":
            guard brackets.popLast() == scalar else { throw wrong("'\(scalar)' closes nothing") }
        default: break
        }
        index += 1
        tokens.append(Token(kind: .sign(String(Character(scalar))), line: line()))
    }

    private mutating func number() throws(TemplateError) -> Token.Kind {
        let start = index
        func isDigit(_ place: Int) -> Bool {
            place < text.count && ("0"..."9").contains(text[place])
        }
        func skipDigits() {
            while isDigit(index)
                || index + 1 < text.count && text[index] == "_" && isDigit(index + 1)
            {
                index += 1
            }
        }
        skipDigits()
        var isFloat = false
        if index < text.count, text[index] == ".", isDigit(index + 1) {
            isFloat = true
            index += 1
            skipDigits()
        }
        if index < text.count, text[index] == "e" || text[index] == "E" {
            let hasSign = index + 1 < text.count && "+-".unicodeScalars.contains(text[index + 1])
            if isDigit(index + (hasSign ? 2 : 1)) {
                isFloat = true
                index += hasSign ? 2 : 1
                skipDigits()
            }
        }
        let digits = string(text[start..<index]).filter { $0 != "_" }
        if isFloat, let value = Double(digits) { return .number(value) }
        if !isFloat, let value = Int(digits) { return .integer(value) }
        throw wrong("'\(digits)' is no number that is known here")
    }

    /// A string with Python's escapes.
    private mutating func quoted(_ quote: Unicode.Scalar) throws(TemplateError) -> String {
        index += 1
        var result = String.UnicodeScalarView()
        while index < text.count {
            let scalar = text[index]
            index += 1
            if scalar == quote { return String(result) }
            guard scalar == "\\", index < text.count else {
                result.append(scalar)
                continue
            }
            let escape = text[index]
            index += 1
            switch escape {
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "r": result.append("\r")
            case "b": result.append("\u{8}")
            case "f": result.append("\u{C}")
            case "v": result.append("\u{B}")
            case "a": result.append("\u{7}")
            case "\n": break
            case "\\", "'", "\"": result.append(escape)
            case "x": result.append(try coded(2))
            case "u": result.append(try coded(4))
            case "U": result.append(try coded(8))
            case "0"..."7": result.append(octal(escape))
            default:
                result.append("\\")
                result.append(escape)
            }
        }
        throw wrong("a string has no end")
    }

    private mutating func coded(_ count: Int) throws(TemplateError) -> Unicode.Scalar {
        let digits = string(text[index..<min(index + count, text.count)])
        guard digits.unicodeScalars.count == count, let code = UInt32(digits, radix: 16),
            let scalar = Unicode.Scalar(code)
        else { throw wrong("an escape has no character") }
        index += count
        return scalar
    }

    private mutating func octal(_ first: Unicode.Scalar) -> Unicode.Scalar {
        var value = first.value - 48
        var count = 1
        while count < 3, index < text.count, ("0"..."7").contains(text[index]) {
            value = value * 8 + text[index].value - 48
            index += 1
            count += 1
        }
        return Unicode.Scalar(value) ?? "?"
    }
}
