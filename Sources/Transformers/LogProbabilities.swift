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
        let best = LogProbabilities.best(logits, count)
        let first = best.first ?? Sampler.best(logits)
        let highest = Double(logits[first])
        guard highest.isFinite else {
            // Nothing is likely, or one is infinitely more so.
            let value = { (other: Int) in logits[other] == logits[first] ? 0.0 : -.infinity }
            chosen = Entry(id: id, value: value(id))
            self.best = best.map { Entry(id: $0, value: value($0)) }
            return
        }
        var total = 0.0
        for other in logits.indices {
            total = total + Sampler.exponential(Double(logits[other]) - highest)
        }
        let logarithm = Sampler.logarithm(total)
        func value(_ other: Int) -> Double {
            let logit = Double(logits[other])
            return logit.isNaN ? -.infinity : (logit - highest) - logarithm
        }
        chosen = Entry(id: id, value: value(id))
        self.best = best.map { Entry(id: $0, value: value($0)) }
    }

    /// The ids of the highest logits, by rank: the higher first, of equal ones the lower id.
    private static func best(_ logits: Span<Float>, _ count: Int) -> [Int] {
        var best: [Int] = []
        guard count > 0 else { return best }
        func rank(_ id: Int) -> Float { logits[id].isNaN ? -.infinity : logits[id] }
        for id in logits.indices {
            if best.count == count, let last = best.last, rank(id) <= rank(last) { continue }
            let place = best.firstIndex { rank($0) < rank(id) } ?? best.count
            best.insert(id, at: place)
            if best.count > count { best.removeLast() }
        }
        return best
    }
}
