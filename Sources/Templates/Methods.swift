/// Methods of Python's values that change nothing.
enum Methods {
    private static let ofTexts = [
        "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith",
        "replace", "upper", "lower", "title", "capitalize", "swapcase", "casefold", "join", "find",
        "rfind", "index", "rindex", "count", "format", "isdigit", "isdecimal", "isnumeric",
        "isalpha",
        "isalnum", "isspace", "islower", "isupper", "isascii", "zfill", "center", "ljust", "rjust",
        "partition", "rpartition", "removeprefix", "removesuffix", "expandtabs",
    ]
    private static let ofMappings = ["get", "items", "keys", "values", "copy"]
    private static let ofLists = ["index", "count", "copy"]
    /// They exist in Python and are refused in the sandbox.
    private static let changing = [
        "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault",
        "sort", "update",
    ]

    static func names(of value: Value) -> [String] {
        switch value {
        case .string: ofTexts
        case .mapping: ofMappings + ["clear", "pop", "popitem", "setdefault", "update"]
        case .list:
            ofLists + ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"]
        case .tuple: ["index", "count"]
        default: []
        }
    }

    static func call(
        _ name: String, on value: Value, _ given: Given, _ run: TemplateRun
    ) throws(TemplateError) -> Value {
        guard !changing.contains(name) else {
            throw .failed("'\(name)' would change \(value.typeName), which templates may not")
        }
        let operators = Operators(run.ledger)
        switch value {
        case .string(let text): return try textMethod(name, text, given, run)
        case .mapping(let mapping): return try mappingMethod(name, mapping, given, run.ledger)
        case .list(let items), .tuple(let items):
            guard name != "copy" else { return value }
            guard let wanted = given.positional.first else {
                throw .failed("\(name) needs a value")
            }
            if name == "count" {
                var count = 0
                for element in items.all where try operators.areEqual(element, wanted) {
                    count += 1
                }
                return .integer(count)
            }
            guard let place = try operators.place(of: wanted, in: items.all) else {
                throw .failed("\(wanted.brief) is not in the list")
            }
            return .integer(place)
        case .loop(let state):
            if name == "cycle" {
                guard !given.positional.isEmpty else { throw .failed("cycle needs values") }
                return given.positional[state.index % given.positional.count]
            }
            let isSame = try state.seen.map { seen throws(TemplateError) in
                try operators.areEqual(seen, given.positional)
            }
            state.seen = given.positional
            return .bool(isSame != true)
        default: throw .failed("\(value.typeName) has no method '\(name)'")
        }
    }

    private static func mappingMethod(
        _ name: String, _ mapping: Mapping, _ given: Given, _ ledger: Ledger
    ) throws(TemplateError) -> Value {
        switch name {
        case "get":
            guard let wanted = given.positional.first else { throw .failed("get needs a key") }
            if let key = try Key(wanted, ledger), let value = mapping[key] { return value }
            return given.value("default", 1) ?? .none
        case "items": return try .list(of: mapping.pairs())
        case "keys": return try .list(of: mapping.keys)
        case "values": return try .list(of: mapping.values)
        default: return .mapping(mapping)
        }
    }
}
