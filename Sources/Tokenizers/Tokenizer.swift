/// Turns text into ids and back. Immutable; made once from a `TokenizerModel`.
public struct Tokenizer: Sendable {
    public let model: TokenizerModel
    let merges: MergeTable
    let specials: SpecialPieces
    let splitter: WordSplitter?

    /// Throws where the model contradicts itself: ids out of range, counts that differ, a pattern
    /// that is none.
    public init(_ model: TokenizerModel) throws(TokenizerError) {
        try model.check()
        self.model = model
        merges = MergeTable(model)
        specials = SpecialPieces(model)
        splitter = model.kind == .bytePairs ? try WordSplitter(model.patterns) : nil
    }

    /// Ids of the vocabulary are below this.
    public var vocabularyCount: Int { model.pieces.count }

    /// The ids of a text.
    ///
    /// - `addSpecial`: put the begin and end pieces that the model wants around it.
    /// - `parseSpecial`: read the text of control pieces (`<|im_end|>`) as those pieces; without it
    ///   they are plain text, so that a prompter can't write them.
    public func encode(_ text: String, addSpecial: Bool, parseSpecial: Bool) -> [Int] {
        var ids: [Int] = []
        if addSpecial, model.addsBOS, let id = model.bosID { ids.append(id) }
        var followsSpecial = true
        for fragment in specials.fragments(of: Array(text.utf8), parsesControl: parseSpecial) {
            switch fragment {
            case .special(let id):
                ids.append(id)
                followsSpecial = true
            case .plain(let bytes):
                appendPlain(bytes, afterSpecial: followsSpecial, to: &ids)
                followsSpecial = false
            }
        }
        if addSpecial, model.addsEOS, let id = model.eosIDs.first { ids.append(id) }
        return ids
    }

    private func appendPlain(
        _ bytes: ArraySlice<UInt8>, afterSpecial: Bool, to ids: inout [Int]
    ) {
        guard !bytes.isEmpty else { return }
        switch model.kind {
        case .sentencePiece:
            var escaped: [UInt8] = []
            if model.addsSpacePrefix, afterSpecial { escaped += spaceMark }
            for byte in bytes {
                if byte == UInt8(ascii: " ") { escaped += spaceMark } else { escaped.append(byte) }
            }
            merges.append(charactersOf: escaped, to: &ids)
        case .bytePairs:
            let text = Array(bytes)
            for word in splitter?.words(of: text) ?? [] {
                merges.append(bytesOf: text[word], to: &ids)
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

    /// The bytes that an id adds to a text; none for an id outside of the vocabulary.
    func bytes(of id: Int, skipSpecial: Bool) -> [UInt8] {
        guard model.pieces.indices.contains(id) else { return [] }
        let piece = model.pieces[id]
        switch model.types[id] {
        case .control, .unknown: return skipSpecial ? [] : piece
        case .userDefined: return piece
        case .unused where model.kind == .sentencePiece: return []
        case .byte: return byteValue(ofPiece: piece).map { [$0] } ?? piece
        case .normal, .unused: return model.kind == .sentencePiece ? unescaped(piece) : piece
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
