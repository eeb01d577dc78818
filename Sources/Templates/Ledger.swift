import Primitives

/// What one rendering has taken, and the objects that it made.
///
/// Scopes, loops and namespaces can hold each other, in circles and in chains of any length. At the
/// rendering's end they are emptied one by one: no circle stays, and no chain is freed link by link
/// on the stack.
final class Ledger {
    private var stepCount = 0
    private var scopes: [Scope] = []
    private var loops: [LoopState] = []
    private var namespaces: [Namespace] = []

    deinit {
        for scope in scopes { scope.empty() }
        for loop in loops { loop.empty() }
        for namespace in namespaces { namespace.empty() }
    }

    // MARK: limits

    /// Counts work; `count` is about one for each value that is touched.
    func charge(_ count: Int = 1) throws(TemplateError) {
        stepCount += count
        guard stepCount <= Limits.templateStepCount else {
            throw .tooLarge("more than \(Limits.templateStepCount) steps")
        }
    }

    /// Pays for a text or a list that is made or looked through: texts grow by repeating and
    /// joining, so each step pays for its length.
    func charge(for value: Value) throws(TemplateError) {
        switch value {
        case .string(let text):
            try Self.check(byteCount: text.utf8.count)
            try charge(text.utf8.count / 64)
        case .list(let items), .tuple(let items): try charge(items.all.count / 8)
        default: break
        }
    }

    /// Whether a text of so many bytes may be made, asked before it is.
    static func check(byteCount: Int) throws(TemplateError) {
        guard byteCount <= Limits.templateOutputByteCount else {
            throw .tooLarge("a text of more than \(Limits.templateOutputByteCount) bytes")
        }
    }

    /// Whether a list of so many elements may be made, asked before it is.
    static func check(elementCount: Int) throws(TemplateError) {
        guard elementCount <= Limits.templateElementCount else {
            throw .tooLarge("a list of more than \(Limits.templateElementCount) elements")
        }
    }

    /// Whether a value may hold others to this depth: they are compared, shown and freed level by
    /// level.
    static func check(depth: Int) throws(TemplateError) {
        guard depth <= Limits.templateDepth else {
            throw .tooLarge("more than \(Limits.templateDepth) levels of nesting")
        }
    }

    // MARK: objects

    func scope(in parent: Scope?) throws(TemplateError) -> Scope {
        let scope = try Scope(parent: parent)
        scopes.append(scope)
        return scope
    }

    func loop(
        _ loop: Loop, over items: [Value], in scope: Scope, depth: Int
    ) -> LoopState {
        let state = LoopState(items: items, loop: loop, scope: scope, depth: depth)
        loops.append(state)
        return state
    }

    func namespace(_ members: Mapping) -> Namespace {
        let namespace = Namespace(members: members)
        namespaces.append(namespace)
        return namespace
    }
}

/// A text that is being made, and never becomes longer than a template's may be.
struct TextWriter {
    private(set) var text = ""

    mutating func write(_ more: String) throws(TemplateError) {
        try Ledger.check(byteCount: text.utf8.count + more.utf8.count)
        text += more
    }

    mutating func write(_ scalar: Unicode.Scalar) throws(TemplateError) {
        try Ledger.check(byteCount: text.utf8.count + UTF8.width(scalar))
        text.unicodeScalars.append(scalar)
    }
}
