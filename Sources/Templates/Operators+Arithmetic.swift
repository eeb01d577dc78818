/// Arithmetic, and what Python's signs do to texts and lists.
extension Operators {
    func binary(_ left: Value, _ sign: String, _ right: Value) throws(TemplateError) -> Value {
        let result = try made(left, sign, right)
        try ledger.charge(for: result)
        return result
    }

    private func made(
        _ left: Value, _ sign: String, _ right: Value
    ) throws(TemplateError) -> Value {
        switch (sign, left, right) {
        case ("+", .string(let a), .string(let b)):
            try Ledger.check(byteCount: a.utf8.count + b.utf8.count)
            return .string(a + b)
        case ("+", .list(let a), .list(let b)): return try .list(of: joined(a.all, b.all))
        case ("+", .tuple(let a), .tuple(let b)): return try .tuple(of: joined(a.all, b.all))
        case ("*", _, _) where left.realNumber == nil || right.realNumber == nil:
            return try repeated(left, right)
        case ("%", .string(let format), _):
            return .string(try Format(ledger).percent(format, right))
        default: break
        }
        if let a = left.wholeNumber, let b = right.wholeNumber, sign != "/" {
            return try whole(a, sign, b)
        }
        guard let a = left.realNumber, let b = right.realNumber else {
            throw Self.mismatch(sign, left, right)
        }
        switch sign {
        case "+": return .number(a + b)
        case "-": return .number(a - b)
        case "*": return .number(a * b)
        case "**": return .number(try power(a, b))
        default: break
        }
        guard b != 0 else { throw .failed("division by zero") }
        switch sign {
        case "/": return .number(a / b)
        case "//": return .number((a / b).rounded(.down))
        default:
            let rest = a.truncatingRemainder(dividingBy: b)
            return .number(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
        }
    }

    private func joined(_ left: [Value], _ right: [Value]) throws(TemplateError) -> [Value] {
        try Ledger.check(elementCount: left.count + right.count)
        return left + right
    }

    private func repeated(_ left: Value, _ right: Value) throws(TemplateError) -> Value {
        let (value, number) = left.wholeNumber.map { (right, $0) } ?? (left, right.wholeNumber ?? 0)
        guard left.wholeNumber != nil || right.wholeNumber != nil else {
            throw Self.mismatch("*", left, right)
        }
        switch value {
        case .string(let text):
            let (count, times) = repetitions(of: text.utf8.count, number)
            try Ledger.check(byteCount: count)
            return .string(String(repeating: text, count: times))
        case .list(let items), .tuple(let items):
            let (count, times) = repetitions(of: items.all.count, number)
            try Ledger.check(elementCount: count)
            let repeated = Array(repeatElement(items.all, count: times).joined())
            if case .tuple = value { return try .tuple(of: repeated) }
            return try .list(of: repeated)
        default: throw Self.mismatch("*", left, right)
        }
    }

    /// How often to repeat `count` things, and how many that makes: nothing is repeated no times.
    private func repetitions(of count: Int, _ number: Int) -> (count: Int, times: Int) {
        let times = count == 0 ? 0 : max(number, 0)
        let (product, isOver) = count.multipliedReportingOverflow(by: times)
        return (isOver ? .max : product, times)
    }

    private func whole(_ a: Int, _ sign: String, _ b: Int) throws(TemplateError) -> Value {
        let result: (partialValue: Int, overflow: Bool)
        switch sign {
        case "+": result = a.addingReportingOverflow(b)
        case "-": result = a.subtractingReportingOverflow(b)
        case "*": result = a.multipliedReportingOverflow(by: b)
        case "**":
            if b < 0 { return .number(try power(Double(a), Double(b))) }
            return .integer(try wholePower(a, b))
        default:
            guard b != 0 else { throw .failed("division by zero") }
            let (quotient, isOver) = a.dividedReportingOverflow(by: b)
            guard !isOver else { throw .failed("a number of more than 64 bits") }
            let rest = a - quotient * b
            let isOff = rest != 0 && (rest < 0) != (b < 0)
            return .integer(
                sign == "//" ? (isOff ? quotient - 1 : quotient) : (isOff ? rest + b : rest))
        }
        guard !result.overflow else { throw .failed("a number of more than 64 bits") }
        return .integer(result.partialValue)
    }

    private func wholePower(_ base: Int, _ exponent: Int) throws(TemplateError) -> Int {
        var result = 1
        if base == 1 || exponent == 0 { return 1 }
        if base == 0 { return 0 }
        if base == -1 { return exponent % 2 == 0 ? 1 : -1 }
        for _ in 0..<min(exponent, 64) {
            let (product, isOver) = result.multipliedReportingOverflow(by: base)
            guard !isOver else { throw .failed("a number of more than 64 bits") }
            result = product
        }
        guard exponent <= 64 else { throw .failed("a number of more than 64 bits") }
        return result
    }

    /// Whole exponents and halves: no chat needs another, and no library of functions is asked.
    private func power(_ base: Double, _ exponent: Double) throws(TemplateError) -> Double {
        if exponent == 0.5, base >= 0 { return base.squareRoot() }
        guard exponent == exponent.rounded(), exponent.magnitude <= 1_024 else {
            throw .failed("'**' is not supported with an exponent of \(exponent)")
        }
        var result = 1.0
        for _ in 0..<Int(exponent.magnitude) { result *= base }
        return exponent < 0 ? 1 / result : result
    }
}
