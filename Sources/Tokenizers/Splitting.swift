/// One step that cuts a text into the words inside of which pieces are merged (Protocol.md,
/// "Words"). Each step cuts what the last one left.
public enum Splitting: Hashable, Sendable {
    /// What becomes of a match of a pattern.
    public enum Behavior: UInt8, Hashable, Sendable {
        /// It is a word.
        case isolated = 0
        /// It vanishes.
        case removed = 1
        /// It ends the word before it.
        case mergedWithPrevious = 2
        /// It begins the word after it.
        case mergedWithNext = 3
        /// Neighbouring matches are one word.
        case contiguous = 4
    }

    /// Where U+2581 is put before words.
    public enum MarkPrefix: UInt8, Hashable, Sendable {
        case never = 0
        /// Before the word that begins the whole text.
        case first = 1
        case always = 2
    }

    /// A regular expression in PCRE2's syntax; inverted, what lies between its matches counts as
    /// the matches.
    case pattern(String, Behavior, isInverted: Bool)
    /// A space before each word that does not begin with one.
    case spacePrefix
    /// Spaces become U+2581, and one is put before words; then words begin at each, if so wanted.
    case spaceMarks(MarkPrefix, splits: Bool)
    /// Later steps see a letter for each byte: GPT-2's alphabet, of which some are digits.
    case byteLetters

    /// Matches of `pattern` become words.
    static func isolating(_ pattern: String) -> Splitting {
        .pattern(pattern, .isolated, isInverted: false)
    }
}
