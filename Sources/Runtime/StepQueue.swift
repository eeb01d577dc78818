import Pipelines
import Primitives

/// Steps that wait at a stage, and which of their rows run together next.
///
/// Short steps come first, so that nobody's next token waits for another's long prompt; long steps
/// go in chunks; who has waited for some batches leads the next, whatever it is.
struct StepQueue: Sendable {
    struct Entry: Sendable {
        var step: Step
        var group: StepGroup
        /// By row: of all rows of the request up to that one; none where they are not known.
        var digests: [Digest] = []
        /// Rows that were run.
        var rowCount = 0
        /// What came of them.
        var output: [UInt8] = []
        var microseconds: UInt64 = 0
        /// Batches that went without it.
        var passedCount = 0

        var leftCount: Int { step.rowCount - rowCount }
        /// Where the outputs of neighbouring rows stand among those that are wanted: the step's
        /// last ones.
        func outputPlace(of rows: Range<Int>) -> Range<Int> {
            let skipped = step.rowCount - step.outputCount
            return max(0, rows.lowerBound - skipped)..<max(0, rows.upperBound - skipped)
        }
        var isShort: Bool { step.rowCount <= Limits.shortStepRowCount }
    }

    /// Rows of one entry for the next batch.
    struct Part: Hashable, Sendable {
        /// Where the entry stands in `entries`.
        var index: Int
        var rowCount: Int
    }

    /// In the order in which they came.
    private(set) var entries: [Entry] = []

    mutating func add(_ step: Step, group: StepGroup, digests: [Digest] = []) {
        entries.append(Entry(step: step, group: group, digests: digests))
    }

    /// Changes each entry in place, and takes out those that are complete afterwards.
    mutating func advance(_ change: (inout Entry) -> Void) -> [Entry] {
        for index in entries.indices { change(&entries[index]) }
        return takeComplete()
    }

    /// Takes out the entries of which every row was run.
    mutating func takeComplete() -> [Entry] {
        let complete = entries.filter { $0.leftCount == 0 }
        if !complete.isEmpty { entries.removeAll { $0.leftCount == 0 } }
        return complete
    }

    /// Takes out the steps that name their rows: those can't be run.
    mutating func takeNamed() -> [Step] {
        let named = entries.filter(\.step.isNamed)
        if !named.isEmpty { entries.removeAll(where: \.step.isNamed) }
        return named.map(\.step)
    }

    mutating func remove(_ id: RequestID) { entries.removeAll { $0.step.request == id } }

    /// Takes everything out.
    mutating func removeAll() -> [Entry] {
        defer { entries = [] }
        return entries
    }

    /// The parts of the next batch, all of one group and of requests that differ; none where
    /// nothing waits.
    ///
    /// - Parameter shortLimit: short steps that run at once, at most; the rest waits.
    func nextBatch(shortLimit: Int = .max) -> [Part] {
        guard let lead else { return [] }
        var parts = [part(lead, room: Limits.batchRowCount)]
        var rowCount = parts[0].rowCount
        var shortCount = entries[lead].isShort ? 1 : 0
        for isShort in [true, false] {
            for index in entries.indices where index != lead {
                let entry = entries[index]
                guard entry.group == entries[lead].group, entry.isShort == isShort else { continue }
                let room =
                    isShort
                    ? Limits.batchRowCount - rowCount
                    : min(
                        max(Limits.batchFillRowCount - rowCount, Limits.batchChunkRowCount),
                        Limits.batchRowCount - rowCount)
                let next = part(index, room: room)
                // A short step is run whole.
                guard next.rowCount > 0,
                    !isShort || next.rowCount == entry.leftCount && shortCount < shortLimit
                else { continue }
                if isShort { shortCount += 1 }
                parts.append(next)
                rowCount += next.rowCount
                if !isShort, rowCount >= Limits.batchFillRowCount { return parts }
            }
        }
        return parts
    }

    private func part(_ index: Int, room: Int) -> Part {
        Part(
            index: index,
            rowCount: min(entries[index].leftCount, room, Limits.batchFillRowCount))
    }

    private var lead: Int? {
        entries.firstIndex { $0.passedCount >= Limits.batchPatienceCount }
            ?? entries.firstIndex { $0.isShort } ?? entries.indices.first
    }

    /// The group of all that wait, where they are short steps of one group and nothing else waits.
    var onlyGroup: StepGroup? {
        guard let group = entries.first?.group,
            entries.allSatisfy({ $0.isShort && $0.group == group })
        else { return nil }
        return group
    }

    /// A batch ran: notes what came of each part.
    mutating func note(_ parts: [Part], outputs: [[UInt8]], microseconds: UInt64) {
        let rowCount = max(1, parts.reduce(0) { $0 + $1.rowCount })
        for index in entries.indices { entries[index].passedCount += 1 }
        for (part, output) in zip(parts, outputs) {
            entries[part.index].rowCount += part.rowCount
            entries[part.index].output += output
            entries[part.index].passedCount = 0
            // A batch is everybody's in proportion to the rows.
            entries[part.index].microseconds +=
                microseconds * UInt64(part.rowCount) / UInt64(rowCount)
        }
    }
}
