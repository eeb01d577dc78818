/// Members, items and slices.
extension TemplateRun {
    /// `whole.name`: a method or member before an item of that name.
    func attribute(_ name: String, of whole: Value) throws(TemplateError) -> Value {
        switch whole {
        case .undefined(let what): throw .failed("\(what) is undefined, so it has no '\(name)'")
        case .namespace(let namespace):
            return namespace.members[name] ?? missing(name, of: whole)
        case .loop(let state): return try loopMember(name, of: state) ?? missing(name, of: whole)
        case .mapping(let mapping):
            if Methods.names(of: whole).contains(name) {
                return .callable(try Callable(.method(whole, name)))
            }
            return mapping[name] ?? missing(name, of: whole)
        case .callable(let callable):
            if case .macro(let macro, _) = callable.kind, name == "name" {
                return .string(macro.name)
            }
            return missing(name, of: whole)
        default:
            if Methods.names(of: whole).contains(name) {
                return .callable(try Callable(.method(whole, name)))
            }
            return missing(name, of: whole)
        }
    }

    private func missing(_ name: String, of whole: Value) -> Value {
        let short = Text.string(name.unicodeScalars.prefix(80))
        return .undefined("'\(whole.typeName) object' has no attribute '\(short)', which")
    }

    /// `whole[key]`: an item before a method of that name.
    func item(_ key: Value, of whole: Value) throws(TemplateError) -> Value {
        switch whole {
        case .undefined(let what): throw .failed("\(what) is undefined, so it has no items")
        case .list(let items), .tuple(let items):
            if let index = key.wholeNumber {
                let place = index < 0 ? index + items.all.count : index
                return items.all.indices.contains(place)
                    ? items.all[place] : missing("\(index)", of: whole)
            }
        case .string(let text):
            if let index = key.wholeNumber {
                return try character(index, of: text) ?? missing("\(index)", of: whole)
            }
        case .mapping(let mapping):
            if let key = try Key(key, ledger), let value = mapping[key] { return value }
        default: break
        }
        guard case .string(let name) = key else { return missing(key.brief, of: whole) }
        return try attribute(name, of: whole)
    }

    /// Counts from the nearer end, and pays for what it counts.
    func character(_ index: Int, of text: String) throws(TemplateError) -> Value? {
        let all = text.unicodeScalars
        // No index beyond the bytes is one; `~index` counts from the end, without overflow.
        let distance = index < 0 ? ~index : index
        guard distance < text.utf8.count else { return nil }
        try ledger.charge(distance / 64)
        let found = index < 0 ? all.dropLast(distance).last : all.dropFirst(distance).first
        return found.map { .string(String($0)) }
    }

    mutating func bound(
        _ expression: Expression?, _ scope: Scope
    ) throws(TemplateError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression, scope)
        if case .none = value { return nil }
        guard let number = value.wholeNumber else {
            throw .failed("a slice takes whole numbers, not \(value.typeName)")
        }
        return number
    }

    func slice(
        _ whole: Value, _ from: Int?, _ to: Int?, _ by: Int?
    ) throws(TemplateError) -> Value {
        switch whole {
        case .string(let text):
            try ledger.charge(for: whole)
            let scalars = Text.scalars(text)
            return .string(Text.string(try places(scalars.count, from, to, by).map { scalars[$0] }))
        case .list(let items):
            try ledger.charge(for: whole)
            return try .list(of: places(items.all.count, from, to, by).map { items.all[$0] })
        case .tuple(let items):
            try ledger.charge(for: whole)
            return try .tuple(of: places(items.all.count, from, to, by).map { items.all[$0] })
        case .undefined(let what): throw .failed("\(what) is undefined, so it has no items")
        // Jinja answers so, too.
        default: return missing("slice", of: whole)
        }
    }

    /// Python's slices: bounds count from the end where they are negative, and are cut.
    private func places(
        _ count: Int, _ from: Int?, _ to: Int?, _ by: Int?
    ) throws(TemplateError) -> StrideTo<Int> {
        let step = by ?? 1
        guard step != 0, step.magnitude <= 1 << 40 else {
            throw .failed("a slice's step is \(step)")
        }
        func cut(_ bound: Int, low: Int, high: Int) -> Int {
            max(low, min(bound < 0 ? bound + count : bound, high))
        }
        if step > 0 {
            let first = from.map { cut($0, low: 0, high: count) } ?? 0
            let end = to.map { cut($0, low: 0, high: count) } ?? count
            return stride(from: first, to: end, by: step)
        }
        let first = from.map { cut($0, low: -1, high: count - 1) } ?? count - 1
        let end = to.map { cut($0, low: -1, high: count - 1) } ?? -1
        return stride(from: first, to: end, by: step)
    }

    private func loopMember(
        _ name: String, of state: LoopState
    ) throws(TemplateError) -> Value? {
        let (index, count) = (state.index, state.items.count)
        return switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "revindex": .integer(count - index)
        case "revindex0": .integer(count - index - 1)
        case "first": .bool(index == 0)
        case "last": .bool(index == count - 1)
        case "length": .integer(count)
        case "depth": .integer(state.depth)
        case "depth0": .integer(state.depth - 1)
        case "previtem":
            index > 0 ? state.items[index - 1] : .undefined("there is no previous item, which")
        case "nextitem":
            index + 1 < count ? state.items[index + 1] : .undefined("there is no next item, which")
        case "cycle", "changed": .callable(try Callable(.method(.loop(state), name)))
        default: nil
        }
    }
}
