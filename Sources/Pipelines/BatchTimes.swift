internal import Primitives

/// How long batches of few rows take where nothing disturbs them, by their number of rows.
struct BatchTimes: Sendable {
    /// The lower edge of what was measured: a shorter time counts at once, and with every longer
    /// one it rises a little.
    private struct Edge: Sendable {
        var nanoseconds: UInt64
        var sampleCount = 1
        /// The batch that was measured last.
        var number: UInt64
    }

    private var edges: [Edge?] = Array(
        repeating: nil, count: Limits.shortStepRowCount + 1)
    private var batchNumber: UInt64 = 0

    /// A batch of so many rows ran. Longer ones than short steps are not remembered.
    mutating func add(rowCount: Int, _ time: Interval) {
        guard edges.indices.contains(rowCount) else { return }
        batchNumber += 1
        var edge = Edge(nanoseconds: time.nanoseconds, number: batchNumber)
        if let earlier = current(rowCount) {
            let rise = earlier.nanoseconds / UInt64(Limits.batchTimeRiseDivisor)
            edge.nanoseconds = min(earlier.nanoseconds + rise, time.nanoseconds)
            edge.sampleCount = earlier.sampleCount + 1
        }
        edges[rowCount] = edge
    }

    private func current(_ rowCount: Int) -> Edge? {
        guard edges.indices.contains(rowCount), let edge = edges[rowCount],
            batchNumber - edge.number < Limits.batchTimeMemoryCount
        else { return nil }
        return edge
    }

    /// What was measured often and not too long ago.
    private func known(_ rowCount: Int) -> UInt64? {
        guard let edge = current(rowCount), edge.sampleCount >= Limits.batchTimeSampleCount
        else { return nil }
        return edge.nanoseconds
    }

    /// What a batch of so many rows should take; nil where nothing is known.
    ///
    /// What lies between two known times is taken to lie on the line between them. More rows than
    /// are known count as free, and fewer as so much faster, so that both are tried; those that are
    /// never remembered take their share more.
    func time(rowCount: Int) -> Interval? {
        let most = edges.count - 1
        guard rowCount <= most else {
            return time(rowCount: most).map { $0 * rowCount / most }
        }
        if let time = known(rowCount) { return Interval(nanoseconds: time) }
        let below = (1..<max(1, rowCount)).last { known($0) != nil }
        let above = (rowCount + 1..<most + 1).first { known($0) != nil }
        switch (below, above) {
        case (let below?, let above?):
            let (low, high) = (known(below) ?? 0, known(above) ?? 0)
            guard high > low else { return Interval(nanoseconds: high) }
            let step = (high - low) / UInt64(above - below)
            return Interval(nanoseconds: low + step * UInt64(rowCount - below))
        case (let below?, nil): return known(below).map { Interval(nanoseconds: $0) }
        case (nil, let above?):
            return known(above).map { Interval(nanoseconds: $0) * rowCount / above }
        case (nil, nil): return nil
        }
    }
}
