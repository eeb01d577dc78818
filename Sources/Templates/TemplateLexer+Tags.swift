/// What stands inside of tags: names and signs.
extension TemplateLexer {
    mutating func readTag(
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
}
