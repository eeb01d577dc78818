import Identity
import Primitives

/// How this node ceases to be a stage.
extension PipelineCore {
    mutating func receiveClose(
        _ message: SeatMessage, from peer: NodeID, into mail: inout Mail
    ) {
        guard let request = ownStage(message, from: peer) else { return }
        mail.send(request.account.encode(keys: keys), to: peer)
        freeStage(message.request)
    }

    mutating func receiveCancel(_ message: SeatMessage, from peer: NodeID) {
        guard ownStage(message, from: peer) != nil else { return }
        freeStage(message.request)
    }

    /// The stage that its entry speaks to; nil where the seat is another by now.
    func ownStage(_ message: SeatMessage, from peer: NodeID) -> StageRequest? {
        guard message.request.entry == peer, let request = stages.requests[message.request],
            request.seat == message.seat
        else { return nil }
        return request
    }

    /// Forgets a stage, and lets the shell free its KV cache.
    mutating func freeStage(_ id: RequestID) {
        guard stages.remove(id) != nil else { return }
        emit(.closeCache(id))
    }

    /// Ends one stage and tells its entry why.
    mutating func dropStage(_ id: RequestID, reason: RefusalReason, into mail: inout Mail) {
        guard let seat = stages.requests[id]?.seat else { return }
        freeStage(id)
        mail.send(StepFailure(id, seat: seat, reason: reason).encode(), to: id.entry)
    }

    mutating func expireStages(at now: Instant) {
        for id in stages.requests.keys {
            guard let request = stages.requests[id], request.deadline <= now else { continue }
            counters.stagesExpired += 1
            freeStage(id)
        }
    }
}
