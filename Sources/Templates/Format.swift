/// Python's two ways of putting values into a text: `%` and `str.format`.
struct Format {
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

    let ledger: Ledger

    init(_ ledger: Ledger) { self.ledger = ledger }

    /// `format % values`.
    func percent(_ format: String, _ values: Value) throws(TemplateError) -> String {
        let all = Text.scalars(format)
        var queue = [values][...]
        if case .tuple(let items) = values { queue = items.all[...] }
        var mapped = false
        var result = TextWriter()
        var index = 0
        while index < all.count {
            guard all[index] == "%" else {
                try result.write(all[index])
                index += 1
                continue
            }
            index += 1
            guard index < all.count else { throw .failed("a '%' stands at the end of a format") }
            if all[index] == "%" {
                try result.write("%")
                index += 1
                continue
            }
            var value: Value?
            if all[index] == "(", let end = all[index...].firstIndex(of: ")") {
                guard case .mapping(let members) = values else {
                    throw .failed("a format with names needs a mapping")
                }
                let name = Text.string(all[index + 1..<end])
                guard let member = members[name] else {
                    throw .failed("no member \(Value.string(name).brief)")
                }
                (value, mapped, index) = (member, true, end + 1)
            }
            let layout = try percentLayout(all, &index)
            if value == nil {
                guard let next = queue.popFirst() else {
                    throw .failed("not enough values for a format")
                }
                value = next
            }
            if let value { try result.write(laidOut(value, layout)) }
        }
        if case .mapping = values { mapped = true }
        guard queue.isEmpty || mapped else { throw .failed("a format does not use all its values") }
        return result.text
    }

    private func percentLayout(
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

    private func number(
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
    func braces(
        _ format: String, _ positional: [Value], _ named: [(name: String, value: Value)],
        member: (Value, String, _ isItem: Bool) throws(TemplateError) -> Value
    ) throws(TemplateError) -> String {
        let all = Text.scalars(format)
        var result = TextWriter()
        var (index, counter) = (0, 0)
        while index < all.count {
            let scalar = all[index]
            index += 1
            guard scalar == "{" || scalar == "}" else {
                try result.write(scalar)
                continue
            }
            if index < all.count, all[index] == scalar {
                try result.write(scalar)
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
                let isWritten = head[head.endIndex - 1] == "r"
                value = .string(try isWritten ? value.written(ledger) : value.shown(ledger))
            }
            let spec = Array(field[min(colon + 1, field.endIndex)...])
            try result.write(
                spec.isEmpty ? value.shown(ledger) : laidOut(value, layout(spec, of: value)))
        }
        return result.text
    }

    private func lookedUp(
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
                throw .failed("a format has no value \(Value.string(first).brief)")
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

    private func layout(
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
}
