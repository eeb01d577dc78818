public import Identity
public import Primitives
public import Wire

/// Requests over stages: the entry's side and the stage's side of every chain a node is part of.
///
/// Never computes: "run layers a..<b over these rows" is an event, and the shell (or a simulated
/// one) answers with `computed`. A stage that is lost leaves a gap in its chain; the node names
/// others for it with `replace`, and the stage before the gap sends them again what it sent.
public struct PipelineCore: ~Copyable, MessageCore {
    let keys: NodeKeys
    let puzzleBitCount: Int
    public internal(set) var record: NodeRecord
    var entries = EntryTable()
    var stages = StageTable()
    /// What can be computed here; set by the node when layers are loaded or given up.
    var holdings: [Holding] = []
    /// False while the owner is back or the node is leaving: nothing new is taken.
    var acceptsStages = true
    var nextNumber: UInt64
    /// Whether this entry may come again with rows that begin alike.
    let comesBack: Bool
    let keptByteLimit: Int
    private var events = Ring<PipelineEvent>(capacity: Limits.pipelineEventCount)
    public internal(set) var counters = PipelineCounters()

    /// - Parameters:
    ///   - firstNumber: above every request number this node ever used (the shell passes wall-clock
    ///     milliseconds).
    ///   - comesBack: whether this entry may prompt again; else nothing is kept for it.
    ///   - keptByteLimit: bytes of rows kept of one request, to be sent again.
    public init(
        keys: NodeKeys, record: NodeRecord, puzzleBitCount: Int, firstNumber: UInt64,
        comesBack: Bool = true, keptByteLimit: Int = Limits.keptByteCount
    ) {
        self.comesBack = comesBack
        self.keptByteLimit = keptByteLimit
        self.keys = keys
        self.record = record
        self.puzzleBitCount = puzzleBitCount
        nextNumber = firstNumber
    }

    public mutating func update(record: NodeRecord) { self.record = record }

    public mutating func setHoldings(_ holdings: [Holding], acceptsStages: Bool) {
        self.holdings = holdings
        self.acceptsStages = acceptsStages
    }

    /// Requests being served here as a stage.
    public var stageCount: Int { stages.requests.count }
    public var requestCount: Int { entries.requests.count }

    public var nextDeadline: Instant { min(entries.nextDeadline, stages.nextDeadline) }

    public mutating func nextEvent() -> PipelineEvent? { events.popFirst() }

    mutating func emit(_ event: PipelineEvent) {
        let added = events.append(event)
        precondition(added, "the node must drain events after each input")
    }

    public mutating func receive(
        _ bytes: [UInt8], from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        var reader = ByteReader(bytes)
        do throws(WireError) {
            guard let kind = MessageKind(rawValue: try reader.readUInt8()) else { throw .invalid }
            switch kind {
            case .openStage: try receiveOffer(&reader, bytes, from: peer, at: now, into: &mail)
            case .stageOpened, .stageRefused:
                let isRefusal = kind == .stageRefused
                let answer = try StageAnswer(from: &reader, isRefusal: isRefusal)
                receiveAnswer(answer, bytes, from: peer, at: now, into: &mail)
            case .step, .replay, .namedStep:
                receiveRows(try Step(from: &reader, kind), from: peer, at: now, into: &mail)
            case .stepDone: receiveDone(try Step(from: &reader, kind), from: peer, at: now)
            case .stepFailed:
                let failure = try StepFailure(from: &reader)
                receiveFailure(failure, from: peer, at: now, into: &mail)
            case .relinkStage:
                receiveRelink(try StageRelink(from: &reader), from: peer, at: now, into: &mail)
            case .stageStatus:
                receiveStatus(try StageStatus(from: &reader), from: peer, at: now, into: &mail)
            case .stageLeaving:
                receiveLeaving(try StageLeaving(from: &reader), from: peer, at: now)
            case .handOver:
                receiveHandOver(try HandOver(from: &reader), from: peer, at: now, into: &mail)
            case .cachePart:
                receiveCachePart(try CachePart(from: &reader), from: peer, at: now, into: &mail)
            case .handoffEnd:
                receiveHandoffEnd(try HandoffEnd(from: &reader), from: peer, at: now, into: &mail)
            case .stageAccount: try receiveAccount(&reader, bytes, from: peer)
            case .layersWanted:
                let wanted = try LayersWanted(from: &reader)
                emit(.layersWanted(model: wanted.model, layers: wanted.layers))
            default:
                let message = try SeatMessage(from: &reader, kind)
                try receive(message, kind, from: peer, at: now, into: &mail)
            }
        } catch {
            counters.malformed += 1
        }
    }

    private mutating func receive(
        _ message: SeatMessage, _ kind: MessageKind, from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) throws(WireError) {
        switch kind {
        case .closeStage: receiveClose(message, from: peer, into: &mail)
        case .cancel: receiveCancel(message, from: peer)
        case .stageRelinked: receiveRelinked(message, from: peer, at: now, into: &mail)
        case .askStage: receiveQuestion(message, from: peer, at: now, into: &mail)
        case .replayTaken: receiveReplayTaken(message, from: peer, into: &mail)
        case .cacheTaken: receiveCacheTaken(message, from: peer, into: &mail)
        case .rowsWanted: receiveRowsWanted(message, from: peer, at: now, into: &mail)
        default: throw .invalid
        }
    }

    public mutating func fire(at now: Instant, into mail: inout Mail) {
        expireEntries(at: now, into: &mail)
        expireStages(at: now)
        expireLeaving(at: now, into: &mail)
    }

    /// The session with a peer ended, or could not be made.
    public mutating func peerLost(_ peer: NodeID, at now: Instant, into mail: inout Mail) {
        entriesLost(peer, at: now)
        heirsLost(peer, into: &mail)
        stagesLost(peer, into: &mail)
    }

    /// Every stage of this node ends: the owner is back, or the node is leaving.
    public mutating func refuseAll(into mail: inout Mail) {
        acceptsStages = false
        while let id = stages.requests.keys.last { dropStage(id, reason: .leaving, into: &mail) }
    }
}
