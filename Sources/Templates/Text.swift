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

    /// Where `part` first is, in UTF-8 bytes; nil where it is not.
    static func first(_ part: String, in text: String, from: Int = 0) -> Int? {
        let (text, part) = (Array(text.utf8), Array(part.utf8))
        guard part.count <= text.count - from else { return nil }
        guard let head = part.first else { return from }
        var index = from
        while index + part.count <= text.count {
            if text[index] == head, text[index..<index + part.count].elementsEqual(part) {
                return index
            }
            index += 1
        }
        return nil
    }

    /// Python's `split(separator)`; at most `limit` cuts.
    static func split(_ text: String, by separator: String, limit: Int = .max) -> [String] {
        let (bytes, mark) = (Array(text.utf8), Array(separator.utf8))
        var parts: [String] = []
        var (start, index) = (0, 0)
        while index + mark.count <= bytes.count, parts.count < limit {
            if bytes[index..<index + mark.count].elementsEqual(mark) {
                parts.append(String(decoding: bytes[start..<index], as: UTF8.self))
                index += mark.count
                start = index
            } else {
                index += 1
            }
        }
        return parts + [String(decoding: bytes[start...], as: UTF8.self)]
    }

    /// The same from the right.
    static func splitFromRight(_ text: String, by separator: String, limit: Int) -> [String] {
        let parts = split(text, by: separator)
        guard parts.count - 1 > limit else { return parts }
        let head = parts.dropLast(limit).joined(separator: separator)
        return [head] + parts.suffix(limit)
    }

    /// Words between whitespace; at most `limit` cuts, and then the rest as it is.
    static func words(_ text: String, limit: Int = .max) -> [String] {
        var words: [String] = []
        var rest = scalars(text)[...]
        while true {
            rest = rest.drop { isSpace($0) }
            guard !rest.isEmpty else { return words }
            if words.count == limit { return words + [string(trimmedRight(rest))] }
            let word = rest.prefix { !isSpace($0) }
            words.append(string(word))
            rest = rest.dropFirst(word.count)
        }
    }

    static func wordsFromRight(_ text: String, limit: Int) -> [String] {
        var words: [String] = []
        var rest = scalars(text)[...]
        while true {
            rest = trimmedRight(rest)
            guard !rest.isEmpty else { return words.reversed() }
            if words.count == limit {
                return [string(rest.drop { isSpace($0) })] + words.reversed()
            }
            let word = rest.reversed().prefix { !isSpace($0) }
            words.append(string(word.reversed()))
            rest = rest.dropLast(word.count)
        }
    }

    static func lines(_ text: String, keepsEnds: Bool) -> [String] {
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
                lines.append(string(keepsEnds ? line + end : line))
                line = []
            default: line.append(scalar)
            }
        }
        return line.isEmpty ? lines : lines + [string(line)]
    }

    static func replaced(_ text: String, _ old: String, by new: String, limit: Int = .max) -> String
    {
        if old.isEmpty {
            var result = ""
            var count = 0
            for scalar in text.unicodeScalars {
                if count < limit { result += new }
                count += 1
                result.unicodeScalars.append(scalar)
            }
            return count < limit ? result + new : result
        }
        return split(text, by: old, limit: limit).joined(separator: new)
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

    static func upper(_ text: String) -> String {
        string(text.unicodeScalars.flatMap { Array($0.properties.uppercaseMapping.unicodeScalars) })
    }

    /// With the one rule that looks at neighbours: a sigma at the end of a word.
    static func lower(_ text: String) -> String {
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
