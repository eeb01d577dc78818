import Primitives

extension TemplateRun {
    private func elements(of value: Value, _ name: String) throws(TemplateError) -> [Value] {
        guard let elements = value.elements else {
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
            guard let count = value.elements?.count else {
                throw .failed("\(value.typeName) has no length")
            }
            return .integer(count)
        case "list": return .list(try elements(of: value, name))
        case "first":
            return try elements(of: value, name).first ?? .undefined("the first item of nothing")
        case "last":
            return try elements(of: value, name).last ?? .undefined("the last item of nothing")
        case "reverse":
            if case .string(let text) = value {
                return .string(Text.string(text.unicodeScalars.reversed()))
            }
            return .list(try elements(of: value, name).reversed())
        case "join": return .string(try joined(value, given))
        case "items":
            if value.isUndefined { return .list([]) }
            guard case .mapping(let mapping) = value else { throw .failed("items takes a mapping") }
            return .list(zip(mapping.keys, mapping.values).map { .tuple([$0, $1]) })
        // Python's generators look at nothing where there is nothing.
        case "map" where !value.isTrue, "select" where !value.isTrue,
            "reject" where !value.isTrue, "selectattr" where !value.isTrue,
            "rejectattr" where !value.isTrue:
            return .list([])
        case "map": return .list(try mapped(try elements(of: value, name), given))
        case "select", "reject", "selectattr", "rejectattr":
            return .list(try selected(try elements(of: value, name), name, given))
        case "sum":
            var total = given.value("start", 1) ?? .integer(0)
            let attribute = given.value("attribute", 0)
            for element in try elements(of: value, name) {
                total = try Operators.binary(total, "+", member(attribute, of: element))
            }
            return total
        default: return nil
        }
    }

    private func joined(_ value: Value, _ given: Given) throws(TemplateError) -> String {
        let mark = given.value("d", 0)?.shown ?? ""
        let attribute = given.value("attribute", 1)
        var parts: [String] = []
        for element in try elements(of: value, "join") {
            parts.append(try member(attribute, of: element).shown)
        }
        let text = parts.joined(separator: mark)
        _ = try size(of: .string(text))
        return text
    }

    /// `attribute` of an element: a path with points, or a place; the element where it is nil.
    private func member(_ attribute: Value?, of element: Value) throws(TemplateError) -> Value {
        guard let attribute else { return element }
        if case .none = attribute { return element }
        guard case .string(let path) = attribute else { return try item(attribute, of: element) }
        var value = element
        for part in Text.split(path, by: ".") {
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
        try charge(all.count)
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
                try test(value, first.shown, Array(rest.dropFirst()))
            }
            if (holds ?? value.isTrue) == isWanted { results.append(element) }
        }
        try charge(all.count)
        return results
    }

    // MARK: order and groups

    mutating func groupFilter(
        _ value: Value, _ name: String, _ given: Given
    ) throws(TemplateError) -> Value? {
        switch name {
        case "sort":
            let attribute = given.value("attribute", 2)
            let isCased = given.value("case_sensitive", 1)?.isTrue ?? false
            let isReversed = given.value("reverse", 0)?.isTrue ?? false
            return .list(
                try sorted(try elements(of: value, name), by: attribute, isCased, isReversed))
        case "dictsort":
            guard case .mapping(let mapping) = value else {
                throw .failed("dictsort takes a mapping")
            }
            let pairs = zip(mapping.keys, mapping.values).map { Value.tuple([$0, $1]) }
            let place = given.value("by", 1)?.text == "value" ? 1 : 0
            let isCased = given.value("case_sensitive", 0)?.isTrue ?? false
            let isReversed = given.value("reverse", 2)?.isTrue ?? false
            return .list(try sorted(pairs, by: .integer(place), isCased, isReversed))
        case "min", "max":
            let attribute = given.value("attribute", 1)
            let isCased = given.value("case_sensitive", 0)?.isTrue ?? false
            var best: (key: Value, element: Value)?
            for element in try elements(of: value, name) {
                let key = folded(try member(attribute, of: element), isCased)
                guard let old = best else {
                    best = (key, element)
                    continue
                }
                let isBetter =
                    try name == "min"
                    ? Operators.precedes(key, old.key) : Operators.precedes(old.key, key)
                if isBetter { best = (key, element) }
            }
            return best?.element ?? .undefined("the \(name) of nothing")
        case "unique":
            let isCased = given.value("case_sensitive", 0)?.isTrue ?? false
            let attribute = given.value("attribute", 1)
            var seen = Mapping()
            var results: [Value] = []
            for element in try elements(of: value, name) {
                let key = folded(try member(attribute, of: element), isCased)
                guard seen[key] == nil else { continue }
                guard seen.set(key, .none) else {
                    throw .failed("unique does not go with \(key.typeName)")
                }
                results.append(element)
            }
            return .list(results)
        case "groupby": return .list(try grouped(try elements(of: value, name), given))
        case "batch", "slice": return .list(try cut(try elements(of: value, name), name, given))
        default: return nil
        }
    }

    private func folded(_ value: Value, _ isCased: Bool) -> Value {
        guard !isCased, case .string(let text) = value else { return value }
        return .string(Text.lower(text))
    }

    private mutating func sorted(
        _ all: [Value], by attribute: Value?, _ isCased: Bool, _ isReversed: Bool
    ) throws(TemplateError) -> [Value] {
        var keyed: [(key: [Value], element: Value)] = []
        for element in all {
            var keys: [Value] = []
            if case .string(let paths)? = attribute {
                for path in Text.split(paths, by: ",") {
                    keys.append(folded(try member(.string(path), of: element), isCased))
                }
            } else {
                keys = [folded(try member(attribute, of: element), isCased)]
            }
            keyed.append((keys, element))
        }
        try charge(all.count * 8)
        // A stable merge, because a comparison may fail.
        let order = try merged(Array(keyed.indices)) { left, right throws(TemplateError) in
            let (a, b) = (Value.list(keyed[left].key), Value.list(keyed[right].key))
            return try isReversed ? Operators.precedes(a, b) : Operators.precedes(b, a)
        }
        return order.map { keyed[$0].element }
    }

    /// `isBehind` says whether its first argument belongs behind its second.
    private func merged(
        _ places: [Int], _ isBehind: (Int, Int) throws(TemplateError) -> Bool
    ) throws(TemplateError) -> [Int] {
        guard places.count > 1 else { return places }
        var left = try merged(Array(places[..<(places.count / 2)]), isBehind)[...]
        var right = try merged(Array(places[(places.count / 2)...]), isBehind)[...]
        var result: [Int] = []
        while let a = left.first, let b = right.first {
            if try isBehind(a, b) {
                result.append(b)
                right.removeFirst()
            } else {
                result.append(a)
                left.removeFirst()
            }
        }
        return result + left + right
    }

    private mutating func grouped(_ all: [Value], _ given: Given) throws(TemplateError) -> [Value] {
        let attribute = given.value("attribute", 0)
        let standard = given.value("default", 1)
        let isCased = given.value("case_sensitive", 2)?.isTrue ?? false
        var groups: [(key: Value, shown: Value, members: [Value])] = []
        for element in try sorted(all, by: attribute, isCased, false) {
            var shown = try member(attribute, of: element)
            if shown.isUndefined, let standard { shown = standard }
            let key = folded(shown, isCased)
            if let last = groups.last, Operators.areEqual(last.key, key) {
                groups[groups.count - 1].members.append(element)
            } else {
                groups.append((key, shown, [element]))
            }
        }
        return groups.map { .tuple([$0.shown, .list($0.members)]) }
    }

    private func cut(_ all: [Value], _ name: String, _ given: Given) throws(TemplateError)
        -> [Value]
    {
        guard let count = given.positional.first?.wholeNumber, count > 0, count <= 100_000 else {
            throw .failed("\(name) takes a number of items")
        }
        let fill = given.value("fill_with", 1)
        var parts: [Value] = []
        if name == "batch" {
            for start in stride(from: 0, to: all.count, by: count) {
                var part = Array(all[start..<min(start + count, all.count)])
                if let fill, part.count < count {
                    part += Array(repeating: fill, count: count - part.count)
                }
                parts.append(.list(part))
            }
            return parts
        }
        let (size, more) = all.count.quotientAndRemainder(dividingBy: count)
        var start = 0
        for place in 0..<count {
            let end = start + size + (place < more ? 1 : 0)
            var part = Array(all[start..<end])
            if let fill, place >= more, more > 0 { part.append(fill) }
            parts.append(.list(part))
            start = end
        }
        return parts
    }
}
