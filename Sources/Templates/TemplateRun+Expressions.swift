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
        case .name(let name):
            if let value = scope.value(name) { return value }
            if let function = try function(name) { return function }
            return .undefined("'\(name)'")
        case .list(let items): return try .list(of: evaluateAll(items, scope))
        case .tuple(let items): return try .tuple(of: evaluateAll(items, scope))
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
            return try Operators(ledger).binary(.integer(0), "-", value)
        case .plus(let value):
            let value = try evaluate(value, scope)
            return try Operators(ledger).binary(.integer(0), "+", value)
        case .and(let left, let right):
            let left = try evaluate(left, scope)
            return left.isTrue ? try evaluate(right, scope) : left
        case .or(let left, let right):
            let left = try evaluate(left, scope)
            return left.isTrue ? left : try evaluate(right, scope)
        case .binary(let left, let sign, let right):
            let left = try evaluate(left, scope)
            return try Operators(ledger).binary(left, sign, try evaluate(right, scope))
        case .concatenation(let parts):
            var writer = TextWriter()
            for part in parts { try writer.write(evaluate(part, scope).shown(ledger)) }
            let result = Value.string(writer.text)
            try ledger.charge(for: result)
            return result
        case .comparison(let first, let rest):
            var left = try evaluate(first, scope)
            for (sign, right) in rest {
                let right = try evaluate(right, scope)
                guard try Operators(ledger).compare(left, sign, right) else { return .bool(false) }
                left = right
            }
            return .bool(true)
        default: return .none
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
            guard let identity = try Key(key, ledger) else {
                throw .failed("\(key.typeName) can't be a key")
            }
            try mapping.set(identity, key, evaluate(value, scope))
        }
        return .mapping(mapping)
    }
}
