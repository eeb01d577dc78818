/// Numbers and strings as Python writes them.
extension TemplateLexer {
    mutating func number() throws(TemplateError) -> Token.Kind {
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
    mutating func quoted(_ quote: Unicode.Scalar) throws(TemplateError) -> String {
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
