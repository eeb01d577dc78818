/// How likely tokens were, by the model's own logits: before temperature, biases and penalties.
public struct LogProbabilities: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var id: Int
        /// Natural logarithm, at most 0; minus infinity where the logit is.
        public var value: Double
    }

    public var chosen: Entry
    /// The most likely ones, by rank.
    public var best: [Entry]

    /// Of `id`, and of the `count` most likely tokens. O(vocabulary x count).
    public init(_ logits: Span<Float>, of id: Int, bestCount count: Int) {
        precondition(logits.indices.contains(id))
        let first = Sampler.best(logits)
        let highest = Double(logits[first])
        var logarithm = 0.0
        if highest.isFinite {
            var total = 0.0
            for other in logits.indices {
                total = total + Sampler.exponential(Double(logits[other]) - highest)
            }
            logarithm = Sampler.logarithm(total)
        }
        func entry(_ id: Int, _ logit: Float) -> Entry {
            // Nothing is likely, or one is infinitely more so.
            guard highest.isFinite else {
                return Entry(id: id, value: Double(logit) == highest ? 0 : -.infinity)
            }
            let value = logit.isNaN ? -.infinity : (Double(logit) - highest) - logarithm
            return Entry(id: id, value: value)
        }
        chosen = entry(id, logits[id])
        best = []
        for other in LogProbabilities.best(logits, count) {
            best.append(entry(other, logits[other]))
        }
    }

    /// The ids of the highest logits, by rank: the higher first, of equal ones the lower id.
    private static func best(_ logits: Span<Float>, _ count: Int) -> [Int] {
        var best: [(id: Int, logit: Float)] = []
        guard count > 0 else { return [] }
        for id in logits.indices {
            let logit = logits[id].isNaN ? -.infinity : logits[id]
            if best.count == count, let last = best.last, logit <= last.logit { continue }
            let place = best.firstIndex { $0.logit < logit } ?? best.count
            best.insert((id, logit), at: place)
            if best.count > count { best.removeLast() }
        }
        return best.map(\.id)
    }
}
