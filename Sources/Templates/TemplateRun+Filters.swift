extension TemplateRun {
    mutating func filter(
        _ value: Value, _ name: String, _ arguments: Arguments, _ scope: Scope
    ) throws(TemplateError) -> Value {
        let given = try given(arguments, scope)
        return try filter(value, name, given)
    }

    /// `value | name(...)`.
    mutating func filter(_ value: Value, _ name: String, _ given: Given) throws(TemplateError)
        -> Value
    {
        try ledger.charge(1 + given.named.count / 8)
        try ledger.charge(for: value)
        var result = try textFilter(value, name, given)
        if case nil = result { result = try valueFilter(value, name, given) }
        if case nil = result { result = try listFilter(value, name, given) }
        if case nil = result { result = try groupFilter(value, name, given) }
        guard let result else { throw .failed("there is no filter '\(name)'") }
        try ledger.charge(for: result)
        return result
    }

    // MARK: texts

    private func textFilter(
        _ value: Value, _ name: String, _ given: Given
    ) throws(TemplateError) -> Value? {
        func text() throws(TemplateError) -> String { try value.shown(ledger) }
        switch name {
        case "trim": return .string(Text.stripped(try text(), given.value("chars", 0)?.text))
        case "upper": return .string(Text.upper(try text()))
        case "lower": return .string(Text.lower(try text()))
        case "capitalize": return .string(Text.capitalized(try text()))
        case "title": return .string(title(try text()))
        case "string", "safe": return .string(try text())
        case "e", "escape", "forceescape":
            let pairs = [
                ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ("\"", "&#34;"),
            ]
            var escaped = try text()
            for (sign, name) in pairs { escaped = try Text.replaced(escaped, sign, by: name) }
            return .string(escaped)
        case "replace":
            guard let old = try given.value("old", 0)?.shown(ledger),
                let new = try given.value("new", 1)?.shown(ledger)
            else { throw .failed("replace takes two texts") }
            let limit = given.value("count", 2)?.wholeNumber ?? .max
            return .string(
                try Text.replaced(text(), old, by: new, limit: limit < 0 ? .max : limit))
        case "center":
            let width = given.value("width", 0)?.wholeNumber ?? 80
            guard width <= 10_000 else { throw .tooLarge("a width of more than 10000") }
            return try Methods.call(
                "center", on: .string(try text()), Given(positional: [.integer(width)]), self)
        case "indent": return .string(try indented(text(), given))
        case "truncate": return .string(try truncated(text(), given))
        case "wordcount": return .integer(try Text.words(text()).count)
        case "format":
            let values = try given.named.isEmpty ? .tuple(of: given.positional) : named(given)
            return .string(try Format(ledger).percent(text(), values))
        case "urlencode": return .string(urlEncoded(try text()))
        default: return nil
        }
    }

    private func named(_ given: Given) throws(TemplateError) -> Value {
        var mapping = Mapping()
        for (name, value) in given.named { try mapping.set(name, value) }
        return .mapping(mapping)
    }

    /// Jinja's own rule: words begin behind spaces and opening brackets and hyphens.
    private func title(_ text: String) -> String {
        var result = ""
        var word: [Unicode.Scalar] = []
        for scalar in text.unicodeScalars {
            let isBreak = Text.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar)
            if isBreak {
                result += upperFirst(word)
                word = []
                result.unicodeScalars.append(scalar)
            } else {
                word.append(scalar)
            }
        }
        return result + upperFirst(word)
    }

    private func upperFirst(_ word: [Unicode.Scalar]) -> String {
        Text.upper(Text.string(word.prefix(1))) + Text.lower(Text.string(word.dropFirst()))
    }

    private func indented(_ text: String, _ given: Given) throws(TemplateError) -> String {
        let width = given.value("width", 0) ?? .integer(4)
        let prefix =
            width.text ?? String(repeating: " ", count: min(max(width.wholeNumber ?? 4, 0), 10_000))
        let first = given.value("first", 1)?.isTrue ?? false
        let blank = given.value("blank", 2)?.isTrue ?? false
        // A line end at the end counts as an empty line behind it.
        let lines = try Text.lines(text + "\n", keepsEnds: false)
        var writer = TextWriter()
        if first { try writer.write(prefix) }
        try writer.write(lines.first ?? "")
        for line in lines.dropFirst() {
            try writer.write("\n")
            if !line.isEmpty || blank { try writer.write(prefix) }
            try writer.write(line)
        }
        return writer.text
    }

    private func truncated(_ text: String, _ given: Given) throws(TemplateError) -> String {
        let length = given.value("length", 0)?.wholeNumber ?? 255
        let cutsWords = given.value("killwords", 1)?.isTrue ?? false
        let end = given.value("end", 2)?.text ?? "..."
        let leeway = given.value("leeway", 3)?.wholeNumber ?? 5
        let endCount = end.unicodeScalars.count
        guard length >= endCount, leeway >= 0 else {
            throw .failed("truncate takes a length of \(endCount) at least, and a positive leeway")
        }
        let all = Text.scalars(text)
        guard all.count - length > leeway else { return text }
        let kept = Text.string(all.prefix(length - endCount))
        if cutsWords { return kept + end }
        return (try Text.splitFromRight(kept, by: " ", limit: 1).first ?? "") + end
    }

    private func urlEncoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            let isPlain =
                scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            if isPlain || "_.-~/".unicodeScalars.contains(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return result
    }
}
