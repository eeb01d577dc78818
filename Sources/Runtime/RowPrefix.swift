import Identity
import Pipelines
import Primitives

/// The rows of a request so far, as digests: requests of one entry whose rows begin alike share
/// the pages of that beginning, of the same layers.
struct RowPrefix {
    /// What all requests of one entry to the same layers have in common.
    let origin: Digest
    private var names: RowNames
    /// By position: of all rows up to that one. None where the cache came from another holder.
    private(set) var digests: [Digest] = []

    /// - Parameter isLong: whether positions are rotated by the divisors for long texts: what is
    ///   computed of equal rows differs then.
    init(_ request: RequestID, model: Digest, layers: LayerRange, isLong: Bool) {
        names = RowNames(entry: request.entry, model: model, layer: layers.lower)
        let end = Digest.of(names.origin, layers.upper, for: .prefix)
        origin = isLong ? Digest.of(end, 1, for: .prefix) : end
    }

    /// The digests of a step's rows, which take the place of what was known from there on.
    mutating func add(_ step: Step) -> [Digest] {
        guard step.position <= digests.count else { return [] }
        truncate(to: step.position)
        names.add(step)
        for name in names.digests[step.position...] {
            // Whoever learns another entry's names finds nothing by them.
            digests.append(Digest.of(origin.bytes + name.bytes, for: .prefix))
        }
        return Array(digests[step.position...])
    }

    /// Forgets the rows from `position` on: they came to nothing.
    mutating func truncate(to position: Int) {
        names.truncate(to: position)
        digests.removeLast(max(0, digests.count - position))
    }
}

/// What came of a request's last rows: those of a page that several steps fill, and some before it,
/// into which a step may go back.
struct RecentOutput {
    private let rowByteCount: Int
    private let rowCountMaximum: Int
    private var bytes: [UInt8] = []
    /// Behind the last row.
    private var end = 0

    init(rowByteCount: Int, pageSize: Int) {
        self.rowByteCount = rowByteCount
        rowCountMaximum = pageSize + Limits.shortStepRowCount
    }

    /// What came of the last of these rows: not of all, where the outcome of some is not wanted.
    mutating func note(_ output: some Collection<UInt8>, of rows: Range<Int>) {
        truncate(to: rows.lowerBound)
        if end != rows.lowerBound || output.count != rows.count * rowByteCount { bytes = [] }
        bytes += output
        end = rows.upperBound
    }

    /// Forgets rows that no page needs which is not full yet.
    mutating func trim() {
        let surplus = bytes.count / max(1, rowByteCount) - rowCountMaximum
        // Not with every row: what is left has to move.
        if surplus >= Limits.shortStepRowCount { bytes.removeFirst(surplus * rowByteCount) }
    }

    /// Forgets the rows from `position` on.
    mutating func truncate(to position: Int) {
        guard position < end else { return }
        bytes.removeLast(min(bytes.count, (end - position) * rowByteCount))
        end = position
    }

    /// What came of the last of these rows, as far as it is known.
    func output(of rows: Range<Int>) -> ArraySlice<UInt8> {
        let upper = bytes.count - (end - rows.upperBound) * rowByteCount
        guard rows.upperBound <= end, upper > 0 else { return [] }
        return bytes[max(0, upper - rows.count * rowByteCount)..<upper]
    }
}
