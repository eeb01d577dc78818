extension TemplateParser {
    /// One expression, or several with commas between.
    mutating func tuple(
        hasChoices: Bool = true, end: String? = nil, isInParentheses: Bool = false
    ) throws(TemplateError) -> Expression {
        var items: [Expression] = []
        var isTuple = false
        while true {
            if !items.isEmpty { try expect(sign: ",") }
            if isTupleEnd(end) { break }
            items.append(hasChoices ? try expression() : try or())
            guard current == .sign(",") else { break }
            isTuple = true
        }
        if !isTuple {
            if let first = items.first { return first }
            guard isInParentheses else { throw wrong("expected an expression, not \(found)") }
        }
        return .tuple(items)
    }

    mutating func expression() throws(TemplateError) -> Expression {
        try nested { parser throws(TemplateError) in try parser.choice() }
    }

    private mutating func choice() throws(TemplateError) -> Expression {
        var value = try or()
        while skip(word: "if") {
            try link()
            let condition = try or()
            let otherwise: Expression? = skip(word: "else") ? try expression() : nil
            value = .choice(condition: condition, value, otherwise: otherwise)
        }
        return value
    }

    private mutating func or() throws(TemplateError) -> Expression {
        var left = try and()
        while skip(word: "or") {
            try link()
            left = .or(left, try and())
        }
        return left
    }

    private mutating func and() throws(TemplateError) -> Expression {
        var left = try not()
        while skip(word: "and") {
            try link()
            left = .and(left, try not())
        }
        return left
    }

    private mutating func not() throws(TemplateError) -> Expression {
        guard skip(word: "not") else { return try comparison() }
        return .not(try nested { parser throws(TemplateError) in try parser.not() })
    }

    private mutating func comparison() throws(TemplateError) -> Expression {
        let left = try sum()
        var rest: [(sign: String, right: Expression)] = []
        while true {
            if case .sign(let sign) = current, ["==", "!=", "<", "<=", ">", ">="].contains(sign) {
                advance()
                rest.append((sign, try sum()))
            } else if skip(word: "in") {
                rest.append(("in", try sum()))
            } else if current == .name("not"), next == .name("in") {
                advance()
                advance()
                rest.append(("not in", try sum()))
            } else {
                return rest.isEmpty ? left : .comparison(left, rest)
            }
        }
    }

    private mutating func sum() throws(TemplateError) -> Expression {
        var left = try concatenation()
        while case .sign(let sign) = current, sign == "+" || sign == "-" {
            advance()
            try link()
            left = .binary(left, sign, try concatenation())
        }
        return left
    }

    private mutating func concatenation() throws(TemplateError) -> Expression {
        var parts = [try product()]
        while skip(sign: "~") {
            try link()
            parts.append(try product())
        }
        return parts.count == 1 ? parts[0] : .concatenation(parts)
    }

    private mutating func product() throws(TemplateError) -> Expression {
        var left = try power()
        while case .sign(let sign) = current, ["*", "/", "//", "%"].contains(sign) {
            advance()
            try link()
            left = .binary(left, sign, try power())
        }
        return left
    }

    private mutating func power() throws(TemplateError) -> Expression {
        var left = try unary(hasFilters: true)
        while skip(sign: "**") {
            try link()
            left = .binary(left, "**", try unary(hasFilters: true))
        }
        return left
    }

    private mutating func unary(hasFilters: Bool) throws(TemplateError) -> Expression {
        var value: Expression
        if skip(sign: "-") {
            value = .minus(
                try nested { parser throws(TemplateError) in try parser.unary(hasFilters: false) })
        } else if skip(sign: "+") {
            value = .plus(
                try nested { parser throws(TemplateError) in try parser.unary(hasFilters: false) })
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return hasFilters ? try filtered(value) : value
    }

    private mutating func primary() throws(TemplateError) -> Expression {
        switch current {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return .bool(true)
            case "false", "False": return .bool(false)
            case "none", "None": return .none
            default: return .name(name)
            }
        case .string(var text):
            advance()
            while case .string(let more) = current {
                text += more
                advance()
            }
            return .string(text)
        case .integer(let value):
            advance()
            return .integer(value)
        case .number(let value):
            advance()
            return .number(value)
        case .sign("("):
            advance()
            let inner = try nested { parser throws(TemplateError) in
                try parser.tuple(isInParentheses: true)
            }
            try expect(sign: ")")
            return inner
        case .sign("["):
            advance()
            return .list(try items(until: "]"))
        case .sign("{"): return try mapping()
        default: throw wrong("expected an expression, not \(found)")
        }
    }

    private mutating func items(until end: String) throws(TemplateError) -> [Expression] {
        var items: [Expression] = []
        while current != .sign(end) {
            if !items.isEmpty { try expect(sign: ",") }
            if current == .sign(end) { break }
            items.append(try expression())
        }
        advance()
        return items
    }

    private mutating func mapping() throws(TemplateError) -> Expression {
        advance()
        var members: [(key: Expression, value: Expression)] = []
        while current != .sign("}") {
            if !members.isEmpty { try expect(sign: ",") }
            if current == .sign("}") { break }
            let key = try expression()
            try expect(sign: ":")
            members.append((key, try expression()))
        }
        advance()
        return .mapping(members)
    }

    // MARK: behind a value

    private mutating func postfix(_ first: Expression) throws(TemplateError) -> Expression {
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
