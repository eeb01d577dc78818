/// Chooses tokens: Protocol.md, step by step.
///
/// Tokens rank by logit, the higher first, and by id, the lower first, where logits are equal. A
/// logit that is not a number counts as minus infinity. Buffers are kept between draws.
public struct Sampler: Sendable {
    public let settings: SamplingSettings
    var logits: [Float] = []
    /// How often tokens came; all -1 between draws.
    var counts: [Int32] = []
    private var weights: [Double] = []
    /// A binary heap of ids, the best on top; behind `heapCount`, the ids taken from it.
    private var heap: [Int32] = []
    private var heapCount = 0

    public init(_ settings: SamplingSettings) { self.settings = settings }

    /// The id for `position`, counted over prompt and answer from 0. `ids` are prompt and answer
    /// so far, the answer from `promptCount` on; only penalties look at them. O(vocabulary).
    public mutating func draw(
        _ newLogits: Span<Float>, position: Int, ids: [Int] = [], promptCount: Int = 0
    ) -> Int {
        precondition(newLogits.count > 0 && newLogits.count <= Int(Int32.max))
        if !settings.changesLogits {
            let best = Sampler.best(newLogits)
            if settings.temperature == 0 || !newLogits[best].isFinite { return best }
            load(newLogits)
            return draw(best: best, position: position)
        }
        load(newLogits)
        change(ids, promptCount: promptCount)
        let best = Sampler.best(logits.span)
        if settings.temperature == 0 || !logits[best].isFinite { return best }
        return draw(best: best, position: position)
    }

    private mutating func draw(best: Int, position: Int) -> Int {
        let selectedCount =
            settings.topK == 0 ? logits.count : min(settings.topK, logits.count)
        let total = weigh(best: best, selectedCount: selectedCount)
        let uniform = Chance.uniform(seed: settings.seed, position: position)
        return walk(total: total, selectedCount: selectedCount, uniform: uniform)
    }

    /// The id of the highest logit, the lowest such id: what temperature 0 takes.
    public static func best(_ logits: Span<Float>) -> Int {
        var (best, highest) = (0, -Float.infinity)
        for id in logits.indices where logits[id] > highest {
            (best, highest) = (id, logits[id])
        }
        return best
    }

    private mutating func load(_ newLogits: Span<Float>) {
        if logits.count != newLogits.count {
            logits = Array(repeating: 0, count: newLogits.count)
            weights = Array(repeating: 0, count: newLogits.count)
            heap = Array(repeating: 0, count: newLogits.count)
        }
        for id in newLogits.indices {
            let logit = newLogits[id]
            logits[id] = logit.isNaN ? -.infinity : logit
        }
    }

    /// Weighs the selected tokens, e^((logit - highest) / temperature), and returns their sum,
    /// taken in the order of ids. Afterwards the heap holds the selected tokens.
    private mutating func weigh(best: Int, selectedCount: Int) -> Double {
        let highest = Double(logits[best])
        let temperature = Double(settings.temperature)
        buildHeap()
        if selectedCount < logits.count {
            for id in weights.indices { weights[id] = 0 }
            for _ in 0..<selectedCount { weights[takeBest()] = 1 }
            heapCount = 0
            for id in weights.indices where weights[id] != 0 {
                heap[heapCount] = Int32(id)
                heapCount += 1
            }
            for parent in stride(from: heapCount / 2 - 1, through: 0, by: -1) { sink(parent) }
        }
        var total = 0.0
        for id in weights.indices where selectedCount == logits.count || weights[id] != 0 {
            weights[id] = Sampler.exponential((Double(logits[id]) - highest) / temperature)
            total = total + weights[id]
        }
        return total
    }

    /// Walks the selected tokens by rank: first to find where the nucleus ends, if there is one,
    /// then to the token at `uniform` of its sum.
    private mutating func walk(total: Double, selectedCount: Int, uniform: Double) -> Int {
        guard settings.topP < 1 || settings.minP > 0 else {
            return firstBeyond(uniform * total, of: selectedCount)
        }
        let wanted = settings.topP < 1 ? Double(settings.topP) * total : .infinity
        // The first weight is 1: the others' are shares of it.
        let least = Double(settings.minP)
        var (sum, takenCount, droppedCount) = (0.0, 0, 0)
        while takenCount < selectedCount {
            let weight = weights[takeBest()]
            takenCount += 1
            if weight < least {
                droppedCount = 1
                break
            }
            sum = sum + weight
            if sum >= wanted { break }
        }
        let target = uniform * sum
        var reached = 0.0
        var chosen = takenID(0, of: selectedCount)
        for rank in 0..<(takenCount - droppedCount) {
            let id = takenID(rank, of: selectedCount)
            if weights[id] == 0 { break }
            chosen = id
            reached = reached + weights[id]
            if reached > target { break }
        }
        return chosen
    }

    private mutating func firstBeyond(_ target: Double, of selectedCount: Int) -> Int {
        var reached = 0.0
        var chosen = Int(heap[0])
        for _ in 0..<selectedCount {
            let id = takeBest()
            if weights[id] == 0 { break }
            chosen = id
            reached = reached + weights[id]
            if reached > target { break }
        }
        return chosen
    }
}

// MARK: ranking

extension Sampler {
    private func ranksBefore(_ left: Int32, _ right: Int32) -> Bool {
        let (leftLogit, rightLogit) = (logits[Int(left)], logits[Int(right)])
        return leftLogit > rightLogit || (leftLogit == rightLogit && left < right)
    }

    private mutating func buildHeap() {
        heapCount = logits.count
        for id in heap.indices { heap[id] = Int32(id) }
        for parent in stride(from: heapCount / 2 - 1, through: 0, by: -1) { sink(parent) }
    }

    /// Takes the best id; it moves behind the heap, so that the ids taken stay readable in order.
    private mutating func takeBest() -> Int {
        heapCount -= 1
        heap.swapAt(0, heapCount)
        sink(0)
        return Int(heap[heapCount])
    }

    /// The id that was taken as number `rank` since the heap held `selectedCount` ids.
    private func takenID(_ rank: Int, of selectedCount: Int) -> Int {
        Int(heap[selectedCount - 1 - rank])
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var child = 2 * parent + 1
            guard child < heapCount else { return }
            if child + 1 < heapCount, ranksBefore(heap[child + 1], heap[child]) { child += 1 }
            guard ranksBefore(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
