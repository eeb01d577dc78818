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
        switch value {
        case .string(let text): return try textMethod(name, text, given, run)
        case .mapping(let mapping): return try mappingMethod(name, mapping, given)
        case .list(let all), .tuple(let all):
            guard name != "copy" else { return value }
            guard let wanted = given.positional.first else {
                throw .failed("\(name) needs a value")
            }
            if name == "count" { return .integer(all.count { Operators.areEqual($0, wanted) }) }
            guard let place = all.firstIndex(where: { Operators.areEqual($0, wanted) }) else {
                throw .failed("\(wanted.written) is not in the list")
            }
            return .integer(place)
        case .loop(let state):
            if name == "cycle" {
                guard !given.positional.isEmpty else { throw .failed("cycle needs values") }
                return given.positional[state.index % given.positional.count]
            }
            let isChanged =
                !(state.seen.map {
                    Operators.areEqual(.list($0), .list(given.positional))
                } ?? false)
            state.seen = given.positional
            return .bool(isChanged)
        default: throw .failed("\(value.typeName) has no method '\(name)'")
        }
    }

    private static func mappingMethod(
        _ name: String, _ mapping: Mapping, _ given: Given
    ) throws(TemplateError) -> Value {
        switch name {
        case "get":
            guard let key = given.positional.first else { throw .failed("get needs a key") }
            return mapping[key] ?? given.value("default", 1) ?? .none
        case "items": return .list(zip(mapping.keys, mapping.values).map { .tuple([$0, $1]) })
        case "keys": return .list(mapping.keys)
        case "values": return .list(mapping.values)
        default: return .mapping(mapping)
        }
    }
}
