/// Python's strings, over Unicode scalars: Swift's own characters would count and compare
/// otherwise.
enum Text {
    typealias Scalars = ArraySlice<Unicode.Scalar>

    static func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }

    static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// Words between whitespace; at most `limit` cuts, and then the rest as it is.
    static func words(_ text: String, limit: Int = .max) throws(TemplateError) -> [String] {
        var words: [String] = []
        var rest = scalars(text)[...]
        while true {
            rest = rest.drop { isSpace($0) }
            guard !rest.isEmpty else { return words }
            if words.count == limit { return words + [string(trimmedRight(rest))] }
            try Ledger.check(elementCount: words.count + 1)
            let word = rest.prefix { !isSpace($0) }
            words.append(string(word))
            rest = rest.dropFirst(word.count)
        }
    }

    static func wordsFromRight(_ text: String, limit: Int) throws(TemplateError) -> [String] {
        var words: [String] = []
        var rest = scalars(text)[...]
        while true {
            rest = trimmedRight(rest)
            guard !rest.isEmpty else { return words.reversed() }
            if words.count == limit {
                return [string(rest.drop { isSpace($0) })] + words.reversed()
            }
            try Ledger.check(elementCount: words.count + 1)
            let word = rest.reversed().prefix { !isSpace($0) }
            words.append(string(word.reversed()))
            rest = rest.dropLast(word.count)
        }
    }

    static func lines(_ text: String, keepsEnds: Bool) throws(TemplateError) -> [String] {
        var lines: [String] = []
        var line: [Unicode.Scalar] = []
        let all = scalars(text)
        var index = 0
        while index < all.count {
            let scalar = all[index]
            index += 1
            switch scalar.value {
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                var end = [scalar]
                if scalar == "\r", index < all.count, all[index] == "\n" {
                    end.append("\n")
                    index += 1
                }
                try Ledger.check(elementCount: lines.count + 1)
                lines.append(string(keepsEnds ? line + end : line))
                line = []
            default: line.append(scalar)
            }
        }
        return line.isEmpty ? lines : lines + [string(line)]
    }

    // MARK: ends

    /// Python's whitespace: White_Space and the four separators of ASCII.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }

    private static func trimmedRight(_ part: Scalars) -> Scalars {
        var part = part
        while let last = part.last, isSpace(last) { part.removeLast() }
        return part
    }

    /// Without these characters, or whitespace, at its ends.
    static func stripped(
        _ text: String, _ characters: String? = nil, left: Bool = true, right: Bool = true
    ) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        func isOff(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
        var part = scalars(text)[...]
        if left { part = part.drop(while: isOff) }
        while right, let last = part.last, isOff(last) { part.removeLast() }
        return string(part)
    }

    // MARK: case

    private static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

    static func upper(_ text: String) -> String {
        if isASCII(text) {
            let bytes = text.utf8.map { (97...122).contains($0) ? $0 - 32 : $0 }
            return String(decoding: bytes, as: UTF8.self)
        }
        return string(
            text.unicodeScalars.flatMap { Array($0.properties.uppercaseMapping.unicodeScalars) })
    }

    /// With the one rule that looks at neighbours: a sigma at the end of a word.
    static func lower(_ text: String) -> String {
        if isASCII(text) {
            let bytes = text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }
            return String(decoding: bytes, as: UTF8.self)
        }
        let all = scalars(text)
        var result: [Unicode.Scalar] = []
        for (index, scalar) in all.enumerated() {
            if scalar == "\u{3A3}" {
                let before = all[..<index].last { !$0.properties.isCaseIgnorable }
                let after = all[(index + 1)...].first { !$0.properties.isCaseIgnorable }
                let isFinal =
                    before?.properties.isCased == true && after?.properties.isCased != true
                result.append(isFinal ? "\u{3C2}" : "\u{3C3}")
            } else {
                result += Array(scalar.properties.lowercaseMapping.unicodeScalars)
            }
        }
        return string(result)
    }

    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return "" }
        let rest = lower(text).unicodeScalars.dropFirst(
            first.properties.lowercaseMapping.unicodeScalars.count)
        return first.properties.titlecaseMapping + string(rest)
    }

    /// Python's `str.title`: a letter behind no letter is a capital.
    static func titled(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var isInWord = false
        for scalar in text.unicodeScalars {
            let mapping =
                isInWord ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
            result.append(contentsOf: mapping.unicodeScalars)
            isInWord = scalar.properties.isCased
        }
        return String(result)
    }

    static func swapped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            scalar.properties.isUppercase
                ? scalar.properties.lowercaseMapping : scalar.properties.uppercaseMapping
        }.joined()
    }

    // MARK: width

    static func padded(
        _ text: String, to width: Int, with fill: Unicode.Scalar = " ", left: Int, of parts: Int
    ) -> String {
        let count = text.unicodeScalars.count
        guard width > count else { return text }
        let missing = width - count
        let before = missing * left / parts
        let pad = { (count: Int) in string(repeatElement(fill, count: count)) }
        return pad(before) + text + pad(missing - before)
    }
}
