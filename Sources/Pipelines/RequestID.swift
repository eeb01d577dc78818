public import Identity
public import Primitives

/// One prompt's request: the entry that serves it, and a number the entry never uses twice.
public struct RequestID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var entry: NodeID
    public var number: UInt64

    public init(entry: NodeID, number: UInt64) {
        self.entry = entry
        self.number = number
    }

    public static func < (left: RequestID, right: RequestID) -> Bool {
        left.entry != right.entry ? left.entry < right.entry : left.number < right.number
    }

    public var description: String { "\(entry.short)/\(number)" }

    init(from reader: inout ByteReader) throws(WireError) {
        self.init(entry: try reader.read32(NodeID.self), number: try reader.readUInt64())
    }

    func write(into writer: inout ByteWriter) {
        writer.write(entry)
        writer.write(number)
    }
}

/// Why a stage does not take a request, or can't go on with it. Bytes on the wire.
public enum RefusalReason: UInt8, Sendable, CaseIterable {
    /// The layers are not loaded here.
    case layersNotHeld = 1
    /// As many requests or steps are waiting as the node takes.
    case busy = 2
    /// The KV cache does not fit into what the owner lends.
    case memory = 3
    /// The offer contradicts itself or the request it names.
    case badOffer = 4
    /// The owner is back, or the node is shutting down.
    case leaving = 5
    /// The next stage can't be reached.
    case nextUnreachable = 6
    /// The layers could not be computed.
    case computeFailed = 7
    /// The stage knows no such request: it was freed, or never opened.
    case unknownRequest = 8
    /// More rows were sent than are kept: they can't be sent again.
    case rowsNotKept = 9
}

/// A node's part in one request's chain.
public struct ChainLink: Hashable, Sendable {
    public var record: NodeRecord
    public var layers: LayerRange

    public init(record: NodeRecord, layers: LayerRange) {
        self.record = record
        self.layers = layers
    }
}
