internal import Identity
internal import Primitives
internal import Wire

/// A request as one of its stages sees it.
struct StageRequest: Sendable {
    enum Phase: Hashable, Sendable {
        /// The shell is making room for the KV cache.
        case opening
        case ready
        /// Rows from this position on are being run.
        case computing(position: Int)
    }

    var offer: StageOffer
    var offerDigest: Digest
    var phase = Phase.opening
    /// Who sends rows now; the offer's, until the entry relinks the stage.
    var previous: NodeID
    var previousSeat: Int
    /// The next step to run.
    var nextStepIndex: Int
    /// Whether names stand for the rows under way.
    private(set) var runsNames = false
    /// Names were of no use: rows come, and names that come yet are dropped.
    private var wantsRows = false
    /// Where the step begins that the shell has already, to run it behind the one under way.
    var followingPosition: Int?
    /// Positions in the KV cache.
    var position = 0 {
        didSet { isRebuilt = isRebuilt || position >= offer.resumePosition }
    }
    /// Positions that no step overwrites any more: where the last step that was begun starts. Its
    /// own rows may have been drafted ahead, and come to nothing.
    var settledPosition = 0
    /// Stays so when a step overwrites what was drafted ahead.
    private var isRebuilt = false
    /// Steps that wait, by index, and replays that wait, by position: messages overtake each other.
    var waiting = OrderedTable<Int, Step>()
    var waitingReplays = OrderedTable<Int, Step>()
    var account: StageAccount
    /// The stage frees itself when nothing came from the entry's side until then.
    var deadline: Instant
    /// The node leaves: the request goes to an heir, or is dropped.
    var leaving: Leaving?
    /// The KV cache comes from the stage before this one in the same place.
    var inheriting: Inheriting?

    init(_ offer: StageOffer, digest: Digest, deadline: Instant) {
        self.offer = offer
        offerDigest = digest
        previous = offer.previous
        previousSeat = offer.previousSeat
        nextStepIndex = offer.resumeIndex
        account = StageAccount(
            request: offer.request, model: offer.model, layers: offer.layers, seat: offer.seat)
        self.deadline = deadline
        inheriting = offer.giver.map { Inheriting(giver: $0) }
    }

    var seat: Int { offer.seat }
    var isRebuilding: Bool { !isRebuilt && position < offer.resumePosition }

    /// Takes out the step that the shell gets while it runs the one before, so that it never waits
    /// for this node to hand it the next; nil where that could change what the other rows mean, and
    /// where nothing may come of the one before.
    mutating func takeFollowing() -> Step? {
        guard case .computing = phase, followingPosition == nil, !isRebuilding, leaving == nil,
            !runsNames, waiting[nextStepIndex + 1]?.isNamed == false,
            let step = waiting.remove(nextStepIndex + 1)
        else { return nil }
        followingPosition = step.position
        return step
    }

    /// The shell's next rows are under way, or none are.
    mutating func begin(at position: Int?, isNamed: Bool = false) {
        followingPosition = nil
        runsNames = isNamed
        phase = position.map { .computing(position: $0) } ?? .ready
        if let position { settledPosition = position }
    }

    /// What the step under way names was not kept: it and those that wait are run once their rows
    /// are here.
    ///
    /// - Returns: whether the rows are here already.
    mutating func forgetNames() -> Bool {
        begin(at: nil)
        wantsRows = true
        for index in waiting.keys where waiting[index]?.isNamed == true { waiting[index] = nil }
        return waiting.contains(nextStepIndex)
    }

    /// Whether the stage has run a step, or has it: sent again to be sure. Rows count for more than
    /// their names, also while nobody knows whether the names are enough.
    func isOld(_ step: Step) -> Bool {
        if step.isNamed, wantsRows { return true }
        let waitsAlready = waiting[step.index].map { step.isNamed || !$0.isNamed } ?? false
        if step.index == nextStepIndex, runsNames, !step.isNamed { return waitsAlready }
        return step.index < nextStepIndex + handedCount || waitsAlready
    }

    /// Steps that the shell has: the next ones.
    var handedCount: Int {
        guard case .computing = phase, !isRebuilding else { return 0 }
        return followingPosition == nil ? 1 : 2
    }

    /// Takes out the rows to run next: replays until the cache is rebuilt, then steps.
    mutating func takeNext() -> Step? {
        guard isRebuilding else { return waiting.remove(nextStepIndex) }
        while let start = waitingReplays.keys.first, start <= position,
            let replay = waitingReplays.remove(start)
        {
            if replay.end > position { return replay.dropping(below: position) }
        }
        return nil
    }

    var status: StageStatus {
        let status: StageStatus.Phase =
            switch phase {
            case .opening: .opening
            case .computing: .computing
            case .ready: isRebuilding || inheriting != nil ? .rebuilding : .waiting
            }
        return StageStatus(
            request: offer.request, seat: seat, phase: status, nextStepIndex: nextStepIndex,
            position: position)
    }
}

/// The stages this node serves, by request.
struct StageTable: Sendable {
    var requests = OrderedTable<RequestID, StageRequest>()
    /// Changed in place only: copies would double what may be many megabytes.
    var sent = OrderedTable<RequestID, SentRows>()

    mutating func remove(_ id: RequestID) -> StageRequest? {
        sent[id] = nil
        return requests.remove(id)
    }

    var nextDeadline: Instant {
        var earliest = Instant.never
        for request in requests.values {
            earliest = min(earliest, request.deadline)
            guard let leaving = request.leaving else { continue }
            let next =
                leaving.isFrozen ? leaving.until : min(leaving.computeUntil, leaving.until)
            earliest = min(earliest, next)
        }
        return earliest
    }
}
