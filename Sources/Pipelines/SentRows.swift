internal import Primitives

/// What one end of a hop sent for a request: rows that it can send again, to whoever takes the
/// place of their first recipient.
///
/// Kept in the order of positions; beyond the limit the oldest are forgotten.
struct SentRows: Sendable {
    /// One step's results, or one replay's.
    private struct Part: Sendable {
        /// The step's index; nil for rows that were themselves a replay.
        var index: Int?
        var position: Int
        var rowCount: Int
        var resultCount: Int
        var stageMicroseconds: [UInt32]
        var rows: [UInt8]

        var end: Int { position + rowCount }

        /// Forgets the rows from `position` on. To the entry went the last ones alone, as many as
        /// it wanted.
        mutating func cut(at position: Int, toEntry: Bool) {
            let heldCount = toEntry ? resultCount : rowCount
            let leftCount = max(0, heldCount - (end - position))
            if heldCount > 0 {
                rows.removeLast((heldCount - leftCount) * (rows.count / heldCount))
            }
            rowCount = position - self.position
            resultCount = toEntry ? leftCount : min(resultCount, rowCount)
        }
    }

    private var parts: [Part] = []
    private(set) var byteCount = 0
    /// Up to where rows were forgotten, and the last step among them.
    private var forgottenPosition = 0
    private var forgottenIndex = -1
    private(set) var hop: StageHop
    /// The next position to replay.
    private var cursor = 0
    /// Ends of the replays that were not confirmed yet, oldest first.
    private var replayEnds: [Int] = []
    /// Of all rows so far, while the hop gets names in place of rows.
    private var names: RowNames?
    /// Whether the hop may yet want rows that it was only told the names of.
    private var hasNamed = false

    init(hop: StageHop) { self.hop = hop }

    private var end: Int { parts.last?.end ?? forgottenPosition }

    /// Whether everything that the hop wants is here still.
    var servesHop: Bool {
        forgottenIndex < hop.resumeIndex
            && (hop.replayPosition <= cursor || forgottenPosition <= cursor)
    }

    /// Keeps a result in place of what it overwrites.
    ///
    /// - Parameters:
    ///   - limit: bytes that may be kept here.
    ///   - room: bytes that may be kept beside all that are, here and elsewhere.
    mutating func keep(_ step: Step, limit: Int, room: Int) {
        cut(at: step.position)
        // The entry gets only the results that it wants: there are gaps between them.
        let isNext = hop.record == nil ? end <= step.position : end == step.position
        guard isNext else { return forget(parts.count, and: step) }
        let limit = min(limit, byteCount + room)
        var (count, left) = (0, byteCount + step.rows.count)
        while left > limit, count < parts.count {
            left -= parts[count].rows.count
            count += 1
        }
        guard left <= limit else { return forget(parts.count, and: step) }
        if count > 0 { forget(count, and: nil) }
        byteCount += step.rows.count
        parts.append(
            Part(
                index: step.isReplay ? nil : step.index, position: step.position,
                rowCount: step.rowCount, resultCount: step.resultCount,
                stageMicroseconds: step.stageMicroseconds, rows: step.rows))
    }

    /// Drops the rows from a position on: drafted ahead, and overwritten by the step that begins
    /// there.
    mutating func cut(at position: Int) {
        while let last = parts.last, last.position >= position {
            byteCount -= last.rows.count
            parts.removeLast()
        }
        guard var last = parts.popLast() else { return }
        byteCount -= last.rows.count
        if position < last.end { last.cut(at: position, toEntry: hop.record == nil) }
        byteCount += last.rows.count
        parts.append(last)
    }

    /// Forgets the oldest parts, and a step that was never kept.
    private mutating func forget(_ count: Int, and step: Step?) {
        for part in parts[..<count] {
            byteCount -= part.rows.count
            forgottenIndex = max(forgottenIndex, part.index ?? -1)
            forgottenPosition = part.end
        }
        parts.removeFirst(count)
        if let step {
            forgottenIndex = max(forgottenIndex, step.isReplay ? -1 : step.index)
            forgottenPosition = step.end
        }
    }

    /// Begins behind rows that were kept elsewhere.
    mutating func begin(position: Int, index: Int) {
        forgottenPosition = position
        forgottenIndex = index - 1
    }

    /// Turns to another recipient: its replays begin at position 0.
    mutating func aim(at hop: StageHop) {
        self.hop = hop
        (names, hasNamed) = (nil, false)
        cursor = 0
        replayEnds = []
    }

    /// The kept steps that the hop wants as steps, to be sent again.
    func steps(of request: RequestID, seat: Int) -> [Step] {
        steps(of: request, seat: seat, from: hop.resumeIndex)
    }

    /// The kept steps from an index on.
    func steps(of request: RequestID, seat: Int, from first: Int) -> [Step] {
        // The newest are last: a walk from the end is short.
        var found: [Step] = []
        for part in parts.reversed() {
            guard let index = part.index, index >= first else { break }
            found.append(
                Step(
                    request: request, seat: seat, index: index, position: part.position,
                    rowCount: part.rowCount, resultCount: part.resultCount,
                    stageMicroseconds: part.stageMicroseconds, rows: part.rows))
        }
        return found.reversed()
    }

    /// The next replay for the hop, or nil while it waits for confirmations or rows, and at its
    /// end.
    mutating func nextReplay(of request: RequestID, seat: Int) -> Step? {
        let limit = min(end, hop.replayPosition)
        // The entry gets no replays.
        guard hop.record != nil, cursor < limit, replayEnds.count < Limits.replayWindowCount,
            let first = partIndex(at: cursor)
        else { return nil }
        let rowByteCount = parts[first].rows.count / parts[first].rowCount
        let rowLimit = min(Limits.rowsPerStep, max(1, Limits.replayByteCount / rowByteCount))
        let start = cursor
        var rows: [UInt8] = []
        for part in parts[first...] {
            let wanted = min(part.end, limit, start + rowLimit)
            guard wanted > cursor else { break }
            let lower = (cursor - part.position) * rowByteCount
            rows += part.rows[lower..<(wanted - part.position) * rowByteCount]
            cursor = wanted
        }
        replayEnds.append(cursor)
        return Step(
            request: request, seat: seat, index: hop.resumeIndex, position: start,
            rowCount: cursor - start, resultCount: 0, rows: rows, isReplay: true)
    }

    /// Rows up to a position were run, or were there already.
    mutating func confirm(upTo position: Int) { replayEnds.removeAll { $0 <= position } }

    private func partIndex(at position: Int) -> Int? {
        var (low, high) = (0, parts.count)
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].end <= position { low = middle + 1 } else { high = middle }
        }
        return low < parts.count ? low : nil
    }
}

/// Rows that the hop may have kept what came of.
extension SentRows {
    /// From the first row on, names may go out in place of rows.
    mutating func beginNaming(_ names: RowNames) { self.names = names }

    /// What goes out for a step: its names as long as all rows before it went out so and it may be
    /// known as well, else its rows.
    mutating func outgoing(_ step: Step, mayBeKept: Bool) -> Step {
        guard mayBeKept, !step.isReplay, names?.digests.count == step.position,
            parts.last?.index == step.index
        else {
            names = nil
            return step
        }
        names?.add(step)
        hasNamed = true
        return step.named(Array(names?.digests[step.position...] ?? []))
    }

    /// The hop has not kept what came of the step with this index: it and those that follow, with
    /// their rows; nil where no names are out. No names follow.
    mutating func wanted(from index: Int, of request: RequestID, seat: Int) -> [Step]? {
        guard hasNamed else { return nil }
        (names, hasNamed) = (nil, false)
        return steps(of: request, seat: seat, from: index)
    }
}
