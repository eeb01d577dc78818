import Checkpoints

/// What a template computes with: Python's values, as far as chats need them.
indirect enum Value {
    /// A name, member or item that is not there; it knows what was looked for.
    case undefined(String)
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list([Value])
    case tuple([Value])
    case mapping(Mapping)
    case namespace(Namespace)
    case callable(Callable)
    case loop(LoopState)

    init(_ json: JSONValue) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(Int(value))
        case .number(let value): self = .number(value)
        case .string(let text): self = .string(text)
        case .array(let all): self = .list(all.map { Value($0) })
        case .object(let object):
            var mapping = Mapping()
            for (key, value) in zip(object.keys, object.values) {
                mapping.set(.string(key), Value(value))
            }
            self = .mapping(mapping)
        }
    }

    /// Python's truth.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let all), .tuple(let all): !all.isEmpty
        case .mapping(let mapping): !mapping.keys.isEmpty
        case .namespace, .callable, .loop: true
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// What a loop goes over; nil where it can't.
    var elements: [Value]? {
        switch self {
        case .undefined: []
        case .list(let all), .tuple(let all): all
        case .mapping(let mapping): mapping.keys
        case .string(let text): text.unicodeScalars.map { .string(String($0)) }
        default: nil
        }
    }

    /// What it is, in Python's words, for messages.
    var typeName: String {
        switch self {
        case .undefined: "undefined"
        case .none: "None"
        case .bool: "bool"
        case .integer: "int"
        case .number: "float"
        case .string: "str"
        case .list: "list"
        case .tuple: "tuple"
        case .mapping: "dict"
        case .namespace: "namespace"
        case .callable: "function"
        case .loop: "loop"
        }
    }

    /// Whole numbers, truths among them.
    var wholeNumber: Int? {
        switch self {
        case .integer(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    var realNumber: Double? {
        if case .number(let value) = self { return value }
        return wholeNumber.map { Double($0) }
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }
}

/// A dictionary with its members in the order in which they came.
struct Mapping {
    private(set) var keys: [Value] = []
    private(set) var values: [Value] = []
    private var positions: [[UInt8]: Int] = [:]

    /// Python's idea of the same key: 1, 1.0 and True are one. Nil where a value can be no key.
    private static func identity(_ key: Value) -> [UInt8]? {
        switch key {
        case .string(let text): return [0] + Array(text.utf8)
        case .none: return [1]
        case .tuple(let all):
            var bytes: [UInt8] = [2]
            for element in all {
                guard let part = identity(element) else { return nil }
                bytes += Array("\(part.count):".utf8) + part
            }
            return bytes
        default:
            guard let number = key.realNumber else { return nil }
            return [3] + Array("\(number)".utf8)
        }
    }

    subscript(key: Value) -> Value? {
        Self.identity(key).flatMap { positions[$0] }.map { values[$0] }
    }

    /// Sets a member; false where the key can be none.
    @discardableResult
    mutating func set(_ key: Value, _ value: Value) -> Bool {
        guard let identity = Self.identity(key) else { return false }
        if let position = positions[identity] {
            values[position] = value
        } else {
            positions[identity] = keys.count
            keys.append(key)
            values.append(value)
        }
        return true
    }
}

/// The one thing that a template can change from inside of a loop.
final class Namespace {
    var members = Mapping()
}

/// Something that can be called.
final class Callable {
    enum Kind {
        case macro(Macro, Scope)
        case method(Value, String)
        case function(String)
        /// What a call block passes to its macro.
        case caller(Signature, [Statement], Scope)
    }

    let kind: Kind
    init(_ kind: Kind) { self.kind = kind }
}

/// The variable `loop`.
final class LoopState {
    let items: [Value]
    let loop: Loop
    let scope: Scope
    let depth: Int
    var index = 0
    /// What `changed` saw last.
    var seen: [Value]?

    init(items: [Value], loop: Loop, scope: Scope, depth: Int) {
        self.items = items
        self.loop = loop
        self.scope = scope
        self.depth = depth
    }
}

/// Names and their values; what is not here is looked for in the parent.
final class Scope {
    private var values: [String: Value] = [:]
    private let parent: Scope?

    init(parent: Scope?) { self.parent = parent }

    func set(_ name: String, _ value: Value) { values[name] = value }

    func value(_ name: String) -> Value? {
        var scope: Scope? = self
        while let here = scope {
            if let value = here.values[name] { return value }
            scope = here.parent
        }
        return nil
    }
}
