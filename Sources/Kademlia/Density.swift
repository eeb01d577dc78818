internal import Primitives

/// How many nodes there are, from how densely they lie around the targets of finished lookups.
struct Density: Sendable {
    private var samples = OrderedTable<NodeID, Int>()
    private var order: [NodeID] = []

    /// Adds what a whole lookup saw: the distances of all nodes near `target` that are alive, this
    /// node's own among them, nearest first. One sample for each target, because two lookups of the
    /// same target say the same.
    mutating func add(target: NodeID, distances: [Bytes32], closestCount: Int) {
        let estimate: Int
        if distances.count < closestCount {
            estimate = distances.count
        } else {
            // (k - 1) / d_k with d_k as a fraction of the space: unbiased for one lookup.
            let last = max(distances[closestCount - 1].first, 1)
            let (high, low) = (UInt64(closestCount - 1), UInt64(0))
            estimate =
                high < last
                ? Int(clamping: last.dividingFullWidth((high, low)).quotient) : Int.max / 2
        }
        if samples[target] == nil { order.append(target) }
        samples[target] = estimate
        if order.count > Limits.densitySampleCount { samples.remove(order.removeFirst()) }
    }

    /// The median of all samples; nil before the first. The median of a Gamma(16) variable lies
    /// 4.2 percent off its mean, which is divided out where the samples are many enough for it.
    var median: Int? {
        guard !samples.isEmpty else { return nil }
        let sorted = samples.values.sorted()
        let middle = sorted[sorted.count / 2]
        guard sorted.count >= 5, middle > 64, middle < Int.max / 2_000 else { return middle }
        return middle * 1_000 / 958
    }
}
