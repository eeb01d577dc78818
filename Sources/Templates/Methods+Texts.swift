/// Methods of texts.
extension Methods {
    static func textMethod(
        _ name: String, _ text: String, _ given: Given, _ run: TemplateRun
    ) throws(TemplateError) -> Value {
        let first = given.positional.first
        switch name {
        case "strip", "lstrip", "rstrip":
            return .string(
                Text.stripped(
                    text, first?.text, left: name != "rstrip", right: name != "lstrip"))
        case "upper": return .string(Text.upper(text))
        case "lower", "casefold": return .string(Text.lower(text))
        case "title": return .string(Text.titled(text))
        case "capitalize": return .string(Text.capitalized(text))
        case "swapcase": return .string(Text.swapped(text))
        case "split", "rsplit": return try split(name, text, given)
        case "splitlines":
            let keepsEnds = given.value("keepends", 0)?.isTrue ?? false
            return try .texts(Text.lines(text, keepsEnds: keepsEnds))
        case "startswith", "endswith":
            guard let first else { throw .failed("\(name) needs a text") }
            let part = bounded(text, given)
            return .bool(
                try texts(of: first, name, run.ledger).contains {
                    name == "startswith" ? starts(part, with: $0) : ends(part, with: $0)
                })
        case "replace":
            guard let old = given.value("old", 0)?.text, let new = given.value("new", 1)?.text
            else {
                throw .failed("replace takes two texts")
            }
            let limit = given.value("count", 2)?.wholeNumber ?? -1
            return .string(try Text.replaced(text, old, by: new, limit: limit < 0 ? .max : limit))
        case "join":
            guard let all = try first?.elements(run.ledger) else {
                throw .failed("join needs a list")
            }
            var writer = TextWriter()
            for (place, element) in all.enumerated() {
                guard let part = element.text else { throw .failed("join takes texts") }
                if place > 0 { try writer.write(text) }
                try writer.write(part)
            }
            return .string(writer.text)
        case "format":
            return .string(
                try Format(run.ledger).braces(text, given.positional, given.named) {
                    value, name, isItem throws(TemplateError) in
                    let key: Value = Int(name).map { .integer($0) } ?? .string(name)
                    return try isItem ? run.item(key, of: value) : run.attribute(name, of: value)
                })
        default:
            if let result = kindOf(text, name) { return .bool(result) }
            return try placed(name, text, given)
        }
    }

    private static func texts(
        of value: Value, _ name: String, _ ledger: Ledger
    ) throws(TemplateError) -> [String] {
        var all = [value]
        if case .tuple(let items) = value { all = items.all }
        var texts: [String] = []
        for value in all {
            guard let text = value.text else {
                throw .failed("\(name) takes a text, not \(value.typeName)")
            }
            try ledger.charge(for: value)
            texts.append(text)
        }
        try ledger.charge(all.count)
        return texts
    }

    private static func starts(_ text: String, with part: String) -> Bool {
        text.utf8.starts(with: part.utf8)
    }

    private static func ends(_ text: String, with part: String) -> Bool {
        text.utf8.reversed().starts(with: part.utf8.reversed())
    }

    /// The text between the second and third argument.
    private static func bounded(_ text: String, _ given: Given) -> String {
        guard given.positional.count > 1 else { return text }
        let all = Text.scalars(text)
        func place(_ index: Int, _ standard: Int) -> Int {
            guard given.positional.indices.contains(index),
                let number = given.positional[index].wholeNumber
            else { return standard }
            return min(max(number < 0 ? number + all.count : number, 0), all.count)
        }
        let start = place(1, 0)
        return Text.string(all[start..<max(start, place(2, all.count))])
    }

    private static func split(
        _ name: String, _ text: String, _ given: Given
    ) throws(TemplateError) -> Value {
        let limit = given.value("maxsplit", 1)?.wholeNumber ?? -1
        let count = limit < 0 ? Int.max : limit
        let parts: [String]
        if let separator = given.value("sep", 0)?.text {
            guard !separator.isEmpty else { throw .failed("\(name) can't cut at nothing") }
            parts =
                name == "split" || limit < 0
                ? try Text.split(text, by: separator, limit: count)
                : try Text.splitFromRight(text, by: separator, limit: count)
        } else {
            parts =
                name == "split" || limit < 0
                ? try Text.words(text, limit: count)
                : try Text.wordsFromRight(text, limit: count)
        }
        return try .texts(parts)
    }

    private static func kindOf(_ text: String, _ name: String) -> Bool? {
        let all = Text.scalars(text)
        func every(_ holds: (Unicode.Scalar) -> Bool) -> Bool {
            !all.isEmpty && all.allSatisfy(holds)
        }
        func isLetter(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter,
                .otherLetter:
                true
            default: false
            }
        }
        let hasCase = all.contains { $0.properties.isCased }
        switch name {
        case "isdigit":
            return every {
                $0.properties.numericType == .decimal || $0.properties.numericType == .digit
            }
        case "isdecimal": return every { $0.properties.numericType == .decimal }
        case "isnumeric": return every { $0.properties.numericType != nil }
        case "isalpha": return every(isLetter)
        case "isalnum": return every { isLetter($0) || $0.properties.numericType != nil }
        case "isspace": return every(Text.isSpace)
        case "isascii": return all.allSatisfy(\.isASCII)
        case "islower": return hasCase && text.utf8.elementsEqual(Text.lower(text).utf8)
        case "isupper": return hasCase && text.utf8.elementsEqual(Text.upper(text).utf8)
        default: return nil
        }
    }

    /// Methods that find something in a text or make it wider.
    private static func placed(
        _ name: String, _ text: String, _ given: Given
    ) throws(TemplateError) -> Value {
        let width = max(given.positional.first?.wholeNumber ?? 0, 0)
        let fill = given.positional.dropFirst().first?.text?.unicodeScalars.first ?? " "
        guard width <= 10_000 else { throw .tooLarge("a width of more than 10000") }
        switch name {
        case "zfill":
            let isSigned = text.hasPrefix("-") || text.hasPrefix("+")
            let sign = isSigned ? String(text.prefix(1)) : ""
            let rest = String(text.dropFirst(sign.count))
            return .string(
                sign + Text.padded(rest, to: width - sign.count, with: "0", left: 1, of: 1))
        case "ljust": return .string(Text.padded(text, to: width, with: fill, left: 0, of: 1))
        case "rjust": return .string(Text.padded(text, to: width, with: fill, left: 1, of: 1))
        case "center":
            // Python puts the odd one before the text where the width is odd.
            let missing = width - text.unicodeScalars.count
            let extra = missing > 0 && missing % 2 == 1 && width % 2 == 1 ? 1 : 0
            let before = missing > 0 ? missing / 2 + extra : 0
            return .string(
                Text.padded(text, to: width, with: fill, left: before, of: max(missing, 1)))
        case "expandtabs": return .string(try Text.replaced(text, "\t", by: "        "))
        default: break
        }
        guard let part = given.positional.first?.text else { throw .failed("\(name) needs a text") }
        switch name {
        case "removeprefix":
            return .string(
                starts(text, with: part)
                    ? String(decoding: text.utf8.dropFirst(part.utf8.count), as: UTF8.self) : text)
        case "removesuffix":
            let isThere = !part.isEmpty && ends(text, with: part)
            return .string(
                isThere
                    ? String(decoding: text.utf8.dropLast(part.utf8.count), as: UTF8.self) : text)
        case "partition", "rpartition":
            guard !part.isEmpty else { throw .failed("\(name) can't cut at nothing") }
            let isLeft = name == "partition"
            let cut =
                try isLeft
                ? Text.split(text, by: part, limit: 1)
                : Text.splitFromRight(text, by: part, limit: 1)
            let missing = isLeft ? [text, "", ""] : ["", "", text]
            let parts = cut.count == 2 ? [cut[0], part, cut[1]] : missing
            return try .tuple(of: parts.map { .string($0) })
        case "count":
            return .integer(
                try part.isEmpty
                    ? text.unicodeScalars.count + 1 : Text.count(of: part, in: text))
        default:
            let isLeft = !name.hasPrefix("r")
            let cut =
                try isLeft
                ? Text.split(text, by: part, limit: part.isEmpty ? 0 : 1)
                : Text.splitFromRight(text, by: part.isEmpty ? "\u{0}" : part, limit: 1)
            if cut.count == 2 { return .integer(cut[0].unicodeScalars.count) }
            if part.isEmpty { return .integer(isLeft ? 0 : text.unicodeScalars.count) }
            guard name.hasSuffix("find") else {
                throw .failed("\(Value.string(part).brief) is not in the text")
            }
            return .integer(-1)
        }
    }
}
