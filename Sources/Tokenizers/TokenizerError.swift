/// Why a tokenizer could not be made.
public enum TokenizerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A part of the description that is absent or wrong: where, what was expected, what was found.
    case invalid(place: String, expected: String, found: String)
    /// A kind of tokenizer, or a step of one, that is not known here, with those that are.
    case unsupported(what: String, found: String, supported: [String])

    public var description: String {
        switch self {
        case .invalid(let place, let expected, let found):
            "Tokenizer, \(place): expected \(expected), found \(found)."
        case .unsupported(let what, let found, let supported):
            "Tokenizer: the \(what) '\(found)' is not supported; supported: "
                + supported.joined(separator: ", ") + "."
        }
    }
}
