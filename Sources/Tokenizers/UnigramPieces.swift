/// The pieces of a unigram model (Kudo 2018, "Subword Regularization"): of all sequences of pieces
/// that make up a word, the one whose scores have the highest sum.
///
/// Found from the left (Viterbi 1967): the best sequence that ends at a place is the best that ends
/// where its last piece begins, and that piece. A character that is no piece by itself may be
/// unknown, at ten below the lowest score. Of equal sums the one that was found first counts: the
/// one whose last piece is longer.
struct UnigramPieces: Sendable {
    private struct Step {
        var id = 0
        var start = -1
        var score = 0.0
    }

    private let pieces: PieceTree
    private let scores: [Double]
    private let unknownScore: Double
    private let unknownID: Int?
    /// By byte: the piece that stands for it.
    private var byteIDs: [Int?] = Array(repeating: nil, count: 256)

    init(_ model: TokenizerModel) {
        // llama.cpp gives user-defined pieces a score of their own, and finds unused ones.
        let isReadAsGGUF = model.cutsLongestFirst
        let found = model.pieces.indices.filter { id in
            guard model.scores[id] > -.infinity else { return false }
            return switch model.types[id] {
            case .normal, .userDefined: true
            case .unused: isReadAsGGUF
            case .byte: !isReadAsGGUF
            case .control, .unknown: false
            }
        }
        pieces = PieceTree(model.pieces, ids: found)
        scores = model.pieces.indices.map { id in
            isReadAsGGUF && model.types[id] == .userDefined ? 0 : model.scores[id]
        }
        let lowest = model.pieces.indices.filter { id in
            model.scores[id] > -.infinity && (!isReadAsGGUF || model.types[id] == .normal)
        }.map { model.scores[$0] }.min()
        unknownScore = (lowest ?? 0) - 10
        unknownID = model.unknownID
        for id in model.pieces.indices where model.types[id] == .byte && !isReadAsGGUF {
            if let byte = byteValue(ofPiece: model.pieces[id]) { byteIDs[Int(byte)] = id }
        }
    }

    /// Appends the ids of one word, in which U+2581 stands for spaces.
    func append(_ word: ArraySlice<UInt8>, to ids: inout [Int]) {
        let steps = bestSteps(word)
        var path: [(id: Int, range: Range<Int>)] = []
        var end = steps.count - 1
        while end > 0 {
            let step = steps[end]
            if step.id < 0, let last = path.last, last.id < 0 {
                // Neighbouring unknown characters are one.
                path[path.count - 1].range = step.start..<last.range.upperBound
            } else {
                path.append((step.id, step.start..<end))
            }
            end = step.start
        }
        for (id, range) in path.reversed() {
            if id >= 0 {
                ids.append(id)
                continue
            }
            let unknown = word.dropFirst(range.lowerBound).prefix(range.count)
            let bytes = unknown.compactMap { byteIDs[Int($0)] }
            ids += bytes.count == unknown.count ? bytes : [unknownID].compactMap { $0 }
        }
    }

    /// By place in the word: how the best sequence gets there. An unknown character has the id -1.
    private func bestSteps(_ word: ArraySlice<UInt8>) -> [Step] {
        var steps = [Step](repeating: Step(), count: word.count + 1)
        func offer(_ id: Int, _ score: Double, from start: Int, to end: Int) {
            let score = steps[start].score + score
            if steps[end].start < 0 || score > steps[end].score {
                steps[end] = Step(id: id, start: start, score: score)
            }
        }
        let starts = characterStarts(word).map { $0 - word.startIndex }
        for (index, start) in starts.enumerated() {
            let next = index + 1 < starts.count ? starts[index + 1] : word.count
            var isPiece = false
            pieces.forEachPrefix(of: word[(word.startIndex + start)...]) { id, byteCount in
                offer(id, scores[id], from: start, to: start + byteCount)
                if start + byteCount == next { isPiece = true }
            }
            if !isPiece { offer(-1, unknownScore, from: start, to: next) }
        }
        return steps
    }
}
