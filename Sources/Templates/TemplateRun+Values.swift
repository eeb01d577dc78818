/// Filters that look at one value of any kind.
extension TemplateRun {
    func valueFilter(
        _ value: Value, _ name: String, _ given: Given
    ) throws(TemplateError) -> Value? {
        switch name {
        case "default", "d":
            let isWanted =
                value.isUndefined
                || (given.value("boolean", 1)?.isTrue ?? false) && !value.isTrue
            return isWanted ? given.value("default_value", 0) ?? .string("") : value
        case "tojson": return .string(try json(value, given))
        case "int":
            let standard = given.value("default", 0) ?? .integer(0)
            if case .number(let number) = value {
                return number.magnitude < 0x1p62 ? .integer(Int(number)) : standard
            }
            if let number = value.wholeNumber { return .integer(number) }
            let text = Text.stripped(try value.shown(ledger)).filter { $0 != "_" }
            let base = given.value("base", 1)?.wholeNumber ?? 10
            guard (2...36).contains(base) else { return standard }
            if let number = Int(text, radix: base) { return .integer(number) }
            if let number = Double(text), number.magnitude < 0x1p62 { return .integer(Int(number)) }
            return standard
        case "float":
            if let number = value.realNumber { return .number(number) }
            return try Double(Text.stripped(value.shown(ledger))).map { .number($0) }
                ?? given.value("default", 0) ?? .number(0)
        case "abs":
            if let number = value.wholeNumber {
                guard number > .min else { throw .failed("a number of more than 64 bits") }
                return .integer(abs(number))
            }
            guard let number = value.realNumber else { throw .failed("abs takes a number") }
            return .number(number.magnitude)
        case "round": return try rounded(value, given)
        case "attr":
            let name = try given.value("name", 0)?.shown(ledger) ?? ""
            if case .mapping = value {
                return Methods.names(of: value).contains(name)
                    ? .callable(try Callable(.method(value, name)))
                    : .undefined(Value.string(name).brief)
            }
            return try attribute(name, of: value)
        default: return nil
        }
    }

    private func rounded(_ value: Value, _ given: Given) throws(TemplateError) -> Value {
        guard let number = value.realNumber else { throw .failed("round takes a number") }
        guard number.isFinite else { return .number(number) }
        let digits = min(max(given.value("precision", 0)?.wholeNumber ?? 0, -300), 300)
        var scale = 1.0
        for _ in 0..<abs(digits) { scale *= 10 }
        func scaled(_ rule: FloatingPointRoundingRule) -> Double {
            digits < 0
                ? (number / scale).rounded(rule) * scale : (number * scale).rounded(rule) / scale
        }
        switch given.value("method", 1)?.text ?? "common" {
        case "ceil": return .number(scaled(.up))
        case "floor": return .number(scaled(.down))
        default:
            if case .integer(let whole) = value {
                return .integer(try Self.rounded(whole, digits))
            }
            if digits < 0 { return .number(scaled(.toNearestOrEven)) }
            try ledger.charge(Decimals.cost(number))
            let text = Decimals.fixed(number.magnitude, digits)
            return .number((Double(text) ?? 0) * (number < 0 ? -1 : 1))
        }
    }

    /// A whole number stays one; halves go to the even neighbour.
    private static func rounded(_ whole: Int, _ digits: Int) throws(TemplateError) -> Int {
        guard digits < 0 else { return whole }
        // Beyond them no digit is left of 64 bits.
        guard digits >= -18 else { return 0 }
        let unit = (0..<(-digits)).reduce(1) { product, _ in product * 10 }
        let (quotient, rest) = whole.quotientAndRemainder(dividingBy: unit)
        let half = unit / 2
        let isUp =
            rest.magnitude > half || rest.magnitude == half && !quotient.isMultiple(of: 2)
        let nearest = isUp ? quotient + rest.signum() : quotient
        let (rounded, overflow) = nearest.multipliedReportingOverflow(by: unit)
        guard !overflow else { throw .failed("round gives a number of more than 64 bits") }
        return rounded
    }

    private func json(_ value: Value, _ given: Given) throws(TemplateError) -> String {
        var style = JSONStyle()
        style.isASCII = given.value("ensure_ascii", 0)?.isTrue ?? false
        style.sortsKeys = given.value("sort_keys", 3)?.isTrue ?? false
        if let indent = given.value("indent", 1) {
            if let count = indent.wholeNumber {
                style.indent = String(repeating: " ", count: min(max(count, 0), 64))
            }
            if let text = indent.text { style.indent = text }
            if style.indent != nil { style.itemSeparator = "," }
        }
        if let separators = given.value("separators", 2), try separators.count(ledger) == 2,
            let both = try separators.elements(ledger)
        {
            style.itemSeparator = try both[0].shown(ledger)
            style.keySeparator = try both[1].shown(ledger)
        }
        return try value.json(style, ledger)
    }
}
