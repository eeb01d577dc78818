public import Identity
public import Primitives
public import Wire

/// Requests over stages: the entry's side and the stage's side of every chain a node is part of.
///
/// Never computes: "run layers a..<b over these rows" is an event, and the shell (or a simulated
/// one) answers with `computed`. A stage that fails ends its request with a named reason; resuming
/// a request on other stages would begin where `fail` is called, with the steps in flight at hand.
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
    private var events = Ring<PipelineEvent>(capacity: Limits.pipelineEventCount)
    public internal(set) var counters = PipelineCounters()

    /// - Parameter firstNumber: above every request number this node ever used (the shell passes
    ///   wall-clock milliseconds).
    public init(keys: NodeKeys, record: NodeRecord, puzzleBitCount: Int, firstNumber: UInt64) {
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
            case .step: receiveStep(try Step(from: &reader), from: peer, at: now, into: &mail)
            case .stepDone: receiveDone(try Step(from: &reader), from: peer, at: now)
            case .stepFailed:
                receiveFailure(try StepFailure(from: &reader), from: peer, into: &mail)
            case .closeStage: receiveClose(try readRequest(&reader), from: peer, into: &mail)
            case .cancel: receiveCancel(try readRequest(&reader), from: peer)
            case .stageAccount: try receiveAccount(&reader, bytes, from: peer)
            default: throw .invalid
            }
        } catch {
            counters.malformed += 1
        }
    }

    private func readRequest(_ reader: inout ByteReader) throws(WireError) -> RequestID {
        let request = try RequestID(from: &reader)
        try reader.finish()
        return request
    }

    public mutating func fire(at now: Instant, into mail: inout Mail) {
        expireEntries(at: now, into: &mail)
        expireStages(at: now)
    }

    /// The session with a peer ended, or could not be made.
    public mutating func peerLost(_ peer: NodeID, at now: Instant, into mail: inout Mail) {
        entriesLost(peer, into: &mail)
        stagesLost(peer, into: &mail)
    }

    /// Every stage of this node ends: the owner is back, or the node is leaving.
    public mutating func refuseAll(into mail: inout Mail) {
        acceptsStages = false
        while let id = stages.requests.keys.last { dropStage(id, reason: .leaving, into: &mail) }
    }
}
