extension TemplateRun {
    func elements(of value: Value, _ name: String) throws(TemplateError) -> [Value] {
        guard let elements = try value.elements(ledger) else {
            throw .failed("'\(name)' does not go with \(value.typeName)")
        }
        return elements
    }

    /// Filters that look at all elements.
    mutating func listFilter(
        _ value: Value, _ name: String, _ given: Given
    ) throws(TemplateError) -> Value? {
        switch name {
        case "length", "count":
            guard let count = try value.count(ledger) else {
                throw .failed("\(value.typeName) has no length")
            }
            return .integer(count)
        case "list": return try .list(of: elements(of: value, name))
        case "first":
            if case .string(let text) = value, let first = try character(0, of: text) {
                return first
            }
            return try elements(of: value, name).first ?? .undefined("the first item of nothing")
        case "last":
            if case .string(let text) = value, let last = try character(-1, of: text) {
                return last
            }
            return try elements(of: value, name).last ?? .undefined("the last item of nothing")
        case "reverse":
            if case .string(let text) = value {
                return .string(Text.string(text.unicodeScalars.reversed()))
            }
            return try .list(of: elements(of: value, name).reversed())
        case "join": return .string(try joined(value, given))
        case "items":
            if value.isUndefined { return try .list(of: []) }
            guard case .mapping(let mapping) = value else { throw .failed("items takes a mapping") }
            return try .list(of: mapping.pairs())
        // Python's generators look at nothing where there is nothing.
        case "map" where !value.isTrue, "select" where !value.isTrue,
            "reject" where !value.isTrue, "selectattr" where !value.isTrue,
            "rejectattr" where !value.isTrue:
            return try .list(of: [])
        case "map": return try .list(of: mapped(elements(of: value, name), given))
        case "select", "reject", "selectattr", "rejectattr":
            return try .list(of: selected(elements(of: value, name), name, given))
        case "sum":
            var total = given.value("start", 1) ?? .integer(0)
            let attribute = given.value("attribute", 0)
            for element in try elements(of: value, name) {
                total = try Operators(ledger).binary(total, "+", member(attribute, of: element))
            }
            return total
        default: return nil
        }
    }

    private func joined(_ value: Value, _ given: Given) throws(TemplateError) -> String {
        let mark = try given.value("d", 0)?.shown(ledger) ?? ""
        let attribute = given.value("attribute", 1)
        var writer = TextWriter()
        for (place, element) in try elements(of: value, "join").enumerated() {
            if place > 0 { try writer.write(mark) }
            try writer.write(member(attribute, of: element).shown(ledger))
        }
        return writer.text
    }

    /// `attribute` of an element: a path with points, or a place; the element where it is nil.
    func member(_ attribute: Value?, of element: Value) throws(TemplateError) -> Value {
        guard let attribute else { return element }
        if case .none = attribute { return element }
        guard case .string(let path) = attribute else { return try item(attribute, of: element) }
        try ledger.charge(1 + path.utf8.count / 8)
        var value = element
        for part in try Text.split(path, by: ".") {
            let isPlace = !part.isEmpty && part.utf8.allSatisfy { (48...57).contains($0) }
            value = try item(isPlace ? .integer(Int(part) ?? 0) : .string(part), of: value)
        }
        return value
    }

    private mutating func mapped(_ all: [Value], _ given: Given) throws(TemplateError) -> [Value] {
        var results: [Value] = []
        if let attribute = given.named.first(where: { $0.name == "attribute" })?.value {
            let standard = given.named.first { $0.name == "default" }?.value
            for element in all {
                let value = try member(attribute, of: element)
                results.append(value.isUndefined ? standard ?? value : value)
            }
        } else {
            guard let name = given.positional.first?.text else {
                throw .failed("map takes a filter")
            }
            let rest = Given(positional: Array(given.positional.dropFirst()), named: given.named)
            for element in all { results.append(try filter(element, name, rest)) }
        }
        try ledger.charge(all.count)
        return results
    }

    private mutating func selected(
        _ all: [Value], _ name: String, _ given: Given
    ) throws(TemplateError) -> [Value] {
        let looksInside = name.hasSuffix("attr")
        let attribute = looksInside ? given.positional.first : nil
        guard !looksInside || attribute != nil else { throw .failed("\(name) takes a name") }
        let rest = given.positional.dropFirst(looksInside ? 1 : 0)
        let isWanted = name.hasPrefix("select")
        var results: [Value] = []
        for element in all {
            let value = try member(attribute, of: element)
            let holds = try rest.first.map { first throws(TemplateError) in
                try test(value, first.shown(ledger), Array(rest.dropFirst()))
            }
            if (holds ?? value.isTrue) == isWanted { results.append(element) }
        }
        try ledger.charge(all.count)
        return results
    }
}
