import Primitives

/// Reads a template's tokens by the grammar of Jinja's parser.
struct TemplateParser {
    let tokens: [Token]
    var index = 0
    private var depth = 0
    var loopDepth = 0
    /// Links of chains in the tag that is being read.
    var linkCount = 0

    init(tokens: [Token]) { self.tokens = tokens }

    mutating func template() throws(TemplateError) -> [Statement] {
        let body = try statements(until: [])
        guard current == .end else { throw wrong("a block ends that was not begun") }
        return body
    }

    var current: Token.Kind { tokens[index].kind }
    var next: Token.Kind { index + 1 < tokens.count ? tokens[index + 1].kind : .end }

    func wrong(_ text: String) -> TemplateError { .syntax(line: tokens[index].line, text) }

    mutating func advance() { if index + 1 < tokens.count { index += 1 } }

    mutating func skip(_ kind: Token.Kind) -> Bool {
        guard current == kind else { return false }
        advance()
        return true
    }

    mutating func skip(sign: String) -> Bool { skip(.sign(sign)) }
    mutating func skip(word: String) -> Bool { skip(.name(word)) }

    mutating func expect(_ kind: Token.Kind) throws(TemplateError) {
        guard skip(kind) else { throw wrong("expected \(Self.text(kind)), not \(found)") }
    }

    mutating func expect(sign: String) throws(TemplateError) { try expect(.sign(sign)) }

    mutating func name() throws(TemplateError) -> String {
        guard case .name(let name) = current else { throw wrong("expected a name, not \(found)") }
        advance()
        return name
    }

    var found: String { Self.text(current) }

    private static func text(_ kind: Token.Kind) -> String {
        switch kind {
        case .data: "text"
        case .variableBegin: "'{{'"
        case .variableEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .name(let name): "'\(name)'"
        case .string: "a string"
        case .integer, .number: "a number"
        case .sign(let sign): "'\(sign)'"
        case .end: "the end"
        }
    }

    /// Nesting has a limit, so that no text exhausts the stack.
    mutating func nested<Result>(
        _ body: (inout TemplateParser) throws(TemplateError) -> Result
    ) throws(TemplateError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.templateDepth else {
            throw .tooLarge("more than \(Limits.templateDepth) levels of nesting")
        }
        return try body(&self)
    }

    /// A chain is as deep as it is long, so it has a limit.
    mutating func link() throws(TemplateError) {
        linkCount += 1
        guard linkCount <= Limits.templateLinkCount else {
            throw .tooLarge("more than \(Limits.templateLinkCount) operators in one tag")
        }
    }
}
