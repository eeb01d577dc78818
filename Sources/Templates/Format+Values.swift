/// One value, laid out.
extension Format {
    func laidOut(_ value: Value, _ layout: Layout) throws(TemplateError) -> String {
        var body: String
        var isNegative = false
        switch layout.type {
        case "s", "r", "a":
            body = try layout.type == "s" ? value.shown(ledger) : value.written(ledger)
            if layout.type == "r", value.realNumber != nil { break }
            if let precision = layout.precision {
                body = Text.string(body.unicodeScalars.prefix(precision))
            }
            return padded(body, layout)
        case "c":
            if let text = value.text { return padded(text, layout) }
            return padded(try character(value.wholeNumber ?? 63), layout)
        case "d", "x", "X", "o", "b":
            guard let number = value.wholeNumber ?? truncated(value, layout) else {
                throw .failed("a format wants a whole number, not \(value.typeName)")
            }
            isNegative = number < 0
            let radix = ["x": 16, "X": 16, "o": 8, "b": 2][String(layout.type)] ?? 10
            body = String(number.magnitude, radix: radix, uppercase: layout.type == "X")
            if layout.isAlternate, radix != 10 { body = "0" + String(layout.type) + body }
        case "f", "F", "e", "E", "g", "G", "%":
            guard let number = value.realNumber else {
                throw .failed("a format wants a number, not \(value.typeName)")
            }
            isNegative = number < 0 || number.sign == .minus
            try ledger.charge(Decimals.cost(number))
            body = try Decimals.text(number.magnitude, layout)
        default: throw .failed("the format '\(layout.type)' is not supported")
        }
        if layout.type == "r", body.hasPrefix("-") {
            isNegative = true
            body.removeFirst()
        }
        if layout.hasCommas { body = grouped(body) }
        let sign = isNegative ? "-" : layout.sign == "-" ? "" : String(layout.sign)
        guard layout.alignment == "=" else { return padded(sign + body, layout) }
        let missing = layout.width - sign.count - body.count
        return sign + String(repeating: String(layout.fill), count: max(missing, 0)) + body
    }

    /// Half of a pair of UTF-16 becomes "?": a text can't have it.
    private func character(_ code: Int) throws(TemplateError) -> String {
        guard let code = UInt32(exactly: code), code < 0x110000 else {
            throw .failed("no character has the number \(code)")
        }
        return Unicode.Scalar(code).map { String($0) } ?? "?"
    }

    private func truncated(_ value: Value, _ layout: Layout) -> Int? {
        guard case .number(let number) = value, layout.type == "d", number.magnitude < 0x1p62 else {
            return nil
        }
        return Int(number)
    }

    private func grouped(_ body: String) -> String {
        let whole = body.prefix { $0 != "." && $0 != "e" }
        var result = ""
        for (place, digit) in whole.enumerated() {
            if place > 0, (whole.count - place) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return result + body.dropFirst(whole.count)
    }

    private func padded(_ text: String, _ layout: Layout) -> String {
        let left = layout.alignment == "<" ? 0 : layout.alignment == "^" ? 1 : 2
        return Text.padded(text, to: layout.width, with: layout.fill, left: left, of: 2)
    }
}
