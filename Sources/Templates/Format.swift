import Primitives

/// Python's two ways of putting values into a text: `%` and `str.format`.
enum Format {
    struct Layout {
        var fill: Unicode.Scalar = " "
        /// `<`, `>`, `^`, `=`; nil for the type's own.
        var alignment: Unicode.Scalar?
        var sign: Unicode.Scalar = "-"
        var isAlternate = false
        var hasCommas = false
        var width = 0
        var precision: Int?
        var type: Unicode.Scalar = "s"
    }

    /// `format % values`.
    static func percent(_ format: String, _ values: Value) throws(TemplateError) -> String {
        let all = Text.scalars(format)
        var queue: [Value]
        if case .tuple(let values) = values { queue = values } else { queue = [values] }
        var mapped = false
        var result = ""
        var index = 0
        while index < all.count {
            guard all[index] == "%" else {
                result.unicodeScalars.append(all[index])
                index += 1
                continue
            }
            index += 1
            guard index < all.count else { throw .failed("a '%' stands at the end of a format") }
            if all[index] == "%" {
                result += "%"
                index += 1
                continue
            }
            var value: Value?
            if all[index] == "(", let end = all[index...].firstIndex(of: ")") {
                guard case .mapping(let members) = values else {
                    throw .failed("a format with names needs a mapping")
                }
                let name = Text.string(all[index + 1..<end])
                guard let member = members[.string(name)] else {
                    throw .failed("no member '\(name)'")
                }
                (value, mapped, index) = (member, true, end + 1)
            }
            let layout = try percentLayout(all, &index)
            if value == nil {
                guard !queue.isEmpty else { throw .failed("not enough values for a format") }
                value = queue.removeFirst()
            }
            if let value { result += try laidOut(value, layout) }
        }
        if case .mapping = values { mapped = true }
        guard queue.isEmpty || mapped else { throw .failed("a format does not use all its values") }
        return result
    }

    private static func percentLayout(
        _ all: [Unicode.Scalar], _ index: inout Int
    ) throws(TemplateError) -> Layout {
        var layout = Layout()
        layout.alignment = ">"
        while index < all.count, "-+ #0".unicodeScalars.contains(all[index]) {
            switch all[index] {
            case "-": layout.alignment = "<"
            case "0": if layout.alignment != "<" { (layout.fill, layout.alignment) = ("0", "=") }
            case "#": layout.isAlternate = true
            default: layout.sign = all[index]
            }
            index += 1
        }
        layout.width = try number(all, &index) ?? 0
        if index < all.count, all[index] == "." {
            index += 1
            layout.precision = try number(all, &index) ?? 0
        }
        guard index < all.count else { throw .failed("a format has no type") }
        layout.type = all[index] == "i" || all[index] == "u" ? "d" : all[index]
        index += 1
        return layout
    }

    private static func number(
        _ all: [Unicode.Scalar], _ index: inout Int
    ) throws(TemplateError) -> Int? {
        let start = index
        while index < all.count, ("0"..."9").contains(all[index]) { index += 1 }
        guard index > start else { return nil }
        guard let value = Int(Text.string(all[start..<index])), value <= 10_000 else {
            throw .tooLarge("a width of more than 10000")
        }
        return value
    }

    /// `text.format(...)`.
    static func braces(
        _ format: String, _ positional: [Value], _ named: [(name: String, value: Value)],
        member: (Value, String, _ isItem: Bool) throws(TemplateError) -> Value
    ) throws(TemplateError) -> String {
        let all = Text.scalars(format)
        var result = ""
        var (index, counter) = (0, 0)
        while index < all.count {
            let scalar = all[index]
            index += 1
            guard scalar == "{" || scalar == "}" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            if index < all.count, all[index] == scalar {
                result.unicodeScalars.append(scalar)
                index += 1
                continue
            }
            guard scalar == "{", let end = all[index...].firstIndex(of: "}") else {
                throw .failed("a format has a brace by itself")
            }
            let field = all[index..<end]
            index = end + 1
            let colon = field.firstIndex(of: ":") ?? field.endIndex
            let head = field[..<colon]
            let mark = head.firstIndex(of: "!") ?? head.endIndex
            var value = try lookedUp(head[..<mark], positional, named, &counter, member)
            if mark < head.endIndex {
                value = .string(head[head.endIndex - 1] == "r" ? value.written : value.shown)
            }
            let spec = Array(field[min(colon + 1, field.endIndex)...])
            result += spec.isEmpty ? value.shown : try laidOut(value, try layout(spec, of: value))
        }
        return result
    }

    private static func lookedUp(
        _ path: Text.Scalars, _ positional: [Value], _ named: [(name: String, value: Value)],
        _ counter: inout Int,
        _ member: (Value, String, _ isItem: Bool) throws(TemplateError) -> Value
    ) throws(TemplateError) -> Value {
        let first = Text.string(path.prefix { $0 != "." && $0 != "[" })
        var rest = path.dropFirst(first.unicodeScalars.count)
        var value: Value
        if first.isEmpty || Int(first) != nil {
            let place = Int(first) ?? counter
            if first.isEmpty { counter += 1 }
            guard positional.indices.contains(place) else {
                throw .failed("a format has no value number \(place)")
            }
            value = positional[place]
        } else {
            guard let found = named.first(where: { $0.name == first }) else {
                throw .failed("a format has no value '\(first)'")
            }
            value = found.value
        }
        while let mark = rest.first {
            rest = rest.dropFirst()
            let name = Text.string(rest.prefix { $0 != "." && $0 != "[" && $0 != "]" })
            rest = rest.dropFirst(name.unicodeScalars.count)
            if mark == "[" { rest = rest.dropFirst() }
            value = try member(value, name, mark == "[")
        }
        return value
    }

    private static func layout(
        _ spec: [Unicode.Scalar], of value: Value
    ) throws(TemplateError) -> Layout {
        var layout = Layout()
        var index = 0
        let signs = "<>^=".unicodeScalars
        if spec.count > 1, signs.contains(spec[1]) {
            (layout.fill, layout.alignment, index) = (spec[0], spec[1], 2)
        } else if signs.contains(spec[0]) {
            (layout.alignment, index) = (spec[0], 1)
        }
        if index < spec.count, "+- ".unicodeScalars.contains(spec[index]) {
            layout.sign = spec[index]
            index += 1
        }
        if index < spec.count, spec[index] == "#" {
            layout.isAlternate = true
            index += 1
        }
        if index < spec.count, spec[index] == "0" {
            if layout.alignment == nil { (layout.fill, layout.alignment) = ("0", "=") }
            index += 1
        }
        layout.width = try number(spec, &index) ?? 0
        if index < spec.count, spec[index] == "," {
            layout.hasCommas = true
            index += 1
        }
        if index < spec.count, spec[index] == "." {
            index += 1
            layout.precision = try number(spec, &index) ?? 0
        }
        let isNumber = value.realNumber != nil
        layout.type = isNumber ? (value.wholeNumber != nil ? "d" : "g") : "s"
        if case .number = value, layout.precision == nil { layout.type = "r" }
        if index < spec.count {
            layout.type = spec[index]
            index += 1
        }
        guard index == spec.count else { throw .failed("a format's layout is not understood") }
        if layout.alignment == nil { layout.alignment = isNumber ? ">" : "<" }
        return layout
    }

    // MARK: one value

    private static func laidOut(_ value: Value, _ layout: Layout) throws(TemplateError) -> String {
        var body: String
        var isNegative = false
        switch layout.type {
        case "s", "r", "a":
            body = layout.type == "s" ? value.shown : value.written
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
    private static func character(_ code: Int) throws(TemplateError) -> String {
        guard let code = UInt32(exactly: code), code < 0x110000 else {
            throw .failed("no character has the number \(code)")
        }
        return Unicode.Scalar(code).map { String($0) } ?? "?"
    }

    private static func truncated(_ value: Value, _ layout: Layout) -> Int? {
        guard case .number(let number) = value, layout.type == "d", number.magnitude < 0x1p62 else {
            return nil
        }
        return Int(number)
    }

    private static func grouped(_ body: String) -> String {
        let whole = body.prefix { $0 != "." && $0 != "e" }
        var result = ""
        for (place, digit) in whole.enumerated() {
            if place > 0, (whole.count - place) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return result + body.dropFirst(whole.count)
    }

    private static func padded(_ text: String, _ layout: Layout) -> String {
        let left = layout.alignment == "<" ? 0 : layout.alignment == "^" ? 1 : 2
        return Text.padded(text, to: layout.width, with: layout.fill, left: left, of: 2)
    }
}
