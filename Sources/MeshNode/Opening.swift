internal import Identity
internal import Pipelines
internal import Primitives
internal import Wire

/// A request from its ticket to its end: first in search of a chain, then on one.
struct OpenRequest: Sendable {
    enum Phase: Hashable, Sendable {
        /// Layers are missing, or no chain was tried yet.
        case searching
        case opening(RequestID)
        case running(RequestID)
    }

    var model: Digest
    var positionLimit: Int
    var phase = Phase.searching
    /// Stages are lost, and nobody was named for them yet.
    var isBroken = false
    /// Nodes that were lost or refused, left out until then. One that was started anew since has a
    /// record of a higher sequence, and is not left out.
    var resting: [(node: NodeID, sequence: UInt64, until: Instant)] = []
    /// Losses since the last step that came back, and the last one of them.
    var lossCount = 0
    var lastLoss: StageLoss?
    let patience: Interval
    /// When searching ends.
    var patienceEnd: Instant
    /// When the DHT is asked next for holders of what is missing.
    var nextSearch: Instant
    /// Nodes that were asked to hold what is missing, and when the next one is.
    var wantedFrom: [NodeID] = []
    var nextWanted = Instant.origin
    /// When nodes that could take a stage's place are asked next whether they live.
    var nextSpares = Instant.origin
    /// The shell knows that layers are missing.
    var hasToldMissing = false

    init(model: Digest, positionLimit: Int, patience: Interval, at now: Instant) {
        self.model = model
        self.positionLimit = positionLimit
        self.patience = patience
        patienceEnd = now + patience
        nextSearch = now
    }

    var requestID: RequestID? {
        switch phase {
        case .searching: nil
        case .opening(let id), .running(let id): id
        }
    }

    var isSearching: Bool { phase == .searching || isBroken }

    func isResting(_ record: NodeRecord, at now: Instant) -> Bool {
        resting.contains {
            $0.node == record.id && $0.sequence >= record.sequence && $0.until > now
        }
    }

    /// When there is something to do without anything arriving.
    var nextDeadline: Instant {
        guard isSearching else { return .never }
        let next = min(patienceEnd, nextSearch)
        return wantedFrom.isEmpty ? next : min(next, nextWanted)
    }

    /// - Parameter sequences: of the lost nodes' records, one for each loss.
    mutating func lost(_ losses: [StageLoss], sequences: [UInt64], at now: Instant) {
        // Patience begins with the first loss after a step that came back.
        if lossCount == 0, case .running = phase { patienceEnd = now + patience }
        isBroken = true
        nextSearch = now
        for (loss, sequence) in zip(losses, sequences) where loss.cause.rest != nil {
            rest(loss.node, sequence: sequence, after: loss.cause, at: now)
            lossCount += 1
            lastLoss = loss
        }
    }

    /// Does without a node for a while, as long as it is not started anew.
    mutating func rest(
        _ node: NodeID, sequence: UInt64, after cause: LossCause, at now: Instant
    ) {
        guard let rest = cause.rest else { return }
        resting.removeAll { $0.until <= now }
        resting.append((node, sequence, now + rest))
    }

    mutating func progressed() {
        lossCount = 0
        hasToldMissing = false
        wantedFrom = []
    }
}

extension LossCause {
    /// How long a request does without such a node; nil where nothing speaks against it.
    var rest: Interval? {
        switch self {
        case .givenUp: nil
        case .refused, .failed(.unknownRequest): Limits.refusedNodeRest
        case .failed, .unreachable, .silent, .stuck: Limits.lostNodeRest
        }
    }
}
