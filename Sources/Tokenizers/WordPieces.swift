/// The pieces of WordPiece (Wu et al. 2016; BERT's `WordpieceTokenizer`): from the left of a word,
/// always the longest that fits.
struct WordPieces: Sendable {
    private var beginnings: [[UInt8]: Int] = [:]
    private var continuations: [[UInt8]: Int] = [:]
    private var longestByteCount = 0
    private let characterCount: Int
    private let unknownID: Int?
    /// llama.cpp writes beginnings with U+2581, and finds them by it inside of words too.
    private let readsMarks: Bool

    init(_ model: TokenizerModel) {
        characterCount = model.wordCharacterCount
        unknownID = model.unknownID
        readsMarks = model.cutsLongestFirst
        for id in model.pieces.indices where model.types[id] != .unused {
            let piece = model.pieces[id]
            longestByteCount = max(longestByteCount, piece.count)
            if model.traits[id].contains(.continuesWord) {
                if continuations[piece] == nil { continuations[piece] = id }
            } else if beginnings[piece] == nil {
                beginnings[piece] = id
            }
        }
    }

    /// Appends the ids of one word: its pieces, or the unknown one where no pieces make it up.
    func append(_ word: ArraySlice<UInt8>, to ids: inout [Int]) {
        let count = ids.count
        if characterCount == 0 || characterStarts(word).count <= characterCount {
            var start = word.startIndex
            while start < word.endIndex, let (id, end) = longest(word, from: start) {
                ids.append(id)
                start = end
            }
            if start == word.endIndex { return }
        }
        ids.removeLast(ids.count - count)
        if let unknownID { ids.append(unknownID) }
    }

    private func longest(_ word: ArraySlice<UInt8>, from start: Int) -> (id: Int, end: Int)? {
        var end = min(word.endIndex, start + longestByteCount)
        while end > start {
            let isCut = end < word.endIndex && word[end] & 0xC0 == 0x80
            let part = Array(word[start..<end])
            let pieces = start == word.startIndex ? beginnings : continuations
            if !isCut, let id = pieces[part] { return (id, end) }
            if !isCut, readsMarks, start > word.startIndex, part.starts(with: spaceMark),
                let id = beginnings[Array(part.dropFirst(spaceMark.count))]
            {
                return (id, end)
            }
            end -= 1
        }
        return nil
    }
}
