internal import Identity
internal import Primitives
internal import Wire

/// A request as one of its stages sees it.
struct StageRequest: Sendable {
    enum Phase: Hashable, Sendable {
        /// The shell is making room for the KV cache.
        case opening
        case ready
        /// A step is being computed.
        case computing(stepIndex: Int)
    }

    var offer: StageOffer
    var offerDigest: Digest
    var phase: Phase
    /// The next step to run.
    var nextStepIndex = 0
    /// Steps that wait, by index: messages overtake each other.
    var waiting = OrderedTable<Int, Step>()
    var account: StageAccount
    /// The stage frees itself when nothing came from the entry's side until then.
    var deadline: Instant

    var isLast: Bool { offer.next == nil }
}

/// The stages this node serves, by request.
struct StageTable: Sendable {
    var requests = OrderedTable<RequestID, StageRequest>()

    var nextDeadline: Instant {
        var earliest = Instant.never
        for request in requests.values { earliest = min(earliest, request.deadline) }
        return earliest
    }
}
