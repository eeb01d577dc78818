/// Why a model's files could not be read. Every case names the file, the place in it, what was
/// expected there and what was found.
public enum CheckpointError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Bytes that break the format; `offset` counts from the file's first byte.
    case malformed(file: String, offset: Int, expected: String, found: String)
    /// A metadata key or a configuration field that is absent or has a value of no use.
    case metadata(file: String, key: String, expected: String, found: String)
    /// A tensor that is absent, has another shape, or cannot be converted.
    case tensor(file: String, name: String, expected: String, found: String)
    /// Something well-formed that this program cannot run, with what it can.
    case unsupported(file: String, what: String, found: String, supported: [String])
    /// A file that the others refer to, or that every model of the format has.
    case missingFile(name: String, wantedBy: String)

    public var description: String {
        switch self {
        case .malformed(let file, let offset, let expected, let found):
            "\(file), byte \(offset): expected \(expected), found \(found)."
        case .metadata(let file, let key, let expected, let found):
            "\(file), key '\(key)': expected \(expected), found \(found)."
        case .tensor(let file, let name, let expected, let found):
            "\(file), tensor '\(name)': expected \(expected), found \(found)."
        case .unsupported(let file, let what, let found, let supported):
            "\(file): the \(what) '\(found)' is not supported; supported: "
                + supported.joined(separator: ", ") + "."
        case .missingFile(let name, let wantedBy):
            "The file '\(name)' is missing, which \(wantedBy) needs."
        }
    }
}
