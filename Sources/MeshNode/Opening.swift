internal import Pipelines
internal import Primitives

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
    var seats: [StageSeat] = []
    var excluded: [NodeID] = []
    var attemptCount = 0
    /// When searching ends.
    var patience: Instant
    /// When the DHT is asked next for holders of what is missing.
    var nextSearch: Instant

    var requestID: RequestID? {
        switch phase {
        case .searching: nil
        case .opening(let id), .running(let id): id
        }
    }
}
