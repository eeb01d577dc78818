/// The values of a call's arguments.
struct Given {
    var positional: [Value] = []
    var named: [(name: String, value: Value)] = []

    /// The argument with this name, or in this place.
    func value(_ name: String, _ place: Int) -> Value? {
        if let found = named.first(where: { $0.name == name }) { return found.value }
        return positional.indices.contains(place) ? positional[place] : nil
    }
}

extension TemplateRun {
    mutating func given(_ arguments: Arguments, _ scope: Scope) throws(TemplateError) -> Given {
        var given = Given(positional: try evaluateAll(arguments.positional, scope))
        for (name, value) in arguments.named {
            given.named.append((name, try evaluate(value, scope)))
        }
        if let spread = arguments.spread {
            guard let more = try evaluate(spread, scope).elements(ledger) else {
                throw .failed("what stands behind '*' is no list")
            }
            try ledger.charge(more.count)
            given.positional += more
        }
        if let spread = arguments.namedSpread {
            guard case .mapping(let mapping) = try evaluate(spread, scope) else {
                throw .failed("what stands behind '**' is no mapping")
            }
            try ledger.charge(mapping.keys.count)
            for (key, value) in zip(mapping.keys, mapping.values) {
                given.named.append((try key.shown(ledger), value))
            }
        }
        return given
    }

    mutating func call(
        _ callee: Expression, _ arguments: Arguments, _ scope: Scope, caller: Value?
    ) throws(TemplateError) -> Value {
        let function = try evaluate(callee, scope)
        let given = try given(arguments, scope)
        switch function {
        case .undefined(let name): throw .failed("\(name) is undefined, so it can't be called")
        case .callable(let callable): return try call(callable, given, caller: caller)
        case .loop(let state):
            guard state.loop.isRecursive, let items = given.positional.first else {
                throw .failed("a loop that is not recursive can't be called")
            }
            let text = Value.string(
                try loop(state.loop, items, state.scope, depth: state.depth + 1))
            try ledger.charge(for: text)
            return text
        default: throw .failed("\(function.typeName) can't be called")
        }
    }

    private mutating func call(
        _ callable: Callable, _ given: Given, caller: Value?
    ) throws(TemplateError) -> Value {
        switch callable.kind {
        case .macro(let macro, let scope):
            let inner = try bound(macro.signature, given, scope, name: macro.name)
            if let caller { inner.set("caller", caller) }
            return try text(of: macro.body, in: inner)
        case .caller(let signature, let body, let scope):
            return try text(of: body, in: try bound(signature, given, scope, name: "caller"))
        case .method(let receiver, let name):
            try ledger.charge()
            try ledger.charge(for: receiver)
            let result = try Methods.call(name, on: receiver, given, self)
            try ledger.charge(for: result)
            return result
        case .function(let name):
            let result = try call(name, given)
            try ledger.charge(for: result)
            return result
        }
    }

    /// The scope of a macro's body with its parameters.
    private mutating func bound(
        _ signature: Signature, _ given: Given, _ scope: Scope, name: String
    ) throws(TemplateError) -> Scope {
        let inner = try ledger.scope(in: scope)
        let names = signature.names
        try ledger.charge(names.count * given.named.count / 8)
        for (place, parameter) in names.enumerated() {
            if given.positional.indices.contains(place) {
                guard !given.named.contains(where: { $0.name == parameter }) else {
                    throw .failed("'\(name)' gets '\(parameter)' twice")
                }
                inner.set(parameter, given.positional[place])
            } else if let value = given.named.first(where: { $0.name == parameter })?.value {
                inner.set(parameter, value)
            } else {
                let first = names.count - signature.defaults.count
                let standard: Value =
                    place >= first
                    ? try evaluate(signature.defaults[place - first], inner)
                    : .undefined("parameter '\(parameter)'")
                inner.set(parameter, standard)
            }
        }
        inner.set("varargs", try .tuple(of: Array(given.positional.dropFirst(names.count))))
        var others = Mapping()
        for (name, value) in given.named where !names.contains(name) { try others.set(name, value) }
        inner.set("kwargs", .mapping(others))
        return inner
    }

    // MARK: functions

    private static let functionNames = ["range", "dict", "namespace", "raise_exception"]

    func function(_ name: String) throws(TemplateError) -> Value? {
        let isKnown =
            Self.functionNames.contains(name)
            || name == "strftime_now" && secondsSince1970 != nil
        return isKnown ? .callable(try Callable(.function(name))) : nil
    }

    private func call(_ name: String, _ given: Given) throws(TemplateError) -> Value {
        switch name {
        case "raise_exception":
            throw .raised(try given.value("message", 0)?.shown(ledger) ?? "")
        case "range": return try range(given.positional)
        case "strftime_now":
            guard let format = given.value("format", 0)?.text, let seconds = secondsSince1970 else {
                throw .failed("strftime_now takes a format")
            }
            return .string(try DateText(secondsSince1970: seconds).formatted(format))
        default:
            let mapping = try self.mapping(given)
            if name == "dict" { return .mapping(mapping) }
            for key in mapping.keys {
                let isOurs = try key.shown(ledger).utf8.first == UInt8(ascii: "_")
                guard !isOurs else { throw .failed("\(key.brief) can't be set") }
            }
            return .namespace(ledger.namespace(mapping))
        }
    }

    private func mapping(_ given: Given) throws(TemplateError) -> Mapping {
        var mapping = Mapping()
        if let first = given.positional.first {
            try ledger.charge(first.count(ledger) ?? 0)
            if case .mapping(let other) = first {
                mapping = other
            } else {
                for pair in try first.elements(ledger) ?? [] {
                    guard try pair.count(ledger) == 2, let parts = try pair.elements(ledger),
                        let key = try Key(parts[0], ledger)
                    else { throw .failed("a mapping is made of pairs") }
                    try mapping.set(key, parts[0], parts[1])
                }
            }
        }
        for (name, value) in given.named { try mapping.set(name, value) }
        return mapping
    }

    private func range(_ bounds: [Value]) throws(TemplateError) -> Value {
        let numbers = bounds.compactMap(\.wholeNumber)
        guard numbers.count == bounds.count, (1...3).contains(numbers.count) else {
            throw .failed("range takes one to three whole numbers")
        }
        let first = numbers.count > 1 ? numbers[0] : 0
        let end = numbers.count > 1 ? numbers[1] : numbers[0]
        let step = numbers.count > 2 ? numbers[2] : 1
        guard step != 0 else { throw .failed("range's step is 0") }
        guard [first, end, step].allSatisfy({ $0.magnitude < 1 << 40 }),
            (end - first) / step <= 100_000
        else { throw .tooLarge("a range of more than 100000 numbers") }
        return try .list(of: stride(from: first, to: end, by: step).map { .integer($0) })
    }
}
