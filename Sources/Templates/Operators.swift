import Primitives

/// Python's operators.
enum Operators {
    static func areEqual(_ left: Value, _ right: Value) -> Bool {
        if let a = left.wholeNumber, let b = right.wholeNumber { return a == b }
        if let a = left.realNumber, let b = right.realNumber { return a == b }
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): return true
        // Not Swift's equality, which calls equivalent texts equal.
        case (.string(let a), .string(let b)): return a.utf8.elementsEqual(b.utf8)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            return a.count == b.count && zip(a, b).allSatisfy { areEqual($0, $1) }
        case (.mapping(let a), .mapping(let b)):
            guard a.keys.count == b.keys.count else { return false }
            return zip(a.keys, a.values).allSatisfy { key, value in
                b[key].map { areEqual(value, $0) } ?? false
            }
        case (.namespace(let a), .namespace(let b)): return a === b
        case (.callable(let a), .callable(let b)): return a === b
        case (.loop(let a), .loop(let b)): return a === b
        default: return false
        }
    }

    /// Whether the left comes before the right.
    static func precedes(_ left: Value, _ right: Value) throws(TemplateError) -> Bool {
        if let a = left.wholeNumber, let b = right.wholeNumber { return a < b }
        if let a = left.realNumber, let b = right.realNumber { return a < b }
        switch (left, right) {
        case (.string(let a), .string(let b)):
            return a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (x, y) in zip(a, b) where !areEqual(x, y) { return try precedes(x, y) }
            return a.count < b.count
        default: throw mismatch("<", left, right)
        }
    }

    static func compare(
        _ left: Value, _ sign: String, _ right: Value
    ) throws(TemplateError) -> Bool {
        switch sign {
        case "==": areEqual(left, right)
        case "!=": !areEqual(left, right)
        case "<": try precedes(left, right)
        case ">": try precedes(right, left)
        case "<=": try areNumbers(left, right) ? atMost(left, right) : !precedes(right, left)
        case ">=": try areNumbers(left, right) ? atMost(right, left) : !precedes(left, right)
        case "in": try contains(right, left)
        default: try !contains(right, left)
        }
    }

    private static func areNumbers(_ left: Value, _ right: Value) -> Bool {
        left.realNumber != nil && right.realNumber != nil
    }

    private static func atMost(_ left: Value, _ right: Value) throws(TemplateError) -> Bool {
        try precedes(left, right) || areEqual(left, right)
    }

    static func contains(_ whole: Value, _ part: Value) throws(TemplateError) -> Bool {
        switch whole {
        case .string(let text):
            guard case .string(let part) = part else { throw mismatch("in", part, whole) }
            return Text.first(part, in: text) != nil
        case .mapping(let mapping): return mapping[part] != nil
        default:
            guard let elements = whole.elements else { throw mismatch("in", part, whole) }
            return elements.contains { areEqual($0, part) }
        }
    }

    static func mismatch(_ sign: String, _ left: Value, _ right: Value) -> TemplateError {
        for case .undefined(let name) in [left, right] {
            return .failed("\(name) is undefined")
        }
        return .failed("'\(sign)' does not go with \(left.typeName) and \(right.typeName)")
    }

    // MARK: arithmetic

    static func binary(_ left: Value, _ sign: String, _ right: Value) throws(TemplateError) -> Value
    {
        switch (sign, left, right) {
        case ("+", .string(let a), .string(let b)): return .string(a + b)
        case ("+", .list(let a), .list(let b)):
            return .list(try limited(a.count + b.count) ?? a + b)
        case ("+", .tuple(let a), .tuple(let b)):
            return .tuple(try limited(a.count + b.count) ?? a + b)
        case ("*", _, _) where left.realNumber == nil || right.realNumber == nil:
            return try repeated(left, right)
        case ("%", .string(let format), _): return .string(try Format.percent(format, right))
        default: break
        }
        if let a = left.wholeNumber, let b = right.wholeNumber, sign != "/" {
            return try whole(a, sign, b)
        }
        guard let a = left.realNumber, let b = right.realNumber else {
            throw mismatch(sign, left, right)
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

    /// Nil, or an error where there would be too many elements.
    private static func limited(_ count: Int) throws(TemplateError) -> [Value]? {
        guard count <= Limits.templateElementCount else {
            throw .tooLarge("a list of more than \(Limits.templateElementCount) elements")
        }
        return nil
    }

    private static func repeated(_ left: Value, _ right: Value) throws(TemplateError) -> Value {
        let (value, count) = left.wholeNumber.map { (right, $0) } ?? (left, right.wholeNumber ?? -1)
        guard left.wholeNumber != nil || right.wholeNumber != nil else {
            throw mismatch("*", left, right)
        }
        let times = max(count, 0)
        switch value {
        case .string(let text):
            guard
                text.utf8.count.multipliedReportingOverflow(by: times).partialValue
                    <= Limits.templateOutputByteCount, times <= Limits.templateOutputByteCount
            else { throw .tooLarge("a text of more than \(Limits.templateOutputByteCount) bytes") }
            return .string(String(repeating: text, count: times))
        case .list(let all), .tuple(let all):
            guard times <= Limits.templateElementCount else {
                throw .tooLarge("a list of more than \(Limits.templateElementCount) elements")
            }
            _ = try limited(all.count * times)
            let repeated = Array(repeatElement(all, count: times).joined())
            if case .tuple = value { return .tuple(repeated) }
            return .list(repeated)
        default: throw mismatch("*", left, right)
        }
    }

    private static func whole(_ a: Int, _ sign: String, _ b: Int) throws(TemplateError) -> Value {
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

    private static func wholePower(_ base: Int, _ exponent: Int) throws(TemplateError) -> Int {
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
    private static func power(_ base: Double, _ exponent: Double) throws(TemplateError) -> Double {
        if exponent == 0.5, base >= 0 { return base.squareRoot() }
        guard exponent == exponent.rounded(), exponent.magnitude <= 1_024 else {
            throw .failed("'**' is not supported with an exponent of \(exponent)")
        }
        var result = 1.0
        for _ in 0..<Int(exponent.magnitude) { result *= base }
        return exponent < 0 ? 1 / result : result
    }
}
