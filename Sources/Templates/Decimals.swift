/// Decimal digits of Float64, rounded exactly, half to even, as C's printf does.
enum Decimals {
    /// What its digits cost, in steps: there is one multiplication of all of them for each power of
    /// two.
    static func cost(_ value: Double) -> Int {
        value.isFinite && value != 0 ? Int(value.exponent.magnitude) : 1
    }

    /// A number that is not negative, by one of the types f, e, g and %.
    static func text(_ value: Double, _ layout: Format.Layout) throws(TemplateError) -> String {
        if !value.isFinite { return value.isNaN ? "nan" : "inf" }
        let precision = layout.precision ?? 6
        switch layout.type {
        case "f", "F": return fixed(value, precision)
        case "%":
            let percent = value * 100
            return (percent.isFinite ? fixed(percent, precision) : "inf") + "%"
        case "e", "E":
            let text = scientific(value, precision)
            return layout.type == "E" ? Text.upper(text) : text
        default:
            let digits = max(precision, 1)
            let text = scientific(value, digits - 1)
            let exponent =
                Int(text[text.index(after: text.firstIndex(of: "e") ?? text.startIndex)...]) ?? 0
            let isShort = exponent < -4 || exponent >= digits
            let whole = isShort ? text : fixed(value, digits - 1 - exponent)
            let result = layout.isAlternate ? whole : withoutZeros(whole)
            return layout.type == "G" ? Text.upper(result) : result
        }
    }

    private static func withoutZeros(_ text: String) -> String {
        guard text.contains(".") else { return text }
        let mark = text.firstIndex(of: "e") ?? text.endIndex
        var mantissa = text[..<mark]
        while mantissa.last == "0" { mantissa.removeLast() }
        if mantissa.last == "." { mantissa.removeLast() }
        return String(mantissa + text[mark...])
    }

    /// Digits before and behind the point.
    static func fixed(_ value: Double, _ count: Int) -> String {
        let digits = rounded(value, count)
        let padded = String(repeating: "0", count: max(count + 1 - digits.count, 0)) + digits
        return count == 0 ? padded : String(padded.dropLast(count) + "." + padded.suffix(count))
    }

    private static func scientific(_ value: Double, _ count: Int) -> String {
        var exponent = 0
        if value > 0 {
            let whole = BigDigits(value)
            exponent = whole.digits.count - 1 - whole.fractionCount
        }
        var digits =
            value == 0 ? String(repeating: "0", count: count + 1) : rounded(value, count - exponent)
        if digits.count > count + 1 {
            exponent += 1
            digits.removeLast()
        }
        let mantissa = count == 0 ? digits : String(digits.prefix(1) + "." + digits.dropFirst())
        let size = String(exponent.magnitude)
        return mantissa + "e" + (exponent < 0 ? "-" : "+") + (size.count < 2 ? "0" : "") + size
    }

    /// The digits of value x 10^count, rounded to a whole number.
    private static func rounded(_ value: Double, _ count: Int) -> String {
        let exact = BigDigits(value)
        let cut = exact.fractionCount - count
        guard cut > 0 else {
            return trimmed(exact.digits + Array(repeating: 0, count: -cut))
        }
        guard cut <= exact.digits.count else { return "0" }
        var kept = Array(exact.digits.dropLast(cut))
        let rest = exact.digits.suffix(cut)
        let first = rest.first ?? 0
        let isMore = first > 5 || first == 5 && rest.dropFirst().contains { $0 != 0 }
        let isHalf = first == 5 && !isMore
        if isMore || isHalf && (kept.last ?? 0) % 2 == 1 {
            var place = kept.count - 1
            while place >= 0, kept[place] == 9 {
                kept[place] = 0
                place -= 1
            }
            if place >= 0 { kept[place] += 1 } else { kept.insert(1, at: 0) }
        }
        return trimmed(kept)
    }

    private static func trimmed(_ digits: [UInt8]) -> String {
        let kept = digits.drop { $0 == 0 }
        return kept.isEmpty ? "0" : String(decoding: kept.map { $0 + 48 }, as: UTF8.self)
    }
}

/// All decimal digits of a Float64: every one is a finite decimal.
private struct BigDigits {
    /// Without leading zeros; the last `fractionCount` stand behind the point.
    private(set) var digits: [UInt8]
    private(set) var fractionCount = 0

    init(_ value: Double) {
        let significand = value.significandBitPattern | (value.isNormal ? 1 << 52 : 0)
        let exponent = Int(max(value.exponentBitPattern, 1)) - 1_075
        digits = String(significand).utf8.map { $0 - 48 }
        // Each halving adds a digit: x / 2 = x * 5 / 10.
        for _ in 0..<abs(exponent) { multiply(by: exponent < 0 ? 5 : 2) }
        fractionCount = max(-exponent, 0)
        let zeros = digits.prefix { $0 == 0 }.count
        digits.removeFirst(min(zeros, digits.count))
    }

    private mutating func multiply(by factor: UInt8) {
        var carry: UInt8 = 0
        for place in digits.indices.reversed() {
            let product = digits[place] * factor + carry
            digits[place] = product % 10
            carry = product / 10
        }
        if carry > 0 { digits.insert(carry, at: 0) }
    }
}
