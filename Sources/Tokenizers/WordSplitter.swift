import Primitives

/// Cuts text into the words inside of which pieces are merged.
struct WordSplitter: Sendable {
    /// A text and the words in it, in order. What lies between words was removed.
    struct Words: Sendable {
        var text: [UInt8]
        var ranges: [Range<Int>]
    }

    private struct Step: Sendable {
        var rule: Splitting
        var pattern: Pattern?
    }

    private let steps: [Step]
    private let alphabet = ByteAlphabet()

    init(_ rules: [Splitting]) throws(TokenizerError) {
        var steps: [Step] = []
        for rule in rules {
            switch rule {
            case .pattern(let text, _, _):
                steps.append(Step(rule: rule, pattern: try Pattern(text)))
            case .spacePrefix, .byteLetters: steps.append(Step(rule: rule))
            case .spaceMarks:
                let mark = String(decoding: spaceMark, as: UTF8.self)
                steps.append(Step(rule: rule, pattern: try Pattern(mark)))
            }
        }
        self.steps = steps
    }

    /// The words of a fragment; `startsText` where nothing was before it.
    func words(of text: [UInt8], startsText: Bool) -> Words {
        var words = Words(text: text, ranges: text.isEmpty ? [] : [0..<text.count])
        var isLetters = false
        for step in steps {
            switch step.rule {
            case .pattern(_, let behavior, let isInverted):
                cut(&words, by: step.pattern, behavior, isInverted: isInverted)
            case .spacePrefix:
                words = rewritten(words) { _, word in
                    word.first == UInt8(ascii: " ") ? Array(word) : [UInt8(ascii: " ")] + word
                }
            case .spaceMarks(let prefix, let splits):
                words = rewritten(words) { start, word in
                    let isWanted = prefix == .always || prefix == .first && startsText && start == 0
                    return marked(word, isPrefixed: isWanted)
                }
                if splits {
                    cut(&words, by: step.pattern, .mergedWithNext, isInverted: false)
                }
            case .byteLetters:
                guard !isLetters else { break }
                isLetters = true
                words = rewritten(words) { _, word in alphabet.encode(word) }
            }
        }
        // What is no letter came in behind them, and stays as it is.
        return isLetters
            ? rewritten(words) { _, word in
                alphabet.decode(String(decoding: word, as: UTF8.self)) ?? Array(word)
            } : words
    }

    private func marked(_ word: ArraySlice<UInt8>, isPrefixed: Bool) -> [UInt8] {
        var marked: [UInt8] = []
        marked.reserveCapacity(word.count + 8)
        for byte in word {
            if byte == UInt8(ascii: " ") { marked += spaceMark } else { marked.append(byte) }
        }
        return isPrefixed && !marked.starts(with: spaceMark) ? spaceMark + marked : marked
    }

    private func rewritten(
        _ words: Words, _ change: (_ start: Int, _ word: ArraySlice<UInt8>) -> [UInt8]
    ) -> Words {
        var changed = Words(text: [], ranges: [])
        for range in words.ranges {
            let start = changed.text.count
            changed.text += change(range.lowerBound, words.text[range])
            changed.ranges.append(start..<changed.text.count)
        }
        return changed
    }

    private func cut(
        _ words: inout Words, by pattern: Pattern?, _ behavior: Splitting.Behavior,
        isInverted: Bool
    ) {
        var cut: [Range<Int>] = []
        cut.reserveCapacity(words.ranges.count)
        for word in words.ranges {
            var parts = WordParts(behavior)
            var end = word.lowerBound
            // At a limit of the matcher the rest counts as no match.
            _ = pattern?.forEachMatch(in: words.text, word) { match in
                if end < match.lowerBound { parts.add(end..<match.lowerBound, isMatch: isInverted) }
                parts.add(match, isMatch: !isInverted)
                end = match.upperBound
            }
            if end < word.upperBound { parts.add(end..<word.upperBound, isMatch: isInverted) }
            // Matches of nothing have cut what is around them.
            cut += parts.ranges.filter { !$0.isEmpty }
        }
        words.ranges = cut
    }
}

/// Joins matches and what lies between them, as the tokenizers library's `SplitDelimiterBehavior`.
private struct WordParts {
    private(set) var ranges: [Range<Int>] = []
    private let behavior: Splitting.Behavior
    private var wasMatch = false

    init(_ behavior: Splitting.Behavior) { self.behavior = behavior }

    mutating func add(_ range: Range<Int>, isMatch: Bool) {
        defer { wasMatch = isMatch }
        let joinsLast =
            switch behavior {
            case .isolated, .removed: false
            case .mergedWithPrevious: isMatch && !wasMatch
            case .mergedWithNext: wasMatch && !isMatch
            case .contiguous: isMatch == wasMatch
            }
        if behavior == .removed, isMatch { return }
        if joinsLast, let last = ranges.popLast() {
            ranges.append(last.lowerBound..<range.upperBound)
        } else {
            ranges.append(range)
        }
    }
}
