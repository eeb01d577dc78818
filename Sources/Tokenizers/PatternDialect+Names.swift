/// What Oniguruma calls kinds of characters, in PCRE2's words; most as members of a class.
extension PatternDialect {
    static let space = #"\t-\r\x{85}\p{Z}"#
    static let digits = "0-9A-Fa-f"
    static let word = #"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}"#
    /// Six fractions and powers are letters of words to Oniguruma, where no class is around.
    static let moreOfWords = #"\x{b2}\x{b3}\x{b9}\x{bc}-\x{be}"#
    /// Letters of words to Rust's regular expressions.
    static let rustWord = word + #"\x{200c}\x{200d}"#

    static let posixNames = [
        ("alpha", #"\p{Alphabetic}"#), ("digit", #"\p{Nd}"#), ("space", space),
        ("upper", #"\p{Uppercase}"#), ("lower", #"\p{Lowercase}"#), ("punct", #"\p{P}\p{S}"#),
        ("alnum", #"\p{Alphabetic}\p{Nd}"#), ("xdigit", digits), ("cntrl", #"\p{Cc}"#),
        ("blank", #"\p{Zs}\t"#), ("word", word),
        ("ascii", #"\x00-\x7f"#),
    ]

    static let longNames = [
        ("Letter", "L"), ("Mark", "M"), ("Number", "N"), ("Punctuation", "P"), ("Symbol", "S"),
        ("Separator", "Z"), ("Other", "C"), ("Punct", "P"),
    ]

    static let scripts = [
        "Arabic", "Armenian", "Bengali", "Bopomofo", "Cyrillic", "Devanagari", "Ethiopic",
        "Georgian", "Greek", "Gujarati", "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana",
        "Kannada", "Katakana", "Khmer", "Lao", "Latin", "Malayalam", "Mongolian", "Myanmar",
        "Oriya", "Sinhala", "Tamil", "Telugu", "Thai", "Tibetan",
    ]

    /// A property's name, with the `^` before it that some have.
    static func property(_ name: String) -> String {
        let bare = name.hasPrefix("^") ? String(name.dropFirst()) : name
        let mark = bare == name ? "" : "^"
        if scripts.contains(bare) { return mark + "sc:" + bare }
        return mark + (longNames.first { $0.0 == bare }?.1 ?? bare)
    }
}
