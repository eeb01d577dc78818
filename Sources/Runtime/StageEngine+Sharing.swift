import Pipelines
import Primitives
import Transformers

/// Rows that a request need not compute, since another one of its entry had the same.
extension StageEngine {
    /// Takes rows from pages that are known.
    func shareRows(_ state: inout State) -> [EngineAnswer] {
        let caches = state.caches
        let complete = state.queue.advance { entry in
            guard let cache = caches[entry.step.request] else { return }
            while entry.leftCount > 0 {
                let rows = entry.rowCount..<entry.step.rowCount
                let first = entry.step.position + entry.rowCount
                guard
                    let found = cache.state.share(
                        entry.digests.dropFirst(entry.rowCount),
                        silentCount: rows.count - entry.outputPlace(of: rows).count,
                        rowByteCount: cache.rowByteCount)
                else { break }
                cache.recent.note(found.output, of: first..<first + found.rowCount)
                cache.recent.trim()
                entry.rowCount += found.rowCount
                entry.output += found.output
            }
        }
        // They were no work, and say nothing of when the next ones come.
        for entry in complete { state.cohorts.remove(entry.step.request) }
        return complete.map(answer)
    }

    /// Lets others share the pages that a batch filled.
    func publish(_ parts: [StepQueue.Part], _ outputs: [[UInt8]], _ state: inout State) {
        for (part, output) in zip(parts, outputs) {
            let entry = state.queue.entries[part.index]
            guard let cache = state.caches[entry.step.request] else { continue }
            let end = entry.step.position + entry.rowCount
            cache.recent.note(output, of: end - part.rowCount..<end)
            let size = cache.state.pagePositionCount
            for index in (end - part.rowCount) / size..<end / size {
                cache.publish(index, rows: index * size..<(index + 1) * size)
            }
            cache.recent.trim()
        }
    }

    /// Forgets what was kept for long enough, and says when that is so again.
    func forget(_ state: inout State) -> ComputeRound {
        guard let next = state.pool.nextForgetting else { return .rest }
        let now = SystemClock.now()
        guard next <= now else { return .wait(until: next) }
        state.pool.forget(at: now)
        return .again
    }
}

extension StageEngine.RequestCache {
    /// Lets others share a page, as far as it is known what its rows were.
    func publish(_ page: Int, rows: Range<Int>) {
        guard prefix.digests.count >= rows.upperBound else { return }
        let output = recent.output(of: rows)
        state.publish(
            page: page, digests: Array(prefix.digests[rows]),
            // Of a prompt's step, the last stage is never asked for more than one.
            output: Array(isLast ? output.suffix(rowByteCount) : output))
    }

    /// The request ends: its last page gets no more rows.
    func publishEnd() {
        let (page, rowCount) = state.positionCount.quotientAndRemainder(
            dividingBy: state.pagePositionCount)
        guard rowCount > 0 else { return }
        publish(page, rows: state.positionCount - rowCount..<state.positionCount)
    }
}

extension StageEngine.State {
    /// A request of an entry has ended whose pages are kept.
    mutating func keep(_ origin: Digest, until: Instant) {
        if keepers.count >= Limits.keptEntryCount { keepers = OrderedTable() }
        keepers[origin] = until
    }

    /// Whether pages may be here that were kept of an entry's earlier requests to the same layers.
    func keepsPages(of origin: Digest, at now: Instant) -> Bool {
        guard let until = keepers[origin], now < until else { return false }
        return pool.figures.knownPageCount > 0
    }

    /// Takes out the named steps of which something was not kept: their rows have to come.
    mutating func takeUnknown() -> [EngineAnswer] {
        queue.takeNamed().map { step in
            if let cache = caches[step.request] {
                cache.state.truncate(to: min(cache.state.positionCount, step.position))
                cache.prefix.truncate(to: step.position)
                cache.recent.truncate(to: step.position)
            }
            cohorts.remove(step.request)
            return .rowsNotKnown(step.request, step)
        }
    }
}
