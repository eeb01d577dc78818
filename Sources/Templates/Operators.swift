/// Python's operators. What they look through and what they make is paid for.
struct Operators {
    let ledger: Ledger

    init(_ ledger: Ledger) { self.ledger = ledger }

    func areEqual(_ left: Value, _ right: Value) throws(TemplateError) -> Bool {
        if let a = left.wholeNumber, let b = right.wholeNumber { return a == b }
        if let a = left.realNumber, let b = right.realNumber { return a == b }
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): return true
        // Not Swift's equality, which calls equivalent texts equal.
        case (.string(let a), .string(let b)):
            guard a.utf8.count == b.utf8.count else { return false }
            try ledger.charge(for: left)
            return a.utf8.elementsEqual(b.utf8)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            return try areEqual(a.all, b.all)
        case (.mapping(let a), .mapping(let b)):
            guard a.keys.count == b.keys.count else { return false }
            try ledger.charge(1 + a.keys.count / 8)
            for (key, value) in zip(a.keys, a.values) {
                guard let key = try Key(key, ledger), let other = b[key],
                    try areEqual(value, other)
                else { return false }
            }
            return true
        case (.namespace(let a), .namespace(let b)): return a === b
        case (.callable(let a), .callable(let b)): return a === b
        case (.loop(let a), .loop(let b)): return a === b
        default: return false
        }
    }

    func areEqual(_ left: [Value], _ right: [Value]) throws(TemplateError) -> Bool {
        guard left.count == right.count else { return false }
        try ledger.charge(1 + left.count / 8)
        for (x, y) in zip(left, right) where try !areEqual(x, y) { return false }
        return true
    }

    /// Whether the left comes before the right.
    func precedes(_ left: Value, _ right: Value) throws(TemplateError) -> Bool {
        if let a = left.wholeNumber, let b = right.wholeNumber { return a < b }
        if let a = left.realNumber, let b = right.realNumber { return a < b }
        switch (left, right) {
        case (.string(let a), .string(let b)):
            try ledger.charge(for: a.utf8.count < b.utf8.count ? left : right)
            return a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            return try precedes(a.all, b.all)
        default: throw Self.mismatch("<", left, right)
        }
    }

    func precedes(_ left: [Value], _ right: [Value]) throws(TemplateError) -> Bool {
        try ledger.charge(1 + min(left.count, right.count) / 8)
        for (x, y) in zip(left, right) where try !areEqual(x, y) { return try precedes(x, y) }
        return left.count < right.count
    }

    func compare(_ left: Value, _ sign: String, _ right: Value) throws(TemplateError) -> Bool {
        switch sign {
        case "==": try areEqual(left, right)
        case "!=": try !areEqual(left, right)
        case "<": try precedes(left, right)
        case ">": try precedes(right, left)
        case "<=": try areNumbers(left, right) ? atMost(left, right) : !precedes(right, left)
        case ">=": try areNumbers(left, right) ? atMost(right, left) : !precedes(left, right)
        case "in": try contains(right, left)
        default: try !contains(right, left)
        }
    }

    private func areNumbers(_ left: Value, _ right: Value) -> Bool {
        left.realNumber != nil && right.realNumber != nil
    }

    private func atMost(_ left: Value, _ right: Value) throws(TemplateError) -> Bool {
        if try precedes(left, right) { return true }
        return try areEqual(left, right)
    }

    func contains(_ whole: Value, _ part: Value) throws(TemplateError) -> Bool {
        switch whole {
        case .string(let text):
            guard case .string(let wanted) = part else { throw Self.mismatch("in", part, whole) }
            try ledger.charge(for: whole)
            try ledger.charge(for: part)
            return try Text.contains(wanted, in: text)
        case .mapping(let mapping):
            guard let key = try Key(part, ledger) else { return false }
            return mapping[key] != nil
        default:
            guard let elements = try whole.elements(ledger) else {
                throw Self.mismatch("in", part, whole)
            }
            return try place(of: part, in: elements) != nil
        }
    }

    /// Where the first element is that equals `value`.
    func place(of value: Value, in all: [Value]) throws(TemplateError) -> Int? {
        try ledger.charge(all.count / 8)
        for (place, element) in all.enumerated() where try areEqual(element, value) { return place }
        return nil
    }

    static func mismatch(_ sign: String, _ left: Value, _ right: Value) -> TemplateError {
        for case .undefined(let name) in [left, right] {
            return .failed("\(name) is undefined")
        }
        return .failed("'\(sign)' does not go with \(left.typeName) and \(right.typeName)")
    }
}
