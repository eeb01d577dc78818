/// What stands behind a value: members, items, calls, filters and tests.
extension TemplateParser {
    mutating func postfix(_ first: Expression) throws(TemplateError) -> Expression {
        var value = first
        while true {
            try link()
            switch current {
            case .sign("."):
                advance()
                if case .integer(let place) = current {
                    advance()
                    value = .item(value, .integer(place))
                } else {
                    value = .attribute(value, try name())
                }
            case .sign("["):
                advance()
                value = try subscripted(value)
            case .sign("("): value = .call(value, try arguments())
            default: return value
            }
        }
    }

    private mutating func subscripted(_ value: Expression) throws(TemplateError) -> Expression {
        let from: Expression? = current == .sign(":") ? nil : try expression()
        guard skip(sign: ":") else {
            guard let from else { throw wrong("expected an index, not \(found)") }
            if current == .sign(",") {
                advance()
                let rest = try items(until: "]")
                return .item(value, .tuple([from] + rest))
            }
            try expect(sign: "]")
            return .item(value, from)
        }
        func isAtEnd() -> Bool { current == .sign("]") || current == .sign(":") }
        let to: Expression? = isAtEnd() ? nil : try expression()
        let by: Expression? = skip(sign: ":") && !isAtEnd() ? try expression() : nil
        try expect(sign: "]")
        return .slice(value, from: from, to: to, by: by)
    }

    mutating func filtered(_ first: Expression) throws(TemplateError) -> Expression {
        var value = first
        while true {
            try link()
            switch current {
            case .sign("|"):
                advance()
                let call = try filterCall()
                value = .filter(value, call.name, call.arguments)
            case .name("is"):
                advance()
                value = try test(value)
            case .sign("("): value = .call(value, try arguments())
            default: return value
            }
        }
    }

    private mutating func filterCall() throws(TemplateError) -> FilterCall {
        var name = try name()
        while skip(sign: ".") { name += "." + (try self.name()) }
        let arguments = current == .sign("(") ? try arguments() : Arguments()
        return FilterCall(name: name, arguments: arguments)
    }

    /// Filters behind each other; inline ones begin without a bar.
    mutating func filterCalls(isInline: Bool = true) throws(TemplateError) -> [FilterCall] {
        var calls: [FilterCall] = isInline ? [try filterCall()] : []
        while skip(sign: "|") { calls.append(try filterCall()) }
        return calls
    }

    private mutating func test(_ value: Expression) throws(TemplateError) -> Expression {
        let isNegated = skip(word: "not")
        let name = try name()
        var arguments = Arguments()
        switch current {
        case .sign("("): arguments = try self.arguments()
        case .name("else"), .name("or"), .name("and"): break
        case .name("is"): throw wrong("tests can't be chained")
        case .name, .string, .integer, .number, .sign("["), .sign("{"):
            arguments.positional = [try postfix(try primary())]
        default: break
        }
        let test = Expression.test(value, name, arguments)
        return isNegated ? .not(test) : test
    }

    mutating func arguments() throws(TemplateError) -> Arguments {
        try expect(sign: "(")
        var arguments = Arguments()
        var isFirst = true
        while current != .sign(")") {
            if !isFirst { try expect(sign: ",") }
            if current == .sign(")") { break }
            isFirst = false
            if skip(sign: "*") {
                guard arguments.spread == nil else { throw wrong("two lists of arguments") }
                arguments.spread = try expression()
            } else if skip(sign: "**") {
                guard arguments.namedSpread == nil else { throw wrong("two maps of arguments") }
                arguments.namedSpread = try expression()
            } else if case .name(let name) = current, next == .sign("=") {
                advance()
                advance()
                arguments.named.append((name, try expression()))
            } else {
                guard arguments.named.isEmpty, arguments.spread == nil else {
                    throw wrong("an argument without a name stands behind one with a name")
                }
                arguments.positional.append(try expression())
            }
        }
        advance()
        return arguments
    }
}
