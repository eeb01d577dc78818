/// Filters that order, group and cut lists.
extension TemplateRun {
    mutating func groupFilter(
        _ value: Value, _ name: String, _ given: Given
    ) throws(TemplateError) -> Value? {
        switch name {
        case "sort":
            let attribute = given.value("attribute", 2)
            let isCased = given.value("case_sensitive", 1)?.isTrue ?? false
            let isReversed = given.value("reverse", 0)?.isTrue ?? false
            return try .list(
                of: sorted(try elements(of: value, name), by: attribute, isCased, isReversed))
        case "dictsort":
            guard case .mapping(let mapping) = value else {
                throw .failed("dictsort takes a mapping")
            }
            let pairs = try mapping.pairs()
            let place = given.value("by", 1)?.text == "value" ? 1 : 0
            let isCased = given.value("case_sensitive", 0)?.isTrue ?? false
            let isReversed = given.value("reverse", 2)?.isTrue ?? false
            return try .list(of: sorted(pairs, by: .integer(place), isCased, isReversed))
        case "min", "max":
            let attribute = given.value("attribute", 1)
            let isCased = given.value("case_sensitive", 0)?.isTrue ?? false
            var best: (key: Value, element: Value)?
            for element in try elements(of: value, name) {
                let key = try folded(member(attribute, of: element), isCased)
                guard let old = best else {
                    best = (key, element)
                    continue
                }
                let isBetter =
                    try name == "min"
                    ? Operators(ledger).precedes(key, old.key)
                    : Operators(ledger).precedes(old.key, key)
                if isBetter { best = (key, element) }
            }
            return best?.element ?? .undefined("the \(name) of nothing")
        case "unique":
            let isCased = given.value("case_sensitive", 0)?.isTrue ?? false
            let attribute = given.value("attribute", 1)
            var seen: Set<Key> = []
            var results: [Value] = []
            for element in try elements(of: value, name) {
                let value = try folded(member(attribute, of: element), isCased)
                guard let key = try Key(value, ledger) else {
                    throw .failed("unique does not go with \(value.typeName)")
                }
                guard seen.insert(key).inserted else { continue }
                results.append(element)
            }
            return try .list(of: results)
        case "groupby": return try .list(of: grouped(elements(of: value, name), given))
        case "batch", "slice": return try .list(of: cut(elements(of: value, name), name, given))
        default: return nil
        }
    }

    private func folded(_ value: Value, _ isCased: Bool) throws(TemplateError) -> Value {
        guard !isCased, case .string(let text) = value else { return value }
        try ledger.charge(for: value)
        return .string(Text.lower(text))
    }

    private mutating func sorted(
        _ all: [Value], by attribute: Value?, _ isCased: Bool, _ isReversed: Bool
    ) throws(TemplateError) -> [Value] {
        var keyed: [(key: [Value], element: Value)] = []
        for element in all {
            var keys: [Value] = []
            if case .string(let paths)? = attribute {
                try ledger.charge(paths.utf8.count)
                for path in try Text.split(paths, by: ",") {
                    keys.append(try folded(member(.string(path), of: element), isCased))
                }
            } else {
                keys = [try folded(member(attribute, of: element), isCased)]
            }
            keyed.append((keys, element))
        }
        try ledger.charge(all.count)
        // A stable merge, because a comparison may fail.
        let order = try merged(Array(keyed.indices)) { left, right throws(TemplateError) in
            let (a, b) = (keyed[left].key, keyed[right].key)
            return try isReversed
                ? Operators(ledger).precedes(a, b) : Operators(ledger).precedes(b, a)
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
            let key = try folded(shown, isCased)
            if let last = groups.last, try Operators(ledger).areEqual(last.key, key) {
                groups[groups.count - 1].members.append(element)
            } else {
                groups.append((key, shown, [element]))
            }
        }
        var pairs: [Value] = []
        for group in groups {
            pairs.append(try .tuple(of: [group.shown, .list(of: group.members)]))
        }
        return pairs
    }

    private func cut(_ all: [Value], _ name: String, _ given: Given) throws(TemplateError)
        -> [Value]
    {
        guard let count = given.positional.first?.wholeNumber, count > 0, count <= 100_000 else {
            throw .failed("\(name) takes a number of items")
        }
        try ledger.charge(count)
        let fill = given.value("fill_with", 1)
        var parts: [Value] = []
        if name == "batch" {
            for start in stride(from: 0, to: all.count, by: count) {
                var part = Array(all[start..<min(start + count, all.count)])
                if let fill, part.count < count {
                    part += Array(repeating: fill, count: count - part.count)
                }
                parts.append(try .list(of: part))
            }
            return parts
        }
        let (size, more) = all.count.quotientAndRemainder(dividingBy: count)
        var start = 0
        for place in 0..<count {
            let end = start + size + (place < more ? 1 : 0)
            var part = Array(all[start..<end])
            if let fill, place >= more, more > 0 { part.append(fill) }
            parts.append(try .list(of: part))
            start = end
        }
        return parts
    }
}
