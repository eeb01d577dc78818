public import Primitives
internal import Wire

/// One pass of new positions through the chain: rows of the residual stream, Float32 little-endian.
public struct Step: Hashable, Sendable {
    public var request: RequestID
    /// The seat it comes from, 0 for the entry; in the hands of a shell, the seat that runs it.
    public var seat: Int
    /// Counts the steps of a request from 0; each stage runs them in this order. A replay has the
    /// index of the step that follows it.
    public var index: Int
    /// The position of the first row.
    public var position: Int
    public var rowCount: Int
    /// Of those the last ones, whose results the entry wants. A result has no others; where none is
    /// wanted, it says without a row that all are in the KV caches.
    public var resultCount: Int
    /// Time each stage took so far, first stage first: what a prompter sees as compute.
    public var stageMicroseconds: [UInt32]
    /// `rowCount` rows of `hiddenSize` floats; none where the step is named, or a result of which
    /// none is wanted.
    public var rows: [UInt8]
    /// In place of rows: their names, for a stage that may have kept what it computed of them.
    public var names: [Digest] = []
    /// Rows that another node ran before: they fill a KV cache, and what comes of them goes no
    /// farther than to seats that rebuild theirs.
    public var isReplay: Bool
    /// In the hands of a shell: whether what comes of it goes to the entry.
    public var isLast = false

    /// Whether names stand for its rows.
    public var isNamed: Bool { !names.isEmpty }

    /// The results of all rows are wanted where `resultCount` is nil.
    public init(
        request: RequestID, seat: Int = 0, index: Int, position: Int, rowCount: Int,
        resultCount: Int? = nil, stageMicroseconds: [UInt32] = [], rows: [UInt8],
        isReplay: Bool = false
    ) {
        self.request = request
        self.seat = seat
        self.isReplay = isReplay
        self.index = index
        self.position = position
        self.rowCount = rowCount
        self.resultCount = resultCount ?? rowCount
        self.stageMicroseconds = stageMicroseconds
        self.rows = rows
    }

    /// Rows that one step may have: those of a message, beside the step's other fields.
    public static func rowCountMaximum(hiddenSize: Int) -> Int {
        let room = Limits.messageByteCount - Limits.stepHeaderByteCount
        return max(1, min(Limits.rowsPerStep, room / (4 * hiddenSize)))
    }

    /// To the next stage, or, where `isDone`, from the last one back to the entry.
    func encode(isDone: Bool) -> [UInt8] {
        var writer = ByteWriter(reserving: rows.count + 64)
        let kind: MessageKind =
            isReplay ? .replay : isDone ? .stepDone : isNamed ? .namedStep : .step
        writer.write(kind.rawValue)
        request.write(into: &writer)
        writer.writeVarint(seat)
        writer.writeVarint(index)
        writer.writeVarint(position)
        writer.writeVarint(rowCount)
        writer.writeVarint(resultCount)
        writer.writeVarint(stageMicroseconds.count)
        for time in stageMicroseconds { writer.write(time) }
        for name in names { writer.write(name) }
        writer.write(rows)
        return writer.bytes
    }

    /// The same step, with names in place of its rows.
    func named(_ names: [Digest]) -> Step {
        var step = self
        step.names = names
        step.rows = []
        return step
    }

    /// The rows from a position inside the step on.
    func dropping(below start: Int) -> Step {
        guard start > position else { return self }
        var rest = self
        let rowByteCount = rows.count / rowCount
        rest.rows.removeFirst((start - position) * rowByteCount)
        rest.rowCount = position + rowCount - start
        rest.resultCount = min(resultCount, rest.rowCount)
        rest.position = start
        return rest
    }

    /// What came of its last rows, as a step on its way: all outputs, or those that are wanted.
    func result(_ output: [UInt8], microseconds: UInt32) -> Step {
        var result = self
        result.rows = output
        result.names = []
        result.stageMicroseconds.append(microseconds)
        guard outputCount > 0 else { return result }
        result.position = end - outputCount
        result.rowCount = outputCount
        return result
    }

    /// Rows at its end whose output is to be given.
    public var outputCount: Int { isLast ? resultCount : rowCount }

    var end: Int { position + rowCount }

    /// Reads a step behind its kind byte; the rows, or their names, are what remains.
    init(from reader: inout ByteReader, _ kind: MessageKind) throws(WireError) {
        isReplay = kind == .replay
        request = try RequestID(from: &reader)
        seat = try reader.readCount(limit: Limits.seatNumber)
        index = try reader.readCount(limit: Limits.stepIndex)
        position = try reader.readCount(limit: Limits.positionCount)
        rowCount = try reader.readCount(limit: Limits.rowsPerStep)
        resultCount = try reader.readCount(limit: rowCount)
        var times: [UInt32] = []
        for _ in 0..<(try reader.readCount(limit: Limits.chainStageCount)) {
            times.append(try reader.readUInt32())
        }
        stageMicroseconds = times
        rows = []
        guard rowCount > 0 else { throw .invalid }
        if kind == .namedStep {
            for _ in 0..<rowCount { names.append(try reader.read32(Digest.self)) }
            try reader.finish()
            return
        }
        rows = reader.readRemaining()
        let mayBeEmpty = kind == .stepDone && resultCount == 0
        guard mayBeEmpty || !rows.isEmpty, rows.count % rowCount == 0 else { throw .invalid }
    }
}

/// A stage tells the entry that a step will not come back.
struct StepFailure: Hashable, Sendable {
    var request: RequestID
    /// The stage's own seat; 0 where it knows nothing of the request.
    var seat: Int
    var reason: RefusalReason
    /// For `nextUnreachable`, the seat that can't be reached.
    var nextSeat = 0

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: 60)
        writer.write(MessageKind.stepFailed.rawValue)
        request.write(into: &writer)
        writer.writeVarint(seat)
        writer.write(reason.rawValue)
        writer.writeVarint(nextSeat)
        return writer.bytes
    }

    init(_ request: RequestID, seat: Int, reason: RefusalReason, nextSeat: Int = 0) {
        self.request = request
        self.seat = seat
        self.reason = reason
        self.nextSeat = nextSeat
    }

    init(from reader: inout ByteReader) throws(WireError) {
        request = try RequestID(from: &reader)
        seat = try reader.readCount(limit: Limits.seatNumber)
        guard let reason = RefusalReason(rawValue: try reader.readUInt8()) else { throw .invalid }
        self.reason = reason
        nextSeat = try reader.readCount(limit: Limits.seatNumber)
        try reader.finish()
    }
}
