extension TemplateRun {
    /// `value is name(...)`.
    func test(_ value: Value, _ name: String, _ arguments: [Value]) throws(TemplateError) -> Bool {
        if let result = kindTest(value, name) { return result }
        if let sign = Self.comparisons[name] {
            guard let other = arguments.first else {
                throw .failed("the test '\(name)' needs a value")
            }
            return try Operators(ledger).compare(value, sign, other)
        }
        switch name {
        case "sameas":
            guard let other = arguments.first else { throw .failed("sameas needs a value") }
            guard value.typeName == other.typeName else { return false }
            return try Operators(ledger).areEqual(value, other)
        case "odd", "even", "divisibleby":
            guard let number = value.wholeNumber else {
                throw .failed("the test '\(name)' takes a whole number, not \(value.typeName)")
            }
            guard name == "divisibleby" else { return (number % 2 != 0) == (name == "odd") }
            guard let divisor = arguments.first?.wholeNumber, divisor != 0 else {
                throw .failed("divisibleby needs a number")
            }
            return number.remainderReportingOverflow(dividingBy: divisor).partialValue == 0
        case "lower", "upper":
            try ledger.charge(for: value)
            let text = try value.shown(ledger)
            let changed = name == "lower" ? Text.lower(text) : Text.upper(text)
            return hasCase(text) && text.utf8.elementsEqual(changed.utf8)
        case "filter": return Self.filterNames.contains(try value.shown(ledger))
        case "test":
            let name = try value.shown(ledger)
            return kindTest(.none, name) != nil || Self.comparisons[name] != nil
        default: throw .failed("there is no test '\(name)'")
        }
    }

    private static let comparisons = [
        "eq": "==", "equalto": "==", "==": "==", "ne": "!=", "!=": "!=", "lt": "<", "lessthan": "<",
        "<": "<", "le": "<=", "<=": "<=", "gt": ">", "greaterthan": ">", ">": ">", "ge": ">=",
        ">=": ">=", "in": "in",
    ]

    private static let filterNames = [
        "abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e",
        "escape", "first", "float", "forceescape", "format", "groupby", "indent", "int", "items",
        "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr",
        "replace", "reverse", "round", "safe", "select", "selectattr", "slice", "sort", "string",
        "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordcount",
    ]

    private func hasCase(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.properties.isCased }
    }

    /// Tests of what a value is; nil where the name is none of them.
    private func kindTest(_ value: Value, _ name: String) -> Bool? {
        switch name {
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "none":
            guard case .none = value else { return false }
            return true
        case "boolean":
            guard case .bool = value else { return false }
            return true
        case "true":
            guard case .bool(true) = value else { return false }
            return true
        case "false":
            guard case .bool(false) = value else { return false }
            return true
        case "integer":
            guard case .integer = value else { return false }
            return true
        case "float":
            guard case .number = value else { return false }
            return true
        case "number": return value.realNumber != nil
        case "string": return value.text != nil
        case "mapping":
            guard case .mapping = value else { return false }
            return true
        case "iterable":
            guard case .loop = value else { return value.isIterable }
            return true
        case "sequence": return value.isIterable
        case "callable":
            switch value {
            case .callable, .loop: return true
            default: return false
            }
        case "escaped": return false
        default: return nil
        }
    }
}
