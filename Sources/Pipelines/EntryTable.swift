internal import Identity
internal import Primitives
internal import Wire

/// A request as its entry sees it.
struct EntryRequest: Sendable {
    enum Phase: Hashable, Sendable {
        /// Offers are out; the count of stages that said yes.
        case opening(acceptedCount: Int)
        case running
    }

    var id: RequestID
    var model: Digest
    var chain: [ChainLink]
    var hiddenSize: Int
    var offerDigests: [Digest]
    var accepted: [Bool]
    var phase: Phase
    var nextStepIndex = 0
    /// Steps that are under way, oldest first.
    var inFlight: [StepInFlight] = []
    /// Results that came before an earlier step's.
    var arrived = OrderedTable<Int, Step>()
    /// When the request fails unless something arrives.
    var deadline: Instant

    struct StepInFlight: Hashable, Sendable {
        var index: Int
        var position: Int
        var rowCount: Int
        var sentAt: Instant
    }

    func stage(of node: NodeID) -> Int? { chain.firstIndex { $0.record.id == node } }
}

/// The requests this node serves, by number.
struct EntryTable: Sendable {
    var requests = OrderedTable<UInt64, EntryRequest>()
    /// Closed requests whose accounts are still expected, with the time when we stop waiting.
    var closing = OrderedTable<UInt64, (chain: [ChainLink], until: Instant)>()

    var nextDeadline: Instant {
        var earliest = Instant.never
        for request in requests.values { earliest = min(earliest, request.deadline) }
        for entry in closing.values { earliest = min(earliest, entry.until) }
        return earliest
    }
}
