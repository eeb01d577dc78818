/// Regular expressions of the tokenizers library (Oniguruma's Ruby syntax) in PCRE2's words.
///
/// Both read the patterns of tokenizers alike, but for what counts as whitespace and as a letter of
/// a word: PCRE2 takes U+180E for a space, and `\w` leaves out marks.
enum PatternDialect {
    /// The same pattern for PCRE2.
    static func translated(_ pattern: String) -> String {
        var result = ""
        var isEscaped = false
        var isInClass = false
        for character in pattern {
            if isEscaped {
                result += replacement(of: character, isInClass: isInClass)
                isEscaped = false
                continue
            }
            switch character {
            case "\\":
                isEscaped = true
                continue
            case "[": isInClass = true
            case "]": isInClass = false
            default: break
            }
            result.append(character)
        }
        return isEscaped ? result + "\\" : result
    }

    /// A pattern that matches this text and nothing else.
    static func quoted(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            let isPlain =
                !character.isASCII || character.properties.isAlphabetic
                || ("0"..."9").contains(character) || character.value < 0x20
            if !isPlain { result += "\\" }
            result.unicodeScalars.append(character)
        }
        return result
    }

    private static func replacement(of letter: Character, isInClass: Bool) -> String {
        let space = #"\t-\r\x{85}\p{Z}"#
        let word = #"\p{L}\p{M}\p{N}\p{Pc}"#
        return switch (letter, isInClass) {
        case ("s", false): "[\(space)]"
        case ("s", true): space
        case ("S", false): "[^\(space)]"
        case ("w", false): "[\(word)]"
        case ("w", true): word
        case ("W", false): "[^\(word)]"
        case ("h", false): "[0-9A-Fa-f]"
        case ("h", true): "0-9A-Fa-f"
        default: "\\" + String(letter)
        }
    }
}
