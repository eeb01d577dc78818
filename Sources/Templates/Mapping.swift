/// A dictionary with its members in the order in which they came.
struct Mapping {
    private(set) var keys: [Value] = []
    private(set) var values: [Value] = []
    private var positions: [Key: Int] = [:]
    /// One more than that of the deepest key or value that it has had.
    private(set) var depth = 1

    subscript(key: Key) -> Value? { positions[key].map { values[$0] } }
    subscript(name: String) -> Value? { self[Key(name)] }

    mutating func set(_ name: String, _ value: Value) throws(TemplateError) {
        try set(Key(name), .string(name), value)
    }

    /// `key` is the identity of `shown`.
    mutating func set(_ key: Key, _ shown: Value, _ value: Value) throws(TemplateError) {
        depth = max(depth, 1 + shown.depth, 1 + value.depth)
        try Ledger.check(depth: depth)
        if let position = positions[key] {
            values[position] = value
        } else {
            positions[key] = keys.count
            keys.append(shown)
            values.append(value)
        }
    }

    /// Pairs of a key and its value.
    func pairs() throws(TemplateError) -> [Value] {
        var pairs: [Value] = []
        for (key, value) in zip(keys, values) { pairs.append(try .tuple(of: [key, value])) }
        return pairs
    }
}

/// Python's idea of the same key: 1, 1.0 and True are one.
struct Key: Hashable {
    private var bytes: [UInt8] = []

    init(_ name: String) { append(name) }

    /// Nil where a value can be no key.
    init?(_ value: Value, _ ledger: Ledger) throws(TemplateError) {
        guard try append(value, ledger) else { return nil }
    }

    private mutating func append(_ text: String) {
        bytes += "s\(text.utf8.count):".utf8
        bytes += text.utf8
    }

    private mutating func append(_ value: Value, _ ledger: Ledger) throws(TemplateError) -> Bool {
        try ledger.charge()
        try ledger.charge(for: value)
        switch value {
        case .string(let text): append(text)
        case .none: bytes += "-".utf8
        case .tuple(let items):
            bytes += "t\(items.all.count):".utf8
            for element in items.all {
                guard try append(element, ledger) else { return false }
                try Ledger.check(byteCount: bytes.count)
            }
        default:
            guard let number = value.realNumber else { return false }
            bytes += "n\(number);".utf8
        }
        return true
    }
}
