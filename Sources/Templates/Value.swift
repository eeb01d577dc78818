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
    case list(Elements)
    case tuple(Elements)
    case mapping(Mapping)
    case namespace(Namespace)
    case callable(Callable)
    case loop(LoopState)

    init(_ json: JSONValue) throws(TemplateError) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(Int(value))
        case .number(let value): self = .number(value)
        case .string(let text): self = .string(text)
        case .array(let all):
            var values: [Value] = []
            for element in all { values.append(try Value(element)) }
            self = try .list(of: values)
        case .object(let object):
            var mapping = Mapping()
            for (key, value) in zip(object.keys, object.values) {
                try mapping.set(key, Value(value))
            }
            self = .mapping(mapping)
        }
    }

    static func list(of all: [Value]) throws(TemplateError) -> Value { .list(try Elements(all)) }

    static func tuple(of all: [Value]) throws(TemplateError) -> Value { .tuple(try Elements(all)) }

    static func texts(_ all: [String]) throws(TemplateError) -> Value {
        try .list(of: all.map { .string($0) })
    }

    /// Python's truth.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let items), .tuple(let items): !items.all.isEmpty
        case .mapping(let mapping): !mapping.keys.isEmpty
        case .namespace, .callable, .loop: true
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// Values inside of each other: 0 for one that holds none. Objects that others can change count
    /// as none; the ledger empties them.
    var depth: Int {
        switch self {
        case .list(let items), .tuple(let items): items.depth
        case .mapping(let mapping): mapping.depth
        case .callable(let callable): callable.depth
        default: 0
        }
    }

    /// Whether a loop can go over it.
    var isIterable: Bool {
        switch self {
        case .undefined, .list, .tuple, .mapping, .string: true
        default: false
        }
    }

    /// What a loop goes over; nil where it can't. A text pays for its characters.
    func elements(_ ledger: Ledger) throws(TemplateError) -> [Value]? {
        switch self {
        case .undefined: return []
        case .list(let items), .tuple(let items): return items.all
        case .mapping(let mapping): return mapping.keys
        case .string(let text):
            let count = try count(ledger) ?? 0
            try Ledger.check(elementCount: count)
            try ledger.charge(count / 8)
            return text.unicodeScalars.map { .string(String($0)) }
        default: return nil
        }
    }

    /// How many a loop would go over.
    func count(_ ledger: Ledger) throws(TemplateError) -> Int? {
        switch self {
        case .undefined: return 0
        case .list(let items), .tuple(let items): return items.all.count
        case .mapping(let mapping): return mapping.keys.count
        case .string(let text):
            try ledger.charge(for: self)
            return text.unicodeScalars.count
        default: return nil
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

/// Values in order.
struct Elements {
    let all: [Value]
    /// One more than that of the deepest.
    let depth: Int

    init(_ all: [Value]) throws(TemplateError) {
        depth = 1 + all.reduce(0) { max($0, $1.depth) }
        try Ledger.check(depth: depth)
        self.all = all
    }
}

/// The one thing that a template can change from inside of a loop.
final class Namespace {
    var members: Mapping

    init(members: Mapping) { self.members = members }

    func empty() { members = Mapping() }
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
    /// One more than that of a method's value.
    let depth: Int

    init(_ kind: Kind) throws(TemplateError) {
        self.kind = kind
        if case .method(let receiver, _) = kind { depth = receiver.depth + 1 } else { depth = 0 }
        try Ledger.check(depth: depth)
    }
}

/// The variable `loop`.
final class LoopState {
    private(set) var items: [Value]
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

    func empty() { (items, seen) = ([], nil) }
}

/// Names and their values; what is not here is looked for in the parent.
final class Scope {
    private var values: [String: Value] = [:]
    private let parent: Scope?
    private let depth: Int

    init(parent: Scope?) throws(TemplateError) {
        self.parent = parent
        depth = (parent?.depth ?? 0) + 1
        try Ledger.check(depth: depth)
    }

    func empty() { values = [:] }

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
