/// Why a template could not be read or rendered.
public enum TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is no template that is known here: the line, counted from 1, and what is wrong.
    case syntax(line: Int, String)
    /// Something in it can't be done with the values that it got.
    case failed(String)
    /// The template itself said no (`raise_exception`).
    case raised(String)
    /// It takes more steps, output or depth than a chat may take.
    case tooLarge(String)

    public var description: String {
        switch self {
        case .syntax(let line, let text): "The chat template, line \(line): \(text)."
        case .failed(let text): "The chat template can't be rendered: \(text)."
        case .raised(let text): "The chat template refuses these messages: \(text)"
        case .tooLarge(let text): "The chat template takes too much: \(text)."
        }
    }
}
