import Foundation

/// Something that no line may contain, and why. Compiled once.
struct Rule {
    private let expression: NSRegularExpression
    let reason: String

    /// Traps on a pattern that is none: patterns are written here.
    init(_ pattern: String, _ reason: String) {
        guard let expression = try? NSRegularExpression(pattern: pattern) else {
            fatalError("not a regular expression: \(pattern)")
        }
        self.expression = expression
        self.reason = reason
    }

    /// The first part of `text` that breaks the rule, or nil.
    func violation(in text: String) -> String? {
        let whole = NSRange(location: 0, length: text.utf16.count)
        guard let match = expression.firstMatch(in: text, range: whole),
            let range = Range(match.range, in: text)
        else { return nil }
        return text[range].trimmingCharacters(in: .whitespaces)
    }
}
