/// Pieces in the order of their bytes, so that those that begin alike are neighbours.
struct PieceTree: Sendable {
    private let pieces: [[UInt8]]
    /// Ids by the order of their pieces' bytes; of equal pieces only the last.
    private var order: [Int] = []
    /// By first byte: where pieces that begin with it start in `order`; the last is its end.
    private var starts: [Int] = []

    init(_ pieces: [[UInt8]], ids: [Int]) {
        self.pieces = pieces
        let sorted = ids.filter { !pieces[$0].isEmpty }.sorted { left, right in
            if pieces[left] == pieces[right] { return left < right }
            return pieces[left].lexicographicallyPrecedes(pieces[right])
        }
        for (index, id) in sorted.enumerated()
        where index + 1 == sorted.count || pieces[sorted[index + 1]] != pieces[id] {
            order.append(id)
        }
        starts = [0]
        for byte in UInt8.min...UInt8.max {
            var end = starts[starts.count - 1]
            while end < order.count, pieces[order[end]].first == byte { end += 1 }
            starts.append(end)
        }
    }

    /// Calls `body` with every piece that `text` begins with, the shortest first.
    func forEachPrefix(
        of text: ArraySlice<UInt8>, _ body: (_ id: Int, _ byteCount: Int) -> Void
    ) {
        guard let first = text.first else { return }
        var range = starts[Int(first)]..<starts[Int(first) + 1]
        var byteCount = 1
        while !range.isEmpty {
            // What begins with all bytes so far and is no longer comes before all others.
            if pieces[order[range.lowerBound]].count == byteCount {
                body(order[range.lowerBound], byteCount)
                range = range.lowerBound + 1..<range.upperBound
            }
            guard byteCount < text.count else { return }
            let byte = text[text.startIndex + byteCount]
            let lower = bound(range, at: byteCount) { $0 < byte }
            range = lower..<bound(lower..<range.upperBound, at: byteCount) { $0 <= byte }
            byteCount += 1
        }
    }

    /// The first place in `range` whose piece has a byte at `index` that is not before the bound.
    private func bound(
        _ range: Range<Int>, at index: Int, _ isBefore: (UInt8) -> Bool
    ) -> Int {
        var (lower, upper) = (range.lowerBound, range.upperBound)
        while lower < upper {
            let middle = (lower + upper) / 2
            if isBefore(pieces[order[middle]][index]) { lower = middle + 1 } else { upper = middle }
        }
        return lower
    }
}
