internal import Primitives
internal import Wire

/// One pass of new positions through the chain: rows of the residual stream, Float32 little-endian.
public struct Step: Hashable, Sendable {
    public var request: RequestID
    /// Counts the steps of a request from 0; each stage runs them in this order.
    public var index: Int
    /// The position of the first row.
    public var position: Int
    public var rowCount: Int
    /// Time each stage took so far, first stage first: what a prompter sees as compute.
    public var stageMicroseconds: [UInt32]
    /// `rowCount` rows of `hiddenSize` floats.
    public var rows: [UInt8]

    public init(
        request: RequestID, index: Int, position: Int, rowCount: Int,
        stageMicroseconds: [UInt32] = [], rows: [UInt8]
    ) {
        self.request = request
        self.index = index
        self.position = position
        self.rowCount = rowCount
        self.stageMicroseconds = stageMicroseconds
        self.rows = rows
    }

    /// To the next stage, or, where `isDone`, from the last one back to the entry.
    func encode(isDone: Bool) -> [UInt8] {
        var writer = ByteWriter(reserving: rows.count + 64)
        writer.write((isDone ? MessageKind.stepDone : .step).rawValue)
        request.write(into: &writer)
        writer.writeVarint(index)
        writer.writeVarint(position)
        writer.writeVarint(rowCount)
        writer.writeVarint(stageMicroseconds.count)
        for time in stageMicroseconds { writer.write(time) }
        writer.write(rows)
        return writer.bytes
    }

    /// Reads a step behind its kind byte; the rows are what remains.
    init(from reader: inout ByteReader) throws(WireError) {
        request = try RequestID(from: &reader)
        index = try reader.readCount(limit: Limits.stepIndex)
        position = try reader.readCount(limit: Limits.positionCount)
        rowCount = try reader.readCount(limit: Limits.rowsPerStep)
        var times: [UInt32] = []
        for _ in 0..<(try reader.readCount(limit: Limits.chainStageCount)) {
            times.append(try reader.readUInt32())
        }
        stageMicroseconds = times
        rows = reader.readRemaining()
        guard rowCount > 0, !rows.isEmpty, rows.count % rowCount == 0 else { throw .invalid }
    }
}

/// A stage tells the entry that a step will not come back.
struct StepFailure: Hashable, Sendable {
    var request: RequestID
    var index: Int
    var stageIndex: Int
    var reason: RefusalReason

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: 64)
        writer.write(MessageKind.stepFailed.rawValue)
        request.write(into: &writer)
        writer.writeVarint(index)
        writer.writeVarint(stageIndex)
        writer.write(reason.rawValue)
        return writer.bytes
    }

    init(request: RequestID, index: Int, stageIndex: Int, reason: RefusalReason) {
        self.request = request
        self.index = index
        self.stageIndex = stageIndex
        self.reason = reason
    }

    init(from reader: inout ByteReader) throws(WireError) {
        request = try RequestID(from: &reader)
        index = try reader.readCount(limit: Limits.stepIndex)
        stageIndex = try reader.readCount(limit: Limits.chainStageCount)
        guard let reason = RefusalReason(rawValue: try reader.readUInt8()) else { throw .invalid }
        self.reason = reason
        try reader.finish()
    }
}

/// A message that only names a request: close, cancel.
func requestMessage(_ kind: MessageKind, _ request: RequestID) -> [UInt8] {
    var writer = ByteWriter(reserving: 41)
    writer.write(kind.rawValue)
    request.write(into: &writer)
    return writer.bytes
}
