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

    mutating func primary() throws(TemplateError) -> Expression {
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

    mutating func items(until end: String) throws(TemplateError) -> [Expression] {
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
}
