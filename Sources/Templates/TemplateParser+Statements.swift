/// Blocks: what stands between `{%` and `%}`, and what it encloses.
extension TemplateParser {
    /// Statements up to a block of one of these names, which stays unread.
    mutating func statements(until ends: [String]) throws(TemplateError) -> [Statement] {
        var body: [Statement] = []
        while true {
            linkCount = 0
            switch current {
            case .data(let text):
                body.append(.text(text))
                advance()
            case .variableBegin:
                advance()
                body.append(.output(try tuple()))
                try expect(.variableEnd)
            case .blockBegin:
                if case .name(let name) = next, ends.contains(name) { return body }
                advance()
                body += try nested { parser throws(TemplateError) in try parser.statement() }
            case .end:
                guard ends.isEmpty else {
                    throw wrong("\(ends.joined(separator: " or ")) is missing")
                }
                return body
            default: throw wrong("\(found) has no meaning here")
            }
        }
    }

    /// The body of a block, its opening tag's end and its closing tag included.
    private mutating func body(until end: String) throws(TemplateError) -> [Statement] {
        let body = try openBody(until: [end])
        advance()
        return try closed(body)
    }

    private mutating func openBody(until ends: [String]) throws(TemplateError) -> [Statement] {
        _ = skip(sign: ":")
        try expect(.blockEnd)
        let body = try statements(until: ends)
        advance()
        return body
    }

    private mutating func closed<Result>(_ result: Result) throws(TemplateError) -> Result {
        try expect(.blockEnd)
        return result
    }

    private mutating func statement() throws(TemplateError) -> [Statement] {
        switch try name() {
        case "set": return [try set()]
        case "if": return [try condition()]
        case "for": return [try loop()]
        case "macro":
            let name = try name()
            let signature = try signature()
            return [.macro(Macro(name: name, signature: signature, body: try ownBody("endmacro")))]
        case "call":
            let signature = current == .sign("(") ? try signature() : Signature()
            let call = try expression()
            guard case .call = call else { throw wrong("a call block needs a call") }
            return [.callBlock(signature, call, try ownBody("endcall"))]
        case "filter": return [.filterBlock(try filterCalls(), try body(until: "endfilter"))]
        case "with": return [try with()]
        case "generation": return [.scope(try ownBody("endgeneration"))]
        case "autoescape":
            _ = try expression()
            return [.scope(try body(until: "endautoescape"))]
        case "block":
            _ = try name()
            _ = skip(word: "scoped")
            _ = skip(word: "required")
            let body = try openBody(until: ["endblock"])
            advance()
            if case .name = current { advance() }
            return [.scope(try closed(body))]
        case "print": return try printed()
        case "break" where loopDepth > 0: return try closed([.breakLoop])
        case "continue" where loopDepth > 0: return try closed([.continueLoop])
        case let name: throw wrong("the tag '\(name)' is not supported here")
        }
    }

    /// A body that `break` does not leave.
    private mutating func ownBody(_ end: String) throws(TemplateError) -> [Statement] {
        let outside = loopDepth
        loopDepth = 0
        defer { loopDepth = outside }
        return try body(until: end)
    }

    private mutating func printed() throws(TemplateError) -> [Statement] {
        var outputs: [Statement] = []
        while current != .blockEnd {
            if !outputs.isEmpty { try expect(sign: ",") }
            outputs.append(.output(try expression()))
        }
        return try closed(outputs)
    }

    private mutating func set() throws(TemplateError) -> Statement {
        let target = try target()
        if skip(sign: "=") { return try closed(.assign(target, try tuple())) }
        let filters = current == .sign("|") ? try filterCalls(isInline: false) : []
        return .assignBlock(target, filters, try body(until: "endset"))
    }

    private mutating func condition() throws(TemplateError) -> Statement {
        var branches: [(condition: Expression, body: [Statement])] = []
        while true {
            let condition = try tuple(hasChoices: false)
            let body = try openBody(until: ["elif", "else", "endif"])
            branches.append((condition, body))
            switch try name() {
            case "elif": continue
            case "else": return .choice(branches, otherwise: try self.body(until: "endif"))
            default: return try closed(.choice(branches, otherwise: []))
            }
        }
    }

    private mutating func loop() throws(TemplateError) -> Statement {
        let target = try target(end: "in")
        try expect(.name("in"))
        let items = try tuple(hasChoices: false, end: "recursive")
        let condition = skip(word: "if") ? try expression() : nil
        let isRecursive = skip(word: "recursive")
        loopDepth += 1
        let body: [Statement]
        do throws(TemplateError) {
            body = try openBody(until: ["endfor", "else"])
        } catch {
            throw error
        }
        loopDepth -= 1
        let otherwise = try name() == "else" ? try self.body(until: "endfor") : try closed([])
        return .loop(
            Loop(
                target: target, items: items, condition: condition, isRecursive: isRecursive,
                body: body, otherwise: otherwise))
    }

    private mutating func with() throws(TemplateError) -> Statement {
        var values: [(target: Target, value: Expression)] = []
        while current != .blockEnd {
            if !values.isEmpty { try expect(sign: ",") }
            let target = try target()
            try expect(sign: "=")
            values.append((target, try expression()))
        }
        return .with(values, try body(until: "endwith"))
    }

    private mutating func signature() throws(TemplateError) -> Signature {
        var signature = Signature()
        try expect(sign: "(")
        while current != .sign(")") {
            if !signature.names.isEmpty { try expect(sign: ",") }
            signature.names.append(try name())
            if skip(sign: "=") {
                signature.defaults.append(try expression())
            } else if !signature.defaults.isEmpty {
                throw wrong("a parameter without a default stands behind one that has one")
            }
        }
        advance()
        return signature
    }

    private mutating func target(end: String? = nil) throws(TemplateError) -> Target {
        var targets: [Target] = []
        var isTuple = false
        repeat {
            if !targets.isEmpty, isTupleEnd(end) { break }
            targets.append(try simpleTarget())
            if current == .sign(",") { isTuple = true }
        } while skip(sign: ",")
        return isTuple ? .tuple(targets) : targets[0]
    }

    private mutating func simpleTarget() throws(TemplateError) -> Target {
        if skip(sign: "(") {
            let inner = try nested { parser throws(TemplateError) in try parser.target() }
            try expect(sign: ")")
            return inner
        }
        let first = try name()
        guard !["true", "false", "none", "True", "False", "None"].contains(first) else {
            throw wrong("can't assign to '\(first)'")
        }
        return skip(sign: ".") ? .member(first, try name()) : .name(first)
    }

    func isTupleEnd(_ end: String?) -> Bool {
        switch current {
        case .variableEnd, .blockEnd, .sign(")"), .sign("="): true
        case .name(let name): name == end
        default: false
        }
    }
}
