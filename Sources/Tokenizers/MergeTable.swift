import Primitives

/// Merges of both kinds in one form: a pair of symbols, when it is merged, and what it becomes.
///
/// Symbols are piece ids. Characters and bytes that are no piece themselves, but may be part of
/// one, have symbols from the vocabulary's size on.
struct MergeTable: Sendable {
    struct Entry: Sendable {
        /// Lower is merged earlier; of equal ones the leftmost.
        var rank: UInt32
        var result: UInt32
    }

    private let model: TokenizerModel
    private var entries: [UInt64: Entry] = [:]
    /// Symbols by their text. SentencePiece, character pairs: pieces and single characters. Byte
    /// pairs, merges ignored: pieces.
    private var symbols: [[UInt8]: UInt32] = [:]
    private var byteSymbols: [UInt32]

    init(_ model: TokenizerModel) {
        self.model = model
        byteSymbols = (0..<256).map { UInt32(model.pieces.count + $0) }
        switch model.kind {
        case .sentencePiece: addScoredPairs()
        case .bytePairs:
            addByteSymbols()
            addRankedPairs()
        case .characterPairs:
            addCharacterSymbols()
            addRankedPairs()
        case .wordPiece, .unigram: break
        }
    }

    private func isMergeable(_ id: Int) -> Bool {
        model.types[id] == .normal || model.types[id] == .userDefined
    }

    private mutating func addByteSymbols() {
        for id in model.pieces.indices where model.types[id] == .normal {
            let piece = model.pieces[id]
            if piece.count == 1, Int(byteSymbols[Int(piece[0])]) >= model.pieces.count {
                byteSymbols[Int(piece[0])] = UInt32(id)
            }
            if model.ignoresMerges, symbols[piece] == nil { symbols[piece] = UInt32(id) }
        }
    }

    private mutating func addCharacterSymbols() {
        for id in model.pieces.indices where model.types[id] != .unused {
            if model.types[id] == .byte, let byte = byteValue(ofPiece: model.pieces[id]) {
                byteSymbols[Int(byte)] = UInt32(id)
            }
            if symbols[model.pieces[id]] == nil { symbols[model.pieces[id]] = UInt32(id) }
        }
    }

    private mutating func addRankedPairs() {
        entries.reserveCapacity(model.merges.count)
        for (rank, merge) in model.merges.enumerated() {
            let pair = UInt64(merge.left) << 32 | UInt64(merge.right)
            if entries[pair] == nil {
                entries[pair] = Entry(rank: UInt32(rank), result: UInt32(merge.result))
            }
        }
    }

    /// Every split of a piece into two symbols is a merge with the piece's score. Splits of long
    /// pieces would take time that grows with the square of their length.
    private mutating func addScoredPairs() {
        func isMergeable(_ id: Int) -> Bool {
            self.isMergeable(id) && model.pieces[id].count <= Limits.mergedPieceByteCount
        }
        for id in model.pieces.indices {
            if model.types[id] == .byte, let byte = byteValue(ofPiece: model.pieces[id]) {
                byteSymbols[Int(byte)] = UInt32(id)
            }
            if isMergeable(id), symbols[model.pieces[id]] == nil {
                symbols[model.pieces[id]] = UInt32(id)
            }
        }
        let ranks = scoreRanks()
        var characterCount = 0
        for id in model.pieces.indices where isMergeable(id) {
            let piece = model.pieces[id]
            guard symbols[piece] == UInt32(id) else { continue }
            let starts = characterStarts(piece[...]).dropFirst()
            for start in starts {
                let halves = [Array(piece[..<start]), Array(piece[start...])]
                let isOne = [start == starts.first, start == starts.last]
                for side in 0..<2 where isOne[side] && symbols[halves[side]] == nil {
                    // After the 256 that stand for bytes.
                    symbols[halves[side]] = UInt32(model.pieces.count + 256 + characterCount)
                    characterCount += 1
                }
                guard let left = symbols[halves[0]], let right = symbols[halves[1]] else {
                    continue
                }
                let entry = Entry(rank: ranks[id], result: UInt32(id))
                entries[UInt64(left) << 32 | UInt64(right)] = entry
            }
        }
    }

    /// By id: how many different scores are higher.
    private func scoreRanks() -> [UInt32] {
        let order = model.pieces.indices.sorted { model.scores[$0] > model.scores[$1] }
        var ranks = [UInt32](repeating: 0, count: model.pieces.count)
        var rank: UInt32 = 0
        for (previous, id) in zip(order, order.dropFirst()) {
            if model.scores[id] < model.scores[previous] { rank += 1 }
            ranks[id] = rank
        }
        return ranks
    }

    /// Appends the ids of one word of characters, which has U+2581 for spaces already.
    func append(charactersOf text: ArraySlice<UInt8>, to ids: inout [Int]) {
        if isTakenWhole(text), let id = symbols[Array(text)], Int(id) < model.pieces.count {
            return ids.append(Int(id))
        }
        let starts = characterStarts(text)
        var queue = MergeQueue(reserving: starts.count)
        for (index, start) in starts.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] : text.endIndex
            if let symbol = symbols[Array(text[start..<end])] {
                queue.append(symbol, at: start)
            } else if !dropsUnknown || hasBytes(text[start..<end]) {
                queue.append(UInt32.max, at: start)
            }
        }
        queue.merge(entries)
        var wasUnknown = false
        queue.forEach(end: text.endIndex) { symbol, range in
            if Int(symbol) < model.pieces.count {
                wasUnknown = false
                return ids.append(Int(symbol))
            }
            wasUnknown = appendBytes(text[range], afterUnknown: wasUnknown, to: &ids)
        }
    }

    private func isTakenWhole(_ word: ArraySlice<UInt8>) -> Bool {
        guard model.kind == .characterPairs else { return false }
        if model.ignoresMerges { return true }
        return model.takesLineFeedsWhole && word.allSatisfy { $0 == UInt8(ascii: "\n") }
    }

    /// Appends the ids of one word of bytes.
    func append(bytesOf word: ArraySlice<UInt8>, to ids: inout [Int]) {
        if model.ignoresMerges, let id = symbols[Array(word)] { return ids.append(Int(id)) }
        var queue = MergeQueue(reserving: word.count)
        for index in word.indices {
            let symbol = byteSymbols[Int(word[index])]
            if Int(symbol) < model.pieces.count || !dropsUnknown { queue.append(symbol, at: index) }
        }
        queue.merge(entries)
        queue.forEach(end: word.endIndex) { symbol, _ in
            if Int(symbol) < model.pieces.count {
                ids.append(Int(symbol))
            } else if let id = model.unknownID {
                ids.append(id)
            }
        }
    }

    /// Whether symbols that are no piece vanish before their neighbours are merged: so it is in the
    /// tokenizers library where there is no unknown piece.
    private var dropsUnknown: Bool {
        !model.cutsLongestFirst && model.unknownID == nil && model.kind != .sentencePiece
    }

    private func hasBytes(_ character: ArraySlice<UInt8>) -> Bool {
        character.allSatisfy { Int(byteSymbols[Int($0)]) < model.pieces.count }
    }

    /// A character that is no piece: its bytes, or one unknown piece where bytes are none either.
    /// Returns whether it is unknown.
    private func appendBytes(
        _ bytes: ArraySlice<UInt8>, afterUnknown: Bool, to ids: inout [Int]
    ) -> Bool {
        let symbols = bytes.map { Int(byteSymbols[Int($0)]) }
        if symbols.allSatisfy({ $0 < model.pieces.count }) {
            ids += symbols
            return false
        }
        if let id = model.unknownID, !(afterUnknown && model.fusesUnknown) { ids.append(id) }
        return true
    }
}

/// Where the characters of a UTF-8 text start.
func characterStarts(_ text: ArraySlice<UInt8>) -> [Int] {
    text.indices.filter { text[$0] & 0xC0 != 0x80 }
}
