import Primitives

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
        var result = try textFilter(value, name, given)
        if case nil = result { result = try valueFilter(value, name, given) }
        if case nil = result { result = try listFilter(value, name, given) }
        if case nil = result { result = try groupFilter(value, name, given) }
        guard let result else { throw .failed("there is no filter '\(name)'") }
        try charge(1 + size(of: value) + size(of: result))
        return result
    }

    // MARK: texts

    private func textFilter(
        _ value: Value, _ name: String, _ given: Given
    ) throws(TemplateError) -> Value? {
        let text = value.shown
        switch name {
        case "trim": return .string(Text.stripped(text, given.value("chars", 0)?.text))
        case "upper": return .string(Text.upper(text))
        case "lower": return .string(Text.lower(text))
        case "capitalize": return .string(Text.capitalized(text))
        case "title": return .string(title(text))
        case "string": return .string(text)
        case "safe": return .string(text)
        case "e", "escape", "forceescape":
            let pairs = [
                ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ("\"", "&#34;"),
            ]
            return .string(pairs.reduce(text) { Text.replaced($0, $1.0, by: $1.1) })
        case "replace":
            guard let old = given.value("old", 0)?.shown, let new = given.value("new", 1)?.shown
            else { throw .failed("replace takes two texts") }
            let limit = given.value("count", 2)?.wholeNumber ?? .max
            return .string(Text.replaced(text, old, by: new, limit: limit < 0 ? .max : limit))
        case "center":
            let width = given.value("width", 0)?.wholeNumber ?? 80
            guard width <= 10_000 else { throw .tooLarge("a width of more than 10000") }
            return try Methods.call(
                "center", on: .string(text), Given(positional: [.integer(width)]), self)
        case "indent": return .string(try indented(text, given))
        case "truncate": return .string(try truncated(text, given))
        case "wordcount": return .integer(Text.words(text).count)
        case "format":
            let values: Value = given.named.isEmpty ? .tuple(given.positional) : named(given)
            return .string(try Format.percent(text, values))
        case "urlencode": return .string(urlEncoded(text))
        default: return nil
        }
    }

    private func named(_ given: Given) -> Value {
        var mapping = Mapping()
        for (name, value) in given.named { mapping.set(.string(name), value) }
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
        let lines = Text.lines(text + "\n", keepsEnds: false)
        var result = lines.first ?? ""
        for line in lines.dropFirst() {
            result += "\n" + (line.isEmpty && !blank ? "" : prefix) + line
        }
        try checkedLength(result)
        return first ? prefix + result : result
    }

    private func checkedLength(_ text: String) throws(TemplateError) {
        _ = try size(of: .string(text))
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
        return (Text.splitFromRight(kept, by: " ", limit: 1).first ?? "") + end
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

    // MARK: values

    private func valueFilter(
        _ value: Value, _ name: String, _ given: Given
    ) throws(TemplateError) -> Value? {
        switch name {
        case "default", "d":
            let isWanted =
                value.isUndefined
                || (given.value("boolean", 1)?.isTrue ?? false) && !value.isTrue
            return isWanted ? given.value("default_value", 0) ?? .string("") : value
        case "tojson": return .string(try json(value, given))
        case "int":
            let standard = given.value("default", 0) ?? .integer(0)
            if case .number(let number) = value {
                return number.magnitude < 0x1p62 ? .integer(Int(number)) : standard
            }
            if let number = value.wholeNumber { return .integer(number) }
            let text = Text.stripped(value.shown).filter { $0 != "_" }
            let base = given.value("base", 1)?.wholeNumber ?? 10
            guard (2...36).contains(base) else { return standard }
            if let number = Int(text, radix: base) { return .integer(number) }
            if let number = Double(text), number.magnitude < 0x1p62 { return .integer(Int(number)) }
            return standard
        case "float":
            if let number = value.realNumber { return .number(number) }
            return Double(Text.stripped(value.shown)).map { .number($0) }
                ?? given.value("default", 0) ?? .number(0)
        case "abs":
            if let number = value.wholeNumber {
                guard number > .min else { throw .failed("a number of more than 64 bits") }
                return .integer(abs(number))
            }
            guard let number = value.realNumber else { throw .failed("abs takes a number") }
            return .number(number.magnitude)
        case "round": return try rounded(value, given)
        case "attr":
            let name = given.value("name", 0)?.shown ?? ""
            if case .mapping = value {
                return Methods.names(of: value).contains(name)
                    ? .callable(Callable(.method(value, name))) : .undefined("'\(name)'")
            }
            return try attribute(name, of: value)
        default: return nil
        }
    }

    private func rounded(_ value: Value, _ given: Given) throws(TemplateError) -> Value {
        guard let number = value.realNumber else { throw .failed("round takes a number") }
        guard number.isFinite else { return .number(number) }
        let digits = min(max(given.value("precision", 0)?.wholeNumber ?? 0, -300), 300)
        var scale = 1.0
        for _ in 0..<abs(digits) { scale *= 10 }
        func scaled(_ rule: FloatingPointRoundingRule) -> Double {
            digits < 0
                ? (number / scale).rounded(rule) * scale : (number * scale).rounded(rule) / scale
        }
        switch given.value("method", 1)?.text ?? "common" {
        case "ceil": return .number(scaled(.up))
        case "floor": return .number(scaled(.down))
        default:
            if digits < 0 { return .number(scaled(.toNearestOrEven)) }
            let text = Decimals.fixed(number.magnitude, digits)
            return .number((Double(text) ?? 0) * (number < 0 ? -1 : 1))
        }
    }

    private func json(_ value: Value, _ given: Given) throws(TemplateError) -> String {
        var style = JSONStyle()
        style.isASCII = given.value("ensure_ascii", 0)?.isTrue ?? false
        style.sortsKeys = given.value("sort_keys", 3)?.isTrue ?? false
        if let indent = given.value("indent", 1) {
            if let count = indent.wholeNumber {
                style.indent = String(repeating: " ", count: min(max(count, 0), 64))
            }
            if let text = indent.text { style.indent = text }
            if style.indent != nil { style.itemSeparator = "," }
        }
        if let separators = given.value("separators", 2)?.elements, separators.count == 2 {
            style.itemSeparator = separators[0].shown
            style.keySeparator = separators[1].shown
        }
        guard let text = value.json(style) else {
            throw .failed("there is something in \(value.typeName) that has no JSON")
        }
        try checkedLength(text)
        return text
    }
}
