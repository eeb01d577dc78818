import Primitives

extension TemplateRun {
    mutating func evaluate(_ expression: Expression, _ scope: Scope) throws(TemplateError) -> Value
    {
        try nested { run throws(TemplateError) in try run.value(of: expression, scope) }
    }

    private mutating func value(
        of expression: Expression, _ scope: Scope
    ) throws(TemplateError) -> Value {
        switch expression {
        case .string(let text): return .string(text)
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        case .bool(let value): return .bool(value)
        case .none: return .none
        case .name(let name): return scope.value(name) ?? function(name) ?? .undefined("'\(name)'")
        case .list(let items): return .list(try evaluateAll(items, scope))
        case .tuple(let items): return .tuple(try evaluateAll(items, scope))
        case .mapping(let members): return try mapping(members, scope)
        case .attribute(let whole, let name): return try attribute(name, of: evaluate(whole, scope))
        case .item(let whole, let key):
            let whole = try evaluate(whole, scope)
            return try item(evaluate(key, scope), of: whole)
        case .slice(let whole, let from, let to, let by):
            let whole = try evaluate(whole, scope)
            return try slice(
                whole, try bound(from, scope), try bound(to, scope), try bound(by, scope))
        case .call(let callee, let arguments):
            return try call(callee, arguments, scope, caller: nil)
        case .filter(let value, let name, let arguments):
            return try filter(try evaluate(value, scope), name, arguments, scope)
        case .test(let value, let name, let arguments):
            let value = try evaluate(value, scope)
            let given = try given(arguments, scope)
            return .bool(try test(value, name, given.positional))
        case .choice(let condition, let value, let otherwise):
            if try evaluate(condition, scope).isTrue { return try evaluate(value, scope) }
            guard let otherwise else { return .undefined("") }
            return try evaluate(otherwise, scope)
        default: return try operated(expression, scope)
        }
    }

    private mutating func operated(
        _ expression: Expression, _ scope: Scope
    ) throws(TemplateError) -> Value {
        switch expression {
        case .not(let value): return .bool(try !evaluate(value, scope).isTrue)
        case .minus(let value):
            let value = try evaluate(value, scope)
            return try Operators.binary(.integer(0), "-", value)
        case .plus(let value):
            let value = try evaluate(value, scope)
            return try Operators.binary(.integer(0), "+", value)
        case .and(let left, let right):
            let left = try evaluate(left, scope)
            return left.isTrue ? try evaluate(right, scope) : left
        case .or(let left, let right):
            let left = try evaluate(left, scope)
            return left.isTrue ? left : try evaluate(right, scope)
        case .binary(let left, let sign, let right):
            let left = try evaluate(left, scope)
            let result = try Operators.binary(left, sign, try evaluate(right, scope))
            try charge(size(of: result))
            return result
        case .concatenation(let parts):
            var text = ""
            for part in parts { text += try evaluate(part, scope).shown }
            let result = Value.string(text)
            try charge(size(of: result))
            return result
        case .comparison(let first, let rest):
            var left = try evaluate(first, scope)
            for (sign, right) in rest {
                let right = try evaluate(right, scope)
                try charge(size(of: left) + size(of: right))
                guard try Operators.compare(left, sign, right) else { return .bool(false) }
                left = right
            }
            return .bool(true)
        default: return .none
        }
    }

    /// What a value costs to make or to look through; too large a text is refused.
    func size(of value: Value) throws(TemplateError) -> Int {
        switch value {
        case .string(let text):
            guard text.utf8.count <= Limits.templateOutputByteCount else {
                throw .tooLarge("a text of more than \(Limits.templateOutputByteCount) bytes")
            }
            return text.utf8.count / 64
        case .list(let all), .tuple(let all): return all.count / 8
        default: return 0
        }
    }

    mutating func evaluateAll(
        _ items: [Expression], _ scope: Scope
    ) throws(TemplateError) -> [Value] {
        var values: [Value] = []
        for item in items { values.append(try evaluate(item, scope)) }
        return values
    }

    private mutating func mapping(
        _ members: [(key: Expression, value: Expression)], _ scope: Scope
    ) throws(TemplateError) -> Value {
        var mapping = Mapping()
        for (key, value) in members {
            let key = try evaluate(key, scope)
            guard mapping.set(key, try evaluate(value, scope)) else {
                throw .failed("\(key.typeName) can't be a key")
            }
        }
        return .mapping(mapping)
    }

    // MARK: parts

    /// `whole.name`: a method or member before an item of that name.
    func attribute(_ name: String, of whole: Value) throws(TemplateError) -> Value {
        switch whole {
        case .undefined(let what): throw .failed("\(what) is undefined, so it has no '\(name)'")
        case .namespace(let namespace):
            return namespace.members[.string(name)] ?? missing(name, of: whole)
        case .loop(let state): return loopMember(name, of: state) ?? missing(name, of: whole)
        case .mapping(let mapping):
            if Methods.names(of: whole).contains(name) {
                return .callable(Callable(.method(whole, name)))
            }
            return mapping[.string(name)] ?? missing(name, of: whole)
        case .callable(let callable):
            if case .macro(let macro, _) = callable.kind, name == "name" {
                return .string(macro.name)
            }
            return missing(name, of: whole)
        default:
            if Methods.names(of: whole).contains(name) {
                return .callable(Callable(.method(whole, name)))
            }
            return missing(name, of: whole)
        }
    }

    private func missing(_ name: String, of whole: Value) -> Value {
        .undefined("'\(whole.typeName) object' has no attribute '\(name)', which")
    }

    /// `whole[key]`: an item before a method of that name.
    func item(_ key: Value, of whole: Value) throws(TemplateError) -> Value {
        switch whole {
        case .undefined(let what): throw .failed("\(what) is undefined, so it has no items")
        case .list(let all), .tuple(let all):
            if let index = key.wholeNumber {
                let place = index < 0 ? index + all.count : index
                return all.indices.contains(place) ? all[place] : missing("\(index)", of: whole)
            }
        case .string(let text):
            if let index = key.wholeNumber {
                let scalars = text.unicodeScalars
                let place = index < 0 ? index + scalars.count : index
                guard place >= 0, place < scalars.count else {
                    return missing("\(index)", of: whole)
                }
                return .string(String(scalars[scalars.index(scalars.startIndex, offsetBy: place)]))
            }
        case .mapping(let mapping):
            if let value = mapping[key] { return value }
        default: break
        }
        guard case .string(let name) = key else { return missing(key.written, of: whole) }
        return try attribute(name, of: whole)
    }

    private mutating func bound(
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

    private func slice(
        _ whole: Value, _ from: Int?, _ to: Int?, _ by: Int?
    ) throws(TemplateError) -> Value {
        switch whole {
        case .string(let text):
            let scalars = Text.scalars(text)
            return .string(Text.string(try places(scalars.count, from, to, by).map { scalars[$0] }))
        case .list(let all): return .list(try places(all.count, from, to, by).map { all[$0] })
        case .tuple(let all): return .tuple(try places(all.count, from, to, by).map { all[$0] })
        case .undefined(let what): throw .failed("\(what) is undefined, so it has no items")
        // Jinja answers so, too.
        default: return missing("slice", of: whole)
        }
    }

    /// Python's slices: bounds count from the end where they are negative, and are cut.
    private func places(
        _ count: Int, _ from: Int?, _ to: Int?, _ by: Int?
    ) throws(TemplateError) -> [Int] {
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
            return Array(stride(from: first, to: end, by: step))
        }
        let first = from.map { cut($0, low: -1, high: count - 1) } ?? count - 1
        let end = to.map { cut($0, low: -1, high: count - 1) } ?? -1
        return Array(stride(from: first, to: end, by: step))
    }

    private func loopMember(_ name: String, of state: LoopState) -> Value? {
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
        case "cycle", "changed": .callable(Callable(.method(.loop(state), name)))
        default: nil
        }
    }
}
