public import Identity
internal import Primitives
internal import Wire

/// Where a seat's results go, and which of them: part of an offer, and of a relink.
///
/// Steps from `resumeIndex` on are sent as steps. Rows of positions below `replayPosition` are sent
/// as replays: the seat that gets them rebuilds its KV cache. What is neither is not sent, because
/// whoever gets the results has had it.
public struct StageHop: Hashable, Sendable {
    /// Who gets the results; nil for the last stage, whose results go to the entry.
    public var record: NodeRecord?
    /// The seat that gets them; 0 is the entry.
    public var seat: Int
    public var resumeIndex: Int
    public var replayPosition: Int

    public init(record: NodeRecord?, seat: Int, resumeIndex: Int = 0, replayPosition: Int = 0) {
        self.record = record
        self.seat = seat
        self.resumeIndex = resumeIndex
        self.replayPosition = replayPosition
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let bytes = try reader.readBlob(limit: Limits.recordByteCount)
        record = bytes.isEmpty ? nil : try NodeRecord(decoding: bytes)
        seat = try reader.readCount(limit: Limits.seatNumber)
        resumeIndex = try reader.readCount(limit: Limits.stepIndex)
        replayPosition = try reader.readCount(limit: Limits.positionCount)
        guard (record == nil) == (seat == 0) else { throw .invalid }
        guard record != nil || replayPosition == 0 else { throw .invalid }
    }

    func write(into writer: inout ByteWriter) {
        writer.writeBlob(record?.encoded ?? [])
        writer.writeVarint(seat)
        writer.writeVarint(resumeIndex)
        writer.writeVarint(replayPosition)
    }
}
