internal import Identity
internal import Primitives
internal import Wire

/// The entry tells a seat who stands beside it now.
struct StageRelink: Hashable, Sendable {
    enum Side: Hashable, Sendable {
        /// Steps come from this node, which has this seat; confirmed with `stageRelinked`.
        case previous(NodeID, seat: Int)
        /// Results go there.
        case next(StageHop)
    }

    var request: RequestID
    var seat: Int
    var side: Side

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: 420)
        writer.write(MessageKind.relinkStage.rawValue)
        request.write(into: &writer)
        writer.writeVarint(seat)
        switch side {
        case .previous(let node, let previousSeat):
            writer.write(UInt8(0))
            writer.write(node)
            writer.writeVarint(previousSeat)
        case .next(let hop):
            writer.write(UInt8(1))
            hop.write(into: &writer)
        }
        return writer.bytes
    }
}

extension StageRelink {
    init(from reader: inout ByteReader) throws(WireError) {
        request = try RequestID(from: &reader)
        seat = try reader.readCount(limit: Limits.seatNumber)
        switch try reader.readUInt8() {
        case 0:
            let node = try reader.read32(NodeID.self)
            side = .previous(node, seat: try reader.readCount(limit: Limits.seatNumber))
        case 1: side = .next(try StageHop(from: &reader))
        default: throw .invalid
        }
        try reader.finish()
    }
}

/// Small messages that name a request, a seat, and one number.
struct SeatMessage: Hashable, Sendable {
    var request: RequestID
    /// The seat that is spoken to (`closeStage`, `cancel`, `askStage`, `replayTaken`,
    /// `rowsWanted`), or that speaks (`stageRelinked`).
    var seat: Int
    /// `stageRelinked`: the seat now before it. `replayTaken`: the position up to which rows were
    /// run. `rowsWanted`: the index of the step. Else 0.
    var number = 0

    func encode(_ kind: MessageKind) -> [UInt8] {
        var writer = ByteWriter(reserving: 52)
        writer.write(kind.rawValue)
        request.write(into: &writer)
        writer.writeVarint(seat)
        switch kind {
        case .stageRelinked, .replayTaken, .cacheTaken, .rowsWanted: writer.writeVarint(number)
        default: break
        }
        return writer.bytes
    }

    init(_ request: RequestID, seat: Int, number: Int = 0) {
        self.request = request
        self.seat = seat
        self.number = number
    }

    init(from reader: inout ByteReader, _ kind: MessageKind) throws(WireError) {
        request = try RequestID(from: &reader)
        seat = try reader.readCount(limit: Limits.seatNumber)
        switch kind {
        case .stageRelinked: number = try reader.readCount(limit: Limits.seatNumber)
        case .replayTaken, .cacheTaken: number = try reader.readCount(limit: Limits.positionCount)
        case .rowsWanted: number = try reader.readCount(limit: Limits.stepIndex)
        default: break
        }
        try reader.finish()
    }
}

/// What a stage says of itself when its entry asks.
struct StageStatus: Hashable, Sendable {
    enum Phase: UInt8, Sendable {
        /// Nothing is known of the request, or another seat has taken its place.
        case unknown = 0
        case opening = 1
        /// Rows of a replay are still to come or to run.
        case rebuilding = 2
        case waiting = 3
        case computing = 4
    }

    var request: RequestID
    var seat: Int
    var phase: Phase
    /// The next step it will run.
    var nextStepIndex: Int
    /// Positions in its KV cache.
    var position: Int

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: 60)
        writer.write(MessageKind.stageStatus.rawValue)
        request.write(into: &writer)
        writer.writeVarint(seat)
        writer.write(phase.rawValue)
        writer.writeVarint(nextStepIndex)
        writer.writeVarint(position)
        return writer.bytes
    }
}

extension StageStatus {
    init(from reader: inout ByteReader) throws(WireError) {
        request = try RequestID(from: &reader)
        seat = try reader.readCount(limit: Limits.seatNumber)
        guard let phase = Phase(rawValue: try reader.readUInt8()) else { throw .invalid }
        self.phase = phase
        nextStepIndex = try reader.readCount(limit: Limits.stepIndex)
        position = try reader.readCount(limit: Limits.positionCount)
        try reader.finish()
    }
}
