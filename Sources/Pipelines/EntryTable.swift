internal import Identity
internal import Primitives
internal import Wire

/// One stage's place in a request, as the entry sees it. Numbers are never used twice.
struct Seat: Sendable {
    enum Standing: Hashable, Sendable {
        /// The offer is out.
        case offered
        case serving
        /// To be replaced; nothing is sent there.
        case lost(LossCause)
    }

    var number: Int
    var link: ChainLink
    var standing = Standing.offered
    var offerDigest: Digest
    var offeredAt: Instant
    /// Where its part of the request begins.
    var resumeIndex: Int
    var resumePosition: Int
    /// Steps from this index on were sent when the seat stood in the chain already: one that came
    /// back proves that its KV cache is whole. Set when the chain is.
    var proofIndex: Int
    var isRebuilt: Bool
    /// It has kept what it computed of earlier rows of this entry.
    var keepsRows = false
    /// It got its KV cache from the one before it in its place, but not the rows that one sent.
    var isHeir = false
    /// The seats beside it that it was told of, and the one before it that it has confirmed; nil
    /// where it must be told again.
    var toldPrevious: Int?
    var confirmedPrevious: Int?
    var toldNext: Int?
    /// Since when a question to it is unanswered.
    var askedAt: Instant?
    /// What it last said of itself, and since when that stands.
    var progress = StageProgress(nextStepIndex: 0, position: 0)
    var progressAt: Instant

    var node: NodeID { link.record.id }
    var isLost: Bool { if case .lost = standing { true } else { false } }
    var isServing: Bool { standing == .serving }
}

/// How far a stage has come.
struct StageProgress: Hashable, Sendable {
    var nextStepIndex: Int
    var position: Int
}

/// A request as its entry sees it.
struct EntryRequest: Sendable {
    enum Phase: Hashable, Sendable {
        /// Not every stage has said yes, for the first time.
        case opening
        case running
        /// Stages are lost, or their replacements are not in place yet.
        case mending
    }

    var id: RequestID
    var model: Digest
    var hiddenSize: Int
    var positionLimit: Int
    var seats: [Seat] = []
    var nextSeat = 1
    var phase = Phase.opening
    var hasOpened = false
    /// The seat that the entry's own rows go to.
    var toldFirst: Int?
    /// Nothing can be sent again: once the seats are filled, the shell runs all positions anew.
    var isRewinding = false
    var nextStepIndex = 0
    var nextPosition = 0
    /// Steps that are under way, oldest first.
    var inFlight: [StepInFlight] = []
    /// Results that came before an earlier step's.
    var arrived = OrderedTable<Int, Step>()
    var clock = StepClock()
    /// Seats that leave, with the time when they are gone, and who gets their KV caches.
    var leaving = OrderedTable<Int, Instant>()
    var heirs = OrderedTable<Int, Seat>()
    /// When the stages are asked next.
    var askAt: Instant
    /// When the prompter has been silent for too long.
    var idleDeadline: Instant

    struct StepInFlight: Hashable, Sendable {
        var index: Int
        var position: Int
        var rowCount: Int
        var resultCount: Int
        var sentAt: Instant
        /// Sent again, or sent into a broken chain: its time says nothing.
        var isDisturbed: Bool

        /// Whether these are the step's results, all that were wanted and no others.
        func isAnswered(by step: Step, hiddenSize: Int) -> Bool {
            step.end == position + rowCount && step.resultCount == resultCount
                && step.rowCount == (resultCount == 0 ? rowCount : resultCount)
                && step.rows.count == resultCount * hiddenSize * 4
        }
    }

    func index(ofSeat number: Int) -> Int? { seats.firstIndex { $0.number == number } }

    /// The oldest step that has not come back; the next one where none is under way.
    var resumePoint: (index: Int, position: Int) {
        inFlight.first.map { ($0.index, $0.position) } ?? (nextStepIndex, nextPosition)
    }

    /// Whether something has to come back from a stage.
    var isWaiting: Bool { !inFlight.isEmpty || phase != .running }

    var nextDeadline: Instant {
        var earliest = min(askAt, idleDeadline)
        for seat in seats + heirs.values {
            if let askedAt = seat.askedAt, !seat.isLost {
                earliest = min(earliest, askedAt + clock.answerTimeout)
            }
        }
        return earliest
    }
}

/// The requests this node serves, by number.
struct EntryTable: Sendable {
    var requests = OrderedTable<UInt64, EntryRequest>()
    /// The entry's own rows. Changed in place only: copies would double many megabytes.
    var sent = OrderedTable<UInt64, SentRows>()
    /// Closed requests whose accounts are still expected, with the time when we stop waiting.
    var closing = OrderedTable<UInt64, (seats: [Seat], until: Instant)>()

    mutating func remove(_ number: UInt64) -> EntryRequest? {
        sent[number] = nil
        return requests.remove(number)
    }

    var nextDeadline: Instant {
        var earliest = Instant.never
        for request in requests.values { earliest = min(earliest, request.nextDeadline) }
        for entry in closing.values { earliest = min(earliest, entry.until) }
        return earliest
    }
}
