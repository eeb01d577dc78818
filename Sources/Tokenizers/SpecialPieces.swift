/// Finds the pieces that are cut out of a text before it is tokenized.
struct SpecialPieces: Sendable {
    enum Fragment {
        case plain(ArraySlice<UInt8>)
        case special(Int)
    }

    private struct Special {
        var id: Int
        var isControl: Bool
        var traits: TokenizerModel.PieceTraits
    }

    /// The different texts of special pieces.
    private let tree: PieceTree
    /// By the texts' places in the tree: their pieces, the lowest id first.
    private var specials: [[Special]] = []
    /// The lengths that occur, the longest first; only where longer pieces are found first.
    private var byteCounts: [Int] = []
    private let cutsLongestFirst: Bool

    /// The special pieces whose trait `isNormalized` is `areNormalized`.
    init(_ model: TokenizerModel, _ normalizer: Normalizer, areNormalized: Bool) {
        cutsLongestFirst = model.cutsLongestFirst
        var texts: [[UInt8]] = []
        var places: [[UInt8]: Int] = [:]
        for id in model.pieces.indices where model.isSpecial(id) {
            guard model.traits[id].contains(.isNormalized) == areNormalized else { continue }
            let piece = model.pieces[id]
            let bytes = areNormalized ? normalizer.normalized(piece[...]) : piece
            guard !bytes.isEmpty else { continue }
            let special = Special(
                id: id, isControl: model.types[id] != .userDefined, traits: model.traits[id])
            if let place = places[bytes] {
                specials[place].append(special)
            } else {
                places[bytes] = texts.count
                texts.append(bytes)
                specials.append([special])
            }
        }
        tree = PieceTree(texts, ids: Array(texts.indices))
        guard cutsLongestFirst else { return }
        byteCounts = Set(texts.map(\.count)).sorted(by: >)
    }

    var isEmpty: Bool { specials.isEmpty }

    /// The longest special piece that the text begins with.
    private func longest(_ text: ArraySlice<UInt8>) -> (special: Special, byteCount: Int)? {
        var found: (special: Special, byteCount: Int)?
        tree.forEachPrefix(of: text) { place, byteCount in found = (specials[place][0], byteCount) }
        return found
    }

    /// The text in order. Control pieces count only where `parsesControl`.
    func fragments(of text: ArraySlice<UInt8>, parsesControl: Bool) -> [Fragment] {
        if cutsLongestFirst { return longestFirst(text, parsesControl) }
        var fragments: [Fragment] = []
        var (start, index) = (text.startIndex, text.startIndex)
        while index < text.endIndex {
            guard let (special, byteCount) = longest(text[index...]) else {
                index += 1
                continue
            }
            let end = index + byteCount
            // Of the tokenizers library: the longest counts or nothing does, and the search goes
            // on behind it.
            if (special.isControl && !parsesControl) || !isWord(special, text, index..<end) {
                index = end
                continue
            }
            let range = stripped(special, text, index..<end, from: start)
            if start < range.lowerBound { fragments.append(.plain(text[start..<range.lowerBound])) }
            fragments.append(.special(special.id))
            start = range.upperBound
            // Whitespace that was swallowed may begin another piece all the same.
            index = end
        }
        if start < text.endIndex { fragments.append(.plain(text[start...])) }
        return fragments
    }

    private func isWord(_ special: Special, _ text: ArraySlice<UInt8>, _ range: Range<Int>) -> Bool
    {
        guard special.traits.contains(.isWord) else { return true }
        let before = String(decoding: text[..<range.lowerBound].suffix(4), as: UTF8.self)
        let after = String(decoding: text[range.upperBound...].prefix(4), as: UTF8.self)
        return !(before.unicodeScalars.last.map(UnicodeText.isWordCharacter) ?? false)
            && !(after.unicodeScalars.first.map(UnicodeText.isWordCharacter) ?? false)
    }

    /// The range with the whitespace around it that vanishes.
    private func stripped(
        _ special: Special, _ text: ArraySlice<UInt8>, _ range: Range<Int>, from start: Int
    ) -> Range<Int> {
        var (lower, upper) = (range.lowerBound, range.upperBound)
        if special.traits.contains(.stripsLeft) {
            while let count = whitespaceByteCount(before: lower, in: text[start...]) {
                lower -= count
            }
        }
        if special.traits.contains(.stripsRight) {
            while let count = whitespaceByteCount(at: upper, in: text) { upper += count }
        }
        return lower..<upper
    }

    // MARK: whitespace

    private func whitespaceByteCount(at index: Int, in text: ArraySlice<UInt8>) -> Int? {
        guard index < text.endIndex else { return nil }
        if text[index] < 0x80 { return isASCIISpace(text[index]) ? 1 : nil }
        if cutsLongestFirst { return nil }
        let ahead = String(decoding: text[index...].prefix(4), as: UTF8.self)
        guard let first = ahead.unicodeScalars.first, UnicodeText.isWhitespace(first) else {
            return nil
        }
        return UTF8.width(first)
    }

    private func whitespaceByteCount(before index: Int, in text: ArraySlice<UInt8>) -> Int? {
        guard index > text.startIndex else { return nil }
        if text[index - 1] < 0x80 { return isASCIISpace(text[index - 1]) ? 1 : nil }
        if cutsLongestFirst { return nil }
        let behind = String(decoding: text[..<index].suffix(4), as: UTF8.self)
        guard let last = behind.unicodeScalars.last, UnicodeText.isWhitespace(last) else {
            return nil
        }
        return UTF8.width(last)
    }

    private func isASCIISpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}

// MARK: llama.cpp's order

extension SpecialPieces {
    /// All places of the longest pieces first, then of shorter ones in what is left.
    private func longestFirst(_ text: ArraySlice<UInt8>, _ parsesControl: Bool) -> [Fragment] {
        var fragments: [Fragment] = [.plain(text)]
        for byteCount in byteCounts {
            var next: [Fragment] = []
            for fragment in fragments {
                if case .plain(let part) = fragment {
                    cut(part, byteCount, parsesControl, into: &next)
                } else {
                    next.append(fragment)
                }
            }
            fragments = next
        }
        return fragments
    }

    private func cut(
        _ part: ArraySlice<UInt8>, _ byteCount: Int, _ parsesControl: Bool,
        into fragments: inout [Fragment]
    ) {
        var (start, index) = (part.startIndex, part.startIndex)
        while index + byteCount <= part.endIndex {
            var found: Special?
            tree.forEachPrefix(of: part[index..<index + byteCount]) { place, count in
                guard count == byteCount else { return }
                found = specials[place].first { parsesControl || !$0.isControl }
            }
            guard let found else {
                index += 1
                continue
            }
            let range = stripped(found, part, index..<index + byteCount, from: start)
            if start < range.lowerBound { fragments.append(.plain(part[start..<range.lowerBound])) }
            fragments.append(.special(found.id))
            start = range.upperBound
            index = range.upperBound
        }
        if start < part.endIndex { fragments.append(.plain(part[start...])) }
    }
}
