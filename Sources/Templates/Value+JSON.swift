extension Value {
    /// Python's `json.dumps`. Throws where a value has no JSON.
    func json(_ style: JSONStyle, _ ledger: Ledger) throws(TemplateError) -> String {
        var writer = TextWriter()
        try write(style, into: &writer, depth: 0, ledger)
        return writer.text
    }

    private func write(
        _ style: JSONStyle, into writer: inout TextWriter, depth: Int, _ ledger: Ledger
    ) throws(TemplateError) {
        switch self {
        case .none, .bool, .integer, .number: try writer.write(jsonWord)
        case .string(let text): try style.quote(text, into: &writer)
        case .list(let items), .tuple(let items):
            try writer.write("[")
            for (place, element) in items.all.enumerated() {
                try style.begin(place, depth: depth, into: &writer)
                try element.write(style, into: &writer, depth: depth + 1, ledger)
            }
            try style.end("]", after: items.all.count, depth: depth, into: &writer)
        case .mapping(let mapping):
            var members: [(name: String, shown: String, value: Value)] = []
            for (key, value) in zip(mapping.keys, mapping.values) {
                guard let name = key.jsonKey else { throw key.noJSON }
                members.append((name, try key.shown(ledger), value))
            }
            if style.sortsKeys {
                members.sort {
                    $0.shown.unicodeScalars.lexicographicallyPrecedes($1.shown.unicodeScalars)
                }
            }
            try writer.write("{")
            for (place, member) in members.enumerated() {
                try style.begin(place, depth: depth, into: &writer)
                try style.quote(member.name, into: &writer)
                try writer.write(style.keySeparator)
                try member.value.write(style, into: &writer, depth: depth + 1, ledger)
            }
            try style.end("}", after: members.count, depth: depth, into: &writer)
        case .undefined, .namespace, .callable, .loop: throw noJSON
        }
    }

    private var noJSON: TemplateError { .failed("\(typeName) has no JSON") }

    private var jsonWord: String {
        switch self {
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .number(let value):
            if value.isNaN { return "NaN" }
            return value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : Self.written(value)
        default: return "null"
        }
    }

    private var jsonKey: String? {
        switch self {
        case .string(let text): text
        case .none, .bool, .integer, .number: jsonWord
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

    /// What stands before the element in this place.
    func begin(_ place: Int, depth: Int, into writer: inout TextWriter) throws(TemplateError) {
        if place > 0 { try writer.write(itemSeparator) }
        try breakLine(depth + 1, into: &writer)
    }

    func end(
        _ bracket: String, after count: Int, depth: Int, into writer: inout TextWriter
    ) throws(TemplateError) {
        if count > 0 { try breakLine(depth, into: &writer) }
        try writer.write(bracket)
    }

    private func breakLine(_ depth: Int, into writer: inout TextWriter) throws(TemplateError) {
        guard let indent else { return }
        try writer.write("\n")
        for _ in 0..<depth { try writer.write(indent) }
    }

    func quote(_ text: String, into writer: inout TextWriter) throws(TemplateError) {
        try writer.write("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                try writer.write("\\")
                try writer.write(scalar)
            case "\n": try writer.write("\\n")
            case "\r": try writer.write("\\r")
            case "\t": try writer.write("\\t")
            case "\u{8}": try writer.write("\\b")
            case "\u{C}": try writer.write("\\f")
            default:
                guard scalar.value < 0x20 || isASCII && scalar.value > 0x7E else {
                    try writer.write(scalar)
                    continue
                }
                for unit in UTF16.encode(scalar).map({ Array($0) }) ?? [] {
                    let digits = String(unit, radix: 16)
                    try writer.write(
                        "\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
                }
            }
        }
        try writer.write("\"")
    }
}
