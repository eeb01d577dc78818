import Identity
import Pipelines
import Primitives

/// The rows of a request so far, as a digest: requests of one entry whose rows begin alike share
/// the pages of that beginning.
///
/// Requests of different entries never do: how long an answer takes must not tell one prompter what
/// another asked. Only long steps count: what is decoded is hardly ever said twice.
struct RowPrefix {
    private var digest: Digest
    private var position = 0
    private var isWhole = true

    init(_ request: RequestID, model: Digest, layers: LayerRange) {
        let scope = request.entry.bytes + model.bytes
        let bounds = Digest.of(Digest.of(scope, for: .prefix), layers.lower, for: .prefix)
        digest = Digest.of(bounds, layers.upper, for: .prefix)
    }

    /// The pages that a step fills whole: the first row of each in the step, and the digest of all
    /// rows up to its end.
    mutating func pages(of step: Step, pageSize: Int) -> [(row: Int, digest: Digest)] {
        isWhole = isWhole && step.position == position && step.rowCount > Limits.shortStepRowCount
        guard isWhole else { return [] }
        var pages: [(row: Int, digest: Digest)] = []
        let rowByteCount = step.rows.count / step.rowCount
        for row in 0..<step.rowCount {
            let bytes = step.rows[row * rowByteCount..<(row + 1) * rowByteCount]
            digest = Digest.of(digest.bytes + bytes, for: .prefix)
            position += 1
            if position % pageSize == 0, row + 1 >= pageSize {
                pages.append((row + 1 - pageSize, digest))
            }
        }
        return pages
    }
}
