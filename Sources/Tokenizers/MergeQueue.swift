/// Merges neighbouring symbols of one word, the lowest rank first and of equal ones the leftmost.
///
/// A linked list of symbols and a binary heap of the pairs that may be merged: O(n log n) for n
/// symbols, whatever they are. Pairs whose symbols changed meanwhile are dropped when they come up.
struct MergeQueue {
    private struct Symbol {
        var value: UInt32
        var previous: Int32
        var next: Int32
        var start: Int
    }

    private struct Candidate {
        /// Rank in the upper half, index of the left symbol in the lower: the order of merging.
        var key: UInt64
        var left: UInt32
        var right: UInt32
        var result: UInt32
    }

    private var symbols: [Symbol] = []
    private var heap: [Candidate] = []

    init(reserving count: Int) { symbols.reserveCapacity(count) }

    /// Adds a symbol at the end; it starts at `start` in the text.
    mutating func append(_ value: UInt32, at start: Int) {
        let index = Int32(symbols.count)
        if index > 0 { symbols[Int(index) - 1].next = index }
        symbols.append(Symbol(value: value, previous: index - 1, next: -1, start: start))
    }

    mutating func merge(_ entries: [UInt64: MergeTable.Entry]) {
        for index in symbols.indices.dropLast() { consider(index, entries) }
        while let best = popFirst() {
            let left = Int(UInt32(truncatingIfNeeded: best.key))
            let right = Int(symbols[left].next)
            guard right >= 0, symbols[left].value == best.left, symbols[right].value == best.right
            else { continue }
            symbols[left].value = best.result
            let after = symbols[right].next
            symbols[left].next = after
            if after >= 0 { symbols[Int(after)].previous = Int32(left) }
            // No symbol has this value, so nothing merges with a slot that is gone.
            symbols[right].value = .max
            symbols[right].next = -1
            if symbols[left].previous >= 0 { consider(Int(symbols[left].previous), entries) }
            consider(left, entries)
        }
    }

    /// Calls `body` with what is left, in order, and the range of the text that it covers.
    func forEach(end: Int, _ body: (UInt32, Range<Int>) -> Void) {
        var index = symbols.isEmpty ? -1 : 0
        while index >= 0 {
            let next = Int(symbols[index].next)
            body(
                symbols[index].value, symbols[index].start..<(next < 0 ? end : symbols[next].start))
            index = next
        }
    }

    private mutating func consider(_ left: Int, _ entries: [UInt64: MergeTable.Entry]) {
        let right = Int(symbols[left].next)
        guard right >= 0 else { return }
        let (first, second) = (symbols[left].value, symbols[right].value)
        guard let entry = entries[UInt64(first) << 32 | UInt64(second)] else { return }
        push(
            Candidate(
                key: UInt64(entry.rank) << 32 | UInt64(left), left: first, right: second,
                result: entry.result))
    }

    private mutating func push(_ candidate: Candidate) {
        var index = heap.count
        heap.append(candidate)
        while index > 0 {
            let parent = (index - 1) / 2
            guard candidate.key < heap[parent].key else { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = candidate
    }

    private mutating func popFirst() -> Candidate? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].key < heap[child].key { child += 1 }
            guard heap[child].key < last.key else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = last
        return first
    }
}
