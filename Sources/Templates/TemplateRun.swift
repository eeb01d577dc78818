/// One rendering: statements, and the limits on what they may take.
struct TemplateRun {
    /// What a body ended with.
    enum Ending { case normal, breaks, continues }

    let secondsSince1970: Int?
    let ledger = Ledger()
    private var depth = 0

    init(secondsSince1970: Int?) { self.secondsSince1970 = secondsSince1970 }

    /// Runs `body` one level deeper.
    mutating func nested<Result>(
        _ body: (inout TemplateRun) throws(TemplateError) -> Result
    ) throws(TemplateError) -> Result {
        depth += 1
        defer { depth -= 1 }
        try Ledger.check(depth: depth)
        try ledger.charge()
        return try body(&self)
    }

    private func append(_ text: String, to output: inout String) throws(TemplateError) {
        try Ledger.check(byteCount: output.utf8.count + text.utf8.count)
        output += text
    }

    // MARK: statements

    mutating func run(
        _ body: [Statement], _ scope: Scope, into output: inout String
    ) throws(TemplateError) -> Ending {
        for statement in body {
            var piece = ""
            let ending = try nested { run throws(TemplateError) in
                try run.perform(statement, scope, into: &piece)
            }
            try append(piece, to: &output)
            if ending != .normal { return ending }
        }
        return .normal
    }

    /// What a body writes, in a scope of its own, as a value.
    mutating func text(of body: [Statement], in parent: Scope) throws(TemplateError) -> Value {
        var output = ""
        _ = try run(body, ledger.scope(in: parent), into: &output)
        let text = Value.string(output)
        try ledger.charge(for: text)
        return text
    }

    private mutating func perform(
        _ statement: Statement, _ scope: Scope, into output: inout String
    ) throws(TemplateError) -> Ending {
        switch statement {
        case .text(let text): output = text
        case .output(let expression): output = try evaluate(expression, scope).shown(ledger)
        case .choice(let branches, let otherwise):
            for branch in branches where try evaluate(branch.condition, scope).isTrue {
                return try run(branch.body, scope, into: &output)
            }
            return try run(otherwise, scope, into: &output)
        case .loop(let loop):
            output = try self.loop(loop, try evaluate(loop.items, scope), scope, depth: 1)
        case .assign(let target, let expression):
            try assign(try evaluate(expression, scope), to: target, scope)
        case .assignBlock(let target, let filters, let body):
            var value = try text(of: body, in: scope)
            for call in filters { value = try filter(value, call.name, call.arguments, scope) }
            try assign(value, to: target, scope)
        case .macro(let macro):
            scope.set(macro.name, .callable(try Callable(.macro(macro, scope))))
        case .callBlock(let signature, let call, let body):
            guard case .call(let callee, let arguments) = call else { break }
            let caller = Value.callable(try Callable(.caller(signature, body, scope)))
            output = try self.call(callee, arguments, scope, caller: caller).shown(ledger)
        case .filterBlock(let filters, let body):
            var value = try text(of: body, in: scope)
            for call in filters { value = try filter(value, call.name, call.arguments, scope) }
            output = try value.shown(ledger)
        case .with(let values, let body):
            let inner = try ledger.scope(in: scope)
            for (target, expression) in values {
                try assign(try evaluate(expression, scope), to: target, inner)
            }
            return try run(body, inner, into: &output)
        case .scope(let body): return try run(body, ledger.scope(in: scope), into: &output)
        case .breakLoop: return .breaks
        case .continueLoop: return .continues
        }
        return .normal
    }

    private mutating func assign(
        _ value: Value, to target: Target, _ scope: Scope
    ) throws(TemplateError) {
        switch target {
        case .name(let name): scope.set(name, value)
        case .member(let name, let member):
            guard case .namespace(let namespace)? = scope.value(name) else {
                throw .failed("'\(name)' is no namespace, so '\(member)' can't be set")
            }
            guard !member.hasPrefix("_") else { throw .failed("'\(member)' can't be set") }
            try namespace.members.set(member, value)
        case .tuple(let targets):
            guard try value.count(ledger) == targets.count,
                let elements = try value.elements(ledger)
            else { throw .failed("\(targets.count) names don't fit \(value.typeName)") }
            for (target, element) in zip(targets, elements) {
                try assign(element, to: target, scope)
            }
        }
    }

    // MARK: loops

    mutating func loop(
        _ loop: Loop, _ items: Value, _ scope: Scope, depth: Int
    ) throws(TemplateError) -> String {
        guard var elements = try items.elements(ledger) else {
            throw .failed("there is nothing to go through in \(items.typeName)")
        }
        try ledger.charge(elements.count)
        if let condition = loop.condition {
            var kept: [Value] = []
            for element in elements {
                let inner = try ledger.scope(in: scope)
                try assign(element, to: loop.target, inner)
                if try evaluate(condition, inner).isTrue { kept.append(element) }
            }
            elements = kept
        }
        var output = ""
        if elements.isEmpty {
            _ = try run(loop.otherwise, ledger.scope(in: scope), into: &output)
            return output
        }
        let state = ledger.loop(loop, over: elements, in: scope, depth: depth)
        for index in elements.indices {
            state.index = index
            let inner = try ledger.scope(in: scope)
            inner.set("loop", .loop(state))
            try assign(elements[index], to: loop.target, inner)
            let ending = try run(loop.body, inner, into: &output)
            if ending == .breaks { break }
        }
        return output
    }
}
