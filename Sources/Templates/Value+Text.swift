extension Value {
    /// Python's `str`.
    var shown: String {
        switch self {
        case .undefined: ""
        case .string(let text): text
        default: written
        }
    }

    /// Python's `repr`.
    var written: String {
        switch self {
        case .undefined: return "Undefined"
        case .none: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .integer(let value): return String(value)
        case .number(let value): return Self.written(value)
        case .string(let text): return Self.quoted(text)
        case .list(let all): return "[" + all.map(\.written).joined(separator: ", ") + "]"
        case .tuple(let all):
            let parts = all.map(\.written).joined(separator: ", ")
            return all.count == 1 ? "(\(parts),)" : "(\(parts))"
        case .mapping(let mapping):
            let members = zip(mapping.keys, mapping.values).map { $0.written + ": " + $1.written }
            return "{" + members.joined(separator: ", ") + "}"
        case .namespace(let namespace):
            return "<Namespace \(Value.mapping(namespace.members).written)>"
        case .callable: return "<function>"
        case .loop(let state): return "<LoopContext \(state.index + 1)/\(state.items.count)>"
        }
    }

    /// The shortest digits that give the number again, as Python writes them.
    static func written(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        let text = value.description
        // Swift's exponent begins at 2^53 or so and Python's at 1e16.
        guard let mark = text.firstIndex(of: "e"), value.magnitude >= 1,
            let exponent = Int(text[text.index(after: mark)...]), exponent < 16
        else { return exponentPadded(text) }
        var digits = text[..<mark].filter { $0 != "." && $0 != "-" }
        let missing = exponent + 1 - digits.count
        if missing >= 0 { digits += String(repeating: "0", count: missing) + ".0" }
        return (value < 0 ? "-" : "") + digits
    }

    /// Python's exponents have two digits at least.
    private static func exponentPadded(_ text: String) -> String {
        guard let mark = text.firstIndex(of: "e") else { return text }
        var mantissa = String(text[..<mark])
        if mantissa.hasSuffix(".0") { mantissa.removeLast(2) }
        let exponent = text[text.index(after: mark)...]
        let digits = exponent.drop { $0 == "-" || $0 == "+" }
        let sign = exponent.hasPrefix("-") ? "-" : "+"
        return mantissa + "e" + sign + (digits.count < 2 ? "0" : "") + digits
    }

    private static func quoted(_ text: String) -> String {
        let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = String.UnicodeScalarView()
        result.append(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", quote:
                result.append("\\")
                result.append(scalar)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            default:
                if isPrintable(scalar) {
                    result.append(scalar)
                } else {
                    result.append(contentsOf: escaped(scalar).unicodeScalars)
                }
            }
        }
        result.append(quote)
        return String(result)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == " " { return true }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator:
            return false
        default: return true
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        let (mark, width) =
            scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\" + mark + String(repeating: "0", count: width - digits.count) + digits
    }

    // MARK: JSON

    /// Python's `json.dumps`; nil where a value has no JSON.
    func json(_ style: JSONStyle, depth: Int = 0) -> String? {
        switch self {
        case .none: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .number(let value):
            if value.isNaN { return "NaN" }
            return value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : Self.written(value)
        case .string(let text): return style.quoted(text)
        case .list(let all), .tuple(let all):
            var parts: [String] = []
            for element in all {
                guard let part = element.json(style, depth: depth + 1) else { return nil }
                parts.append(part)
            }
            return style.bracketed(parts, "[", "]", depth: depth)
        case .mapping(let mapping):
            var members = Array(zip(mapping.keys, mapping.values))
            if style.sortsKeys {
                members.sort {
                    $0.0.shown.unicodeScalars.lexicographicallyPrecedes($1.0.shown.unicodeScalars)
                }
            }
            var parts: [String] = []
            for (key, value) in members {
                guard let name = key.jsonKey, let part = value.json(style, depth: depth + 1) else {
                    return nil
                }
                parts.append(style.quoted(name) + style.keySeparator + part)
            }
            return style.bracketed(parts, "{", "}", depth: depth)
        case .undefined, .namespace, .callable, .loop: return nil
        }
    }

    private var jsonKey: String? {
        switch self {
        case .string(let text): text
        case .none, .bool, .integer, .number: json(JSONStyle())
        default: nil
        }
    }
}

/// How `json.dumps` lays out.
struct JSONStyle {
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false
    var isASCII = false

    func bracketed(_ parts: [String], _ open: String, _ close: String, depth: Int) -> String {
        guard let indent, !parts.isEmpty else {
            return open + parts.joined(separator: itemSeparator) + close
        }
        let inner = "\n" + String(repeating: indent, count: depth + 1)
        let outer = "\n" + String(repeating: indent, count: depth)
        return open + inner + parts.joined(separator: itemSeparator + inner) + outer + close
    }

    func quoted(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        result.append("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                result.append("\\")
                result.append(scalar)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case "\u{8}": result.append(contentsOf: "\\b".unicodeScalars)
            case "\u{C}": result.append(contentsOf: "\\f".unicodeScalars)
            default:
                if scalar.value < 0x20 || isASCII && scalar.value > 0x7E {
                    for unit in UTF16.encode(scalar).map({ Array($0) }) ?? [] {
                        let digits = String(unit, radix: 16)
                        let zeros = String(repeating: "0", count: 4 - digits.count)
                        result.append(contentsOf: ("\\u" + zeros + digits).unicodeScalars)
                    }
                } else {
                    result.append(scalar)
                }
            }
        }
        result.append("\"")
        return String(result)
    }
}
