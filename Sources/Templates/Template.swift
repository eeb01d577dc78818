public import Checkpoints
import Primitives

/// A chat template in Jinja, read once and rendered many times.
///
/// The language is Jinja 3's as transformers sets it up: `trim_blocks` and `lstrip_blocks`, an
/// immutable sandbox, loop controls, `tojson` without HTML escapes, `raise_exception`,
/// `strftime_now` and `{% generation %}`. What belongs to web pages and files (inheritance,
/// includes, imports, markup) is left out and named in the error.
public struct Template: Sendable {
    let body: [Statement]

    /// Throws `.syntax` with the line where the text breaks the language.
    public init(_ source: String) throws(TemplateError) {
        guard source.utf8.count <= Limits.chatTemplateByteCount else {
            throw .tooLarge("more than \(Limits.chatTemplateByteCount) bytes of text")
        }
        var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: source))
        body = try parser.template()
    }

    /// The text that the template makes of these variables.
    ///
    /// - `secondsSince1970`: what `strftime_now` says, in UTC; without it the template has no such
    ///   function.
    public func render(
        _ variables: JSONObject, secondsSince1970: Int? = nil
    ) throws(TemplateError) -> String {
        var run = TemplateRun(secondsSince1970: secondsSince1970)
        let scope = try run.ledger.scope(in: nil)
        for (name, value) in zip(variables.keys, variables.values) {
            scope.set(name, try Value(value))
        }
        var output = ""
        _ = try run.run(body, scope, into: &output)
        return output
    }
}
