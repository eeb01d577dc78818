extension Value {
    /// Python's `str`; what is not a text pays for the one that it becomes.
    func shown(_ ledger: Ledger) throws(TemplateError) -> String {
        switch self {
        case .undefined: ""
        case .string(let text): text
        default: try written(ledger)
        }
    }

    /// Python's `repr`.
    func written(_ ledger: Ledger) throws(TemplateError) -> String {
        var writer = TextWriter()
        try write(into: &writer, depth: 0)
        try ledger.charge(for: .string(writer.text))
        return writer.text
    }

    /// What it is, for messages and the names of what is not there.
    var brief: String {
        switch self {
        case .bool, .integer, .number: plain ?? ""
        case .string(let text): "'" + Text.string(text.unicodeScalars.prefix(80)) + "'"
        default: typeName
        }
    }

    /// `repr` of what holds no other value.
    private var plain: String? {
        switch self {
        case .undefined: "Undefined"
        case .none: "None"
        case .bool(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .number(let value): Self.written(value)
        case .callable: "<function>"
        case .loop(let state): "<LoopContext \(state.index + 1)/\(state.items.count)>"
        case .string, .list, .tuple, .mapping, .namespace: nil
        }
    }

    /// A namespace may hold itself, so that depth has its limit here, too.
    private func write(into writer: inout TextWriter, depth: Int) throws(TemplateError) {
        try Ledger.check(depth: depth)
        switch self {
        case .string(let text): try Self.quote(text, into: &writer)
        case .list(let items): try Self.write(items.all, "[", "]", into: &writer, depth)
        case .tuple(let items):
            let end = items.all.count == 1 ? ",)" : ")"
            try Self.write(items.all, "(", end, into: &writer, depth)
        case .mapping(let mapping):
            try writer.write("{")
            for (place, (key, value)) in zip(mapping.keys, mapping.values).enumerated() {
                if place > 0 { try writer.write(", ") }
                try key.write(into: &writer, depth: depth + 1)
                try writer.write(": ")
                try value.write(into: &writer, depth: depth + 1)
            }
            try writer.write("}")
        case .namespace(let namespace):
            try writer.write("<Namespace ")
            try Value.mapping(namespace.members).write(into: &writer, depth: depth + 1)
            try writer.write(">")
        default: try writer.write(plain ?? "")
        }
    }

    private static func write(
        _ all: [Value], _ open: String, _ close: String, into writer: inout TextWriter, _ depth: Int
    ) throws(TemplateError) {
        try writer.write(open)
        for (place, element) in all.enumerated() {
            if place > 0 { try writer.write(", ") }
            try element.write(into: &writer, depth: depth + 1)
        }
        try writer.write(close)
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

    private static func quote(_ text: String, into writer: inout TextWriter) throws(TemplateError) {
        let bytes = text.utf8
        let isDouble = bytes.contains(UInt8(ascii: "'")) && !bytes.contains(UInt8(ascii: "\""))
        let quote: Unicode.Scalar = isDouble ? "\"" : "'"
        try writer.write(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", quote:
                try writer.write("\\")
                try writer.write(scalar)
            case "\n": try writer.write("\\n")
            case "\r": try writer.write("\\r")
            case "\t": try writer.write("\\t")
            case _ where isPrintable(scalar): try writer.write(scalar)
            default: try writer.write(escaped(scalar))
            }
        }
        try writer.write(quote)
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
}
