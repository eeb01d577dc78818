/// A JSON document (RFC 8259), with the order of its members kept.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    public subscript(key: String) -> JSONValue? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var array: [JSONValue]? { if case .array(let all) = self { all } else { nil } }
    public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    public var integer: Int? {
        switch self {
        case .integer(let value): Int(value)
        case .number(let value): wholeNumber(value)
        default: nil
        }
    }

    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// What it is, for messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "the integer \(value)"
        case .number(let value): "the number \(value)"
        case .string(let text): "the string '\(text.prefix(80))'"
        case .array(let all): "an array of \(all.count) values"
        case .object(let object): "an object of \(object.keys.count) members"
        }
    }
}

/// A JSON object: members in the order in which they were written, no name twice.
public struct JSONObject: Hashable, Sendable {
    public private(set) var keys: [String] = []
    public private(set) var values: [JSONValue] = []
    // By bytes: Swift's strings are equal where Unicode calls them equivalent, and two pieces of a
    // vocabulary may be.
    private var positions: [[UInt8]: Int] = [:]

    public init() {}

    public subscript(key: String) -> JSONValue? { positions[Array(key.utf8)].map { values[$0] } }

    /// Adds a member; false where the name is taken, and then nothing changed.
    @discardableResult
    public mutating func add(_ value: JSONValue, for key: String) -> Bool {
        let bytes = Array(key.utf8)
        guard positions[bytes] == nil else { return false }
        positions[bytes] = keys.count
        keys.append(key)
        values.append(value)
        return true
    }
}

/// The integer with this value, or nil. Not `Int(exactly:)`, which in debug builds needs libm.
func wholeNumber(_ value: Double) -> Int? {
    guard value.magnitude < 0x1p63 else { return nil }
    let integer = Int(value)
    return Double(integer) == value ? integer : nil
}
