/// Turns text into ids and back. Immutable; made once from a `TokenizerModel`.
public struct Tokenizer: Sendable {
    public let model: TokenizerModel
    private let merges: MergeTable
    private let wordPieces: WordPieces?
    private let unigramPieces: UnigramPieces?
    private let normalizer: Normalizer
    private let splitter: WordSplitter
    /// Special pieces that are cut out of the text as it is, and of the normalized text.
    private let specials: SpecialPieces
    private let normalizedSpecials: SpecialPieces

    /// Throws where the model contradicts itself: ids out of range, counts that differ, a pattern
    /// that is none.
    public init(_ model: TokenizerModel) throws(TokenizerError) {
        try model.check()
        self.model = model
        merges = MergeTable(model)
        wordPieces = model.kind == .wordPiece ? WordPieces(model) : nil
        unigramPieces = model.kind == .unigram ? UnigramPieces(model) : nil
        normalizer = try Normalizer(model.normalizations)
        splitter = try WordSplitter(model.splittings)
        specials = SpecialPieces(model, normalizer, areNormalized: false)
        normalizedSpecials = SpecialPieces(model, normalizer, areNormalized: true)
    }

    /// Ids of the vocabulary are below this.
    public var vocabularyCount: Int { model.pieces.count }

    /// The ids of a text.
    ///
    /// - `addSpecial`: put the begin and end pieces that the model wants around it.
    /// - `parseSpecial`: read the text of control pieces (`<|im_end|>`) as those pieces; without it
    ///   they are plain text. A rendered chat needs it, and then also reads what its messages say:
    ///   who writes a message can write control pieces.
    public func encode(_ text: String, addSpecial: Bool, parseSpecial: Bool) -> [Int] {
        var ids = addSpecial ? model.prefixIDs : []
        let bytes = Array(text.utf8)
        for fragment in specials.fragments(of: bytes[...], parsesControl: parseSpecial) {
            switch fragment {
            case .special(let id): ids.append(id)
            case .plain(let part):
                let startsText = part.startIndex == 0
                appendPlain(part, startsText: startsText, parseSpecial: parseSpecial, to: &ids)
            }
        }
        return addSpecial ? ids + model.suffixIDs : ids
    }

    private func appendPlain(
        _ part: ArraySlice<UInt8>, startsText: Bool, parseSpecial: Bool, to ids: inout [Int]
    ) {
        let normalized = normalizer.normalized(part)
        guard !normalizedSpecials.isEmpty else {
            return appendWords(of: normalized, startsText: startsText, to: &ids)
        }
        let fragments = normalizedSpecials.fragments(
            of: normalized[...], parsesControl: parseSpecial)
        for fragment in fragments {
            switch fragment {
            case .special(let id): ids.append(id)
            case .plain(let part):
                let isFirst = startsText && part.startIndex == 0
                appendWords(of: Array(part), startsText: isFirst, to: &ids)
            }
        }
    }

    private func appendWords(of text: [UInt8], startsText: Bool, to ids: inout [Int]) {
        let words = splitter.words(of: text, startsText: startsText)
        for range in words.ranges {
            let word = words.text[range]
            switch model.kind {
            case .sentencePiece, .characterPairs: merges.append(charactersOf: word, to: &ids)
            case .bytePairs: merges.append(bytesOf: word, to: &ids)
            case .wordPiece: wordPieces?.append(word, to: &ids)
            case .unigram: unigramPieces?.append(word, to: &ids)
            }
        }
    }

    /// The text of ids. `skipSpecial` leaves control pieces out; else their own text is shown.
    /// Bytes that are no UTF-8 become U+FFFD. A SentencePiece text loses the one space that
    /// encoding put before it.
    public func decode(_ ids: [Int], skipSpecial: Bool) -> String {
        var decoder = StreamingDecoder(self, startsText: true, skipSpecial: skipSpecial)
        var text = ""
        for id in ids { text += decoder.append(id) }
        return text + decoder.finish()
    }

    /// The text of one id by itself, control pieces by their names; bytes that are no whole
    /// character become U+FFFD.
    public func text(of id: Int) -> String {
        String(decoding: bytes(of: id, skipSpecial: false), as: UTF8.self)
    }

    /// The bytes that an id adds to a text; none for an id outside of the vocabulary.
    func bytes(of id: Int, skipSpecial: Bool) -> [UInt8] {
        guard model.pieces.indices.contains(id) else { return [] }
        let piece = model.pieces[id]
        switch model.types[id] {
        case .control, .unknown: return skipSpecial ? [] : piece
        case .userDefined: return piece
        case .unused where model.kind != .bytePairs: return []
        case .byte: return byteValue(ofPiece: piece).map { [$0] } ?? piece
        case .normal, .unused:
            switch model.kind {
            case .bytePairs: return piece
            case .sentencePiece, .characterPairs, .unigram: return unescaped(piece)
            case .wordPiece:
                let isContinuation = model.traits[id].contains(.continuesWord)
                return isContinuation ? piece : [UInt8(ascii: " ")] + piece
            }
        }
    }

    private func unescaped(_ piece: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = 0
        while index < piece.count {
            if piece[index...].starts(with: spaceMark) {
                bytes.append(UInt8(ascii: " "))
                index += spaceMark.count
            } else {
                bytes.append(piece[index])
                index += 1
            }
        }
        return bytes
    }
}

/// U+2581 in UTF-8: a space in a SentencePiece vocabulary.
let spaceMark: [UInt8] = [0xE2, 0x96, 0x81]

/// The byte that a piece like `<0x0A>` stands for.
func byteValue(ofPiece piece: [UInt8]) -> UInt8? {
    guard piece.count == 6, piece.starts(with: Array("<0x".utf8)), piece[5] == UInt8(ascii: ">")
    else { return nil }
    return UInt8(String(decoding: piece[3..<5], as: UTF8.self), radix: 16)
}
