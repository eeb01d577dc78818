/// An expression of a template.
indirect enum Expression: Sendable {
    case string(String)
    case integer(Int)
    case number(Double)
    case bool(Bool)
    case none
    case name(String)
    case list([Expression])
    case tuple([Expression])
    case mapping([(key: Expression, value: Expression)])
    case attribute(Expression, String)
    case item(Expression, Expression)
    case slice(Expression, from: Expression?, to: Expression?, by: Expression?)
    case call(Expression, Arguments)
    case filter(Expression, String, Arguments)
    case test(Expression, String, Arguments)
    case not(Expression)
    case minus(Expression)
    case plus(Expression)
    case and(Expression, Expression)
    case or(Expression, Expression)
    case binary(Expression, String, Expression)
    case concatenation([Expression])
    /// The first operand, then operators with their right sides.
    case comparison(Expression, [(sign: String, right: Expression)])
    case choice(condition: Expression, Expression, otherwise: Expression?)
}

/// What stands between the parentheses of a call.
struct Arguments: Sendable {
    var positional: [Expression] = []
    var named: [(name: String, value: Expression)] = []
    /// Behind `*` and `**`.
    var spread: Expression?
    var namedSpread: Expression?
}

/// What is assigned to.
indirect enum Target: Sendable {
    case name(String)
    case tuple([Target])
    /// A member of a namespace.
    case member(String, String)
}

struct FilterCall: Sendable {
    var name: String
    var arguments: Arguments
}

/// Parameters of a macro or of what a call block passes.
struct Signature: Sendable {
    var names: [String] = []
    /// Of the last parameters.
    var defaults: [Expression] = []
}

struct Loop: Sendable {
    var target: Target
    var items: Expression
    var condition: Expression?
    var isRecursive: Bool
    var body: [Statement]
    var otherwise: [Statement]
}

struct Macro: Sendable {
    var name: String
    var signature: Signature
    var body: [Statement]
}

indirect enum Statement: Sendable {
    case text(String)
    case output(Expression)
    case choice([(condition: Expression, body: [Statement])], otherwise: [Statement])
    case loop(Loop)
    case assign(Target, Expression)
    case assignBlock(Target, [FilterCall], [Statement])
    case macro(Macro)
    case callBlock(Signature, Expression, [Statement])
    case filterBlock([FilterCall], [Statement])
    case with([(target: Target, value: Expression)], [Statement])
    /// A body with names of its own: `generation`, `block`, `autoescape`.
    case scope([Statement])
    case breakLoop
    case continueLoop
}
