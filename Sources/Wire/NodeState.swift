public import Identity
public import Primitives

/// Whether a node works for others just now, and if not, why: BOINC's vocabulary, and bytes on the
/// wire.
public enum Presence: UInt8, Sendable, CaseIterable {
    case idle = 0
    /// Somebody is at the keyboard.
    case userActive = 1
    /// By hand.
    case paused = 2
    /// For good: the process ends.
    case leaving = 3
    /// Other work than ours keeps the processor busy.
    case foreignLoad = 4
    case batteryLow = 5
    case notCharging = 6
    case tooWarm = 7
    case meteredLine = 8
    case dataBudgetSpent = 9
    case outsideHours = 10
    case vehicleMoving = 11

    /// As people and programs read it.
    public var word: String {
        switch self {
        case .idle: "idle"
        case .userActive: "user active"
        case .paused: "paused"
        case .leaving: "leaving"
        case .foreignLoad: "foreign load"
        case .batteryLow: "battery low"
        case .notCharging: "not charging"
        case .tooWarm: "too warm"
        case .meteredLine: "metered line"
        case .dataBudgetSpent: "data budget spent"
        case .outsideHours: "outside hours"
        case .vehicleMoving: "vehicle moving"
        }
    }
}

/// Layers of one model that a node has ready.
public struct Holding: Hashable, Sendable {
    public var model: Digest
    public var layers: LayerRange
    /// All layers of the model, so that an observer can tell what is missing.
    public var layerCount: Int
    /// Whether the node also has the ends, for peers that want to fetch them.
    public var hasEnds: Bool
    /// Whether every piece of the model lies on the node's disk, loaded or not.
    public var hasAllPieces: Bool

    public init(
        model: Digest, layers: LayerRange, layerCount: Int, hasEnds: Bool,
        hasAllPieces: Bool = false
    ) {
        self.model = model
        self.layers = layers
        self.layerCount = layerCount
        self.hasEnds = hasEnds
        self.hasAllPieces = hasAllPieces
    }
}

/// A Vivaldi coordinate with height (Dabek 2004), in units of 10 microseconds of round trip.
public struct Coordinate: Hashable, Sendable {
    public var axes: [Int16]
    public var height: UInt16
    /// Confidence: 255 says nothing is known.
    public var error: UInt8

    public static let axisCount = 4
    public static let unknown = Coordinate(
        axes: Array(repeating: 0, count: axisCount), height: 0, error: 255)

    public init(axes: [Int16], height: UInt16, error: UInt8) {
        precondition(axes.count == Self.axisCount)
        self.axes = axes
        self.height = height
        self.error = error
    }
}

/// What a node tells its neighbourhood of itself, signed, replaced by the next sequence.
public struct NodeState: Hashable, Sendable {
    public var id: NodeID
    /// Rises with each change; a restarted node begins above what it said before.
    public var sequence: UInt64
    public var presence: Presence
    /// Requests being served here.
    public var activeRequestCount: Int
    /// Memory lent for weights, and what of it is taken, in mebibytes.
    public var memoryMebibytes: Int
    public var memoryUsedMebibytes: Int
    /// Measured time to run one layer for one position, by model; 0 where nothing was measured.
    public var layerMicroseconds: Int
    public var coordinate: Coordinate
    public var holdings: [Holding]
    /// Layers the node has chosen and is fetching or loading: not usable, but spoken for. An empty
    /// range: the node is about to give up what it holds of the model.
    public var pending: [Holding]
    /// For each holding, the mean number of requests served at once of late, in tenths; what is
    /// missing at the end is 0.
    public var demands: [Int]

    public init(id: NodeID, sequence: UInt64) {
        self.id = id
        self.sequence = sequence
        presence = .idle
        activeRequestCount = 0
        memoryMebibytes = 0
        memoryUsedMebibytes = 0
        layerMicroseconds = 0
        coordinate = .unknown
        holdings = []
        pending = []
        demands = []
    }

    public func holding(of model: Digest) -> Holding? { holdings.first { $0.model == model } }
}

/// A state with its owner's record and signature: what travels two hops.
public struct SignedState: Hashable, Sendable {
    public let record: NodeRecord
    public let state: NodeState
    /// State bytes and signature, without the record.
    public let encoded: [UInt8]

    public init(_ state: NodeState, record: NodeRecord, keys: NodeKeys) {
        precondition(state.id == keys.id && record.id == keys.id)
        precondition(state.holdings.count <= Limits.modelsPerNode)
        precondition(state.pending.count <= Limits.modelsPerNode)
        precondition(state.demands.count <= state.holdings.count)
        var writer = ByteWriter(reserving: 256)
        encode(state, into: &writer)
        writer.write(keys.sign(writer.bytes).bytes)
        self.record = record
        self.state = state
        encoded = writer.bytes
    }

    /// Reads a record and a state; signatures are not looked at.
    public init(from reader: inout ByteReader) throws(WireError) {
        record = try reader.readRecord()
        let bytes = try reader.readBlob(limit: Limits.stateByteCount)
        guard bytes.count > 64 else { throw .truncated }
        var inner = ByteReader(Array(bytes.dropLast(64)))
        state = try decodeState(&inner)
        try inner.finish()
        guard state.id == record.id else { throw .invalid }
        encoded = bytes
    }

    public func write(into writer: inout ByteWriter) {
        writer.write(record)
        writer.writeBlob(encoded)
    }

    /// Whether the record's owner signed this state. The record is checked apart, once.
    public func isAuthentic(suite: CryptoSuite) -> Bool {
        suite.verify(
            Signature(Array(encoded.suffix(64))), of: Array(encoded.dropLast(64)),
            by: record.signingKey)
    }
}

private func encode(_ state: NodeState, into writer: inout ByteWriter) {
    writer.write(state.id)
    writer.write(state.sequence)
    writer.write(state.presence.rawValue)
    writer.writeVarint(state.activeRequestCount)
    writer.writeVarint(state.memoryMebibytes)
    writer.writeVarint(state.memoryUsedMebibytes)
    writer.writeVarint(state.layerMicroseconds)
    for axis in state.coordinate.axes { writer.write(UInt16(bitPattern: axis)) }
    writer.write(state.coordinate.height)
    writer.write(state.coordinate.error)
    for list in [state.holdings, state.pending] {
        writer.writeVarint(list.count)
        for holding in list { holding.write(into: &writer) }
    }
    for index in state.holdings.indices {
        writer.writeVarint(index < state.demands.count ? state.demands[index] : 0)
    }
}

private func decodeState(_ reader: inout ByteReader) throws(WireError) -> NodeState {
    var state = NodeState(id: try reader.read32(NodeID.self), sequence: try reader.readUInt64())
    guard let presence = Presence(rawValue: try reader.readUInt8()) else { throw .invalid }
    state.presence = presence
    state.activeRequestCount = try reader.readCount(limit: 1 << 20)
    state.memoryMebibytes = try reader.readCount(limit: 1 << 30)
    state.memoryUsedMebibytes = try reader.readCount(limit: 1 << 30)
    state.layerMicroseconds = try reader.readCount(limit: 1 << 40)
    var axes: [Int16] = []
    for _ in 0..<Coordinate.axisCount { axes.append(Int16(bitPattern: try reader.readUInt16())) }
    let height = try reader.readUInt16()
    state.coordinate = Coordinate(axes: axes, height: height, error: try reader.readUInt8())
    state.holdings = try readHoldings(&reader)
    state.pending = try readHoldings(&reader)
    for _ in state.holdings {
        state.demands.append(try reader.readCount(limit: Limits.demandTenths))
    }
    return state
}

private func readHoldings(_ reader: inout ByteReader) throws(WireError) -> [Holding] {
    var holdings: [Holding] = []
    for _ in 0..<(try reader.readCount(limit: Limits.modelsPerNode)) {
        holdings.append(try Holding(from: &reader))
    }
    return holdings
}

extension Holding {
    public init(from reader: inout ByteReader) throws(WireError) {
        let model = try reader.read32(Digest.self)
        let lower = try reader.readCount(limit: Limits.layerCount)
        let upper = try reader.readCount(limit: Limits.layerCount)
        let layerCount = try reader.readCount(limit: Limits.layerCount)
        let disk = try reader.readUInt8()
        guard lower <= upper, upper <= layerCount, disk <= 3 else { throw .invalid }
        self.init(
            model: model, layers: LayerRange(lower, upper), layerCount: layerCount,
            hasEnds: disk & 1 != 0, hasAllPieces: disk & 2 != 0)
    }

    public func write(into writer: inout ByteWriter) {
        writer.write(model)
        writer.writeVarint(layers.lower)
        writer.writeVarint(layers.upper)
        writer.writeVarint(layerCount)
        writer.write(UInt8((hasEnds ? 1 : 0) | (hasAllPieces ? 2 : 0)))
    }
}
