internal import Identity
internal import Primitives
internal import Wire

/// A stage tells its entry that it will be gone soon.
struct StageLeaving: Hashable, Sendable {
    var request: RequestID
    var seat: Int
    /// How long it keeps what it has.
    var milliseconds: Int

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: 60)
        writer.write(MessageKind.stageLeaving.rawValue)
        request.write(into: &writer)
        writer.writeVarint(seat)
        writer.writeVarint(milliseconds)
        return writer.bytes
    }
}

extension StageLeaving {
    init(from reader: inout ByteReader) throws(WireError) {
        request = try RequestID(from: &reader)
        seat = try reader.readCount(limit: Limits.seatNumber)
        milliseconds = try reader.readCount(limit: Limits.drainMilliseconds)
        try reader.finish()
    }
}

/// The entry tells a leaving stage to whom its KV cache goes.
struct HandOver: Hashable, Sendable {
    var request: RequestID
    var seat: Int
    var heir: NodeRecord
    var heirSeat: Int
    /// The oldest step that has not come back: results from it on go to the heir as well.
    var resumeIndex: Int

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: 420)
        writer.write(MessageKind.handOver.rawValue)
        request.write(into: &writer)
        writer.writeVarint(seat)
        writer.write(heir)
        writer.writeVarint(heirSeat)
        writer.writeVarint(resumeIndex)
        return writer.bytes
    }
}

extension HandOver {
    init(from reader: inout ByteReader) throws(WireError) {
        request = try RequestID(from: &reader)
        seat = try reader.readCount(limit: Limits.seatNumber)
        heir = try reader.readRecord()
        heirSeat = try reader.readCount(limit: Limits.seatNumber)
        resumeIndex = try reader.readCount(limit: Limits.stepIndex)
        try reader.finish()
    }
}

/// Keys and values of some positions, from the leaving stage to its heir.
struct CachePart: Hashable, Sendable {
    var request: RequestID
    /// The heir's.
    var seat: Int
    var position: Int
    var bytes: [UInt8]

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: bytes.count + 60)
        writer.write(MessageKind.cachePart.rawValue)
        request.write(into: &writer)
        writer.writeVarint(seat)
        writer.writeVarint(position)
        writer.write(bytes)
        return writer.bytes
    }
}

extension CachePart {
    init(from reader: inout ByteReader) throws(WireError) {
        request = try RequestID(from: &reader)
        seat = try reader.readCount(limit: Limits.seatNumber)
        position = try reader.readCount(limit: Limits.positionCount)
        bytes = reader.readRemaining()
        guard !bytes.isEmpty else { throw .truncated }
    }
}

/// The leaving stage has run its last step: from here on the request is the heir's.
struct HandoffEnd: Hashable, Sendable {
    var request: RequestID
    /// The heir's.
    var seat: Int
    /// Positions that the heir has when every part is there.
    var position: Int
    /// The first step that the heir runs.
    var nextStepIndex: Int
    /// Results that may have been lost with the leaving stage, oldest first.
    var results: [Step]

    func encode() -> [UInt8] {
        let rowBytes = results.reduce(0) { $0 + $1.rows.count + 400 }
        var writer = ByteWriter(reserving: rowBytes + 80)
        writer.write(MessageKind.handoffEnd.rawValue)
        request.write(into: &writer)
        writer.writeVarint(seat)
        writer.writeVarint(position)
        writer.writeVarint(nextStepIndex)
        writer.writeVarint(results.count)
        for step in results {
            writer.writeVarint(step.index)
            writer.writeVarint(step.position)
            writer.writeVarint(step.rowCount)
            writer.writeVarint(step.resultCount)
            writer.writeVarint(step.stageMicroseconds.count)
            for time in step.stageMicroseconds { writer.write(time) }
            writer.writeBlob(step.rows)
        }
        return writer.bytes
    }
}

extension HandoffEnd {
    init(from reader: inout ByteReader) throws(WireError) {
        request = try RequestID(from: &reader)
        seat = try reader.readCount(limit: Limits.seatNumber)
        position = try reader.readCount(limit: Limits.positionCount)
        nextStepIndex = try reader.readCount(limit: Limits.stepIndex)
        results = []
        for _ in 0..<(try reader.readCount(limit: Limits.stepsInFlight)) {
            let index = try reader.readCount(limit: Limits.stepIndex)
            let start = try reader.readCount(limit: Limits.positionCount)
            let rowCount = try reader.readCount(limit: Limits.rowsPerStep)
            let resultCount = try reader.readCount(limit: rowCount)
            var times: [UInt32] = []
            for _ in 0..<(try reader.readCount(limit: Limits.chainStageCount)) {
                times.append(try reader.readUInt32())
            }
            let rows = try reader.readBlob(limit: Limits.messageByteCount)
            guard rowCount > 0, rows.count % rowCount == 0, !rows.isEmpty || resultCount == 0
            else { throw .invalid }
            // One after the other, up to the first step of the heir; between those for the entry
            // are rows whose results it does not want.
            if let last = results.last {
                guard index == last.index + 1, start >= last.end else { throw .invalid }
            }
            results.append(
                Step(
                    request: request, seat: seat, index: index, position: start,
                    rowCount: rowCount, resultCount: resultCount, stageMicroseconds: times,
                    rows: rows))
        }
        try reader.finish()
        if let last = results.last {
            guard last.index + 1 == nextStepIndex, last.end == position else { throw .invalid }
        }
    }
}
