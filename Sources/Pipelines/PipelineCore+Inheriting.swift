internal import Identity
public import Primitives
internal import Wire

/// The heir's side of a handoff: parts in order, then the request is its own.
extension PipelineCore {
    mutating func receiveCachePart(
        _ part: CachePart, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        let id = part.request
        guard let request = stages.requests[id], request.seat == part.seat,
            let inheriting = request.inheriting, inheriting.giver == peer
        else {
            counters.unknownRequests += 1
            return
        }
        guard inheriting.parts.count < Limits.cachePartWindowCount,
            part.bytes.count <= Limits.messageByteCount, part.position >= request.position,
            part.position < request.offer.positionLimit
        else {
            counters.malformed += 1
            return
        }
        stages.requests.update(id) { request in
            request.inheriting?.parts[part.position] = part.bytes
            request.deadline = now + Limits.stageIdleTimeout
        }
        inherit(id, into: &mail)
    }

    mutating func receiveHandoffEnd(
        _ end: HandoffEnd, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        let id = end.request
        guard let request = stages.requests[id], request.seat == end.seat,
            let inheriting = request.inheriting, inheriting.giver == peer
        else {
            counters.unknownRequests += 1
            return
        }
        let rowByteCount = request.offer.hiddenSize * 4
        let isLast = request.offer.next.record == nil
        guard end.position <= request.offer.positionLimit, end.position >= request.position,
            end.results.allSatisfy({
                $0.rows.count == (isLast ? $0.resultCount : $0.rowCount) * rowByteCount
            })
        else {
            counters.malformed += 1
            return
        }
        stages.requests.update(id) { $0.inheriting?.end = end }
        inherit(id, into: &mail)
    }

    /// Takes the next part, or, where all is there, the request.
    private mutating func inherit(_ id: RequestID, into mail: inout Mail) {
        guard let request = stages.requests[id], request.phase == .ready,
            let inheriting = request.inheriting, !inheriting.isImporting
        else { return }
        if let bytes = inheriting.parts[request.position] {
            stages.requests.update(id) { request in
                _ = request.inheriting?.parts.remove(request.position)
                request.inheriting?.isImporting = true
            }
            counters.cacheBytesTaken += UInt64(bytes.count)
            emit(.importCache(id, from: request.position, bytes: bytes))
            return
        }
        guard let end = inheriting.end, end.position == request.position else { return }
        stages.requests.update(id) { request in
            request.inheriting = nil
            request.nextStepIndex = end.nextStepIndex
            // Where the giver's last step is not known, any position may be overwritten yet.
            request.settledPosition = end.results.last?.position ?? 0
        }
        let hop = request.offer.next
        var sent = SentRows(hop: hop)
        let first = end.results.first
        sent.begin(
            position: first?.position ?? end.position, index: first?.index ?? end.nextStepIndex)
        for step in end.results {
            sent.keep(step, limit: keptByteLimit, room: keptByteRoom)
        }
        stages.sent[id] = sent
        guard let status = stages.requests[id]?.status else { return }
        mail.send(status.encode(), to: id.entry)
    }

    /// The shell put positions into a cache: the position it ends at, or nil where it could not.
    public mutating func cacheImported(
        _ id: RequestID, position: Int?, at now: Instant, into mail: inout Mail
    ) {
        guard let request = stages.requests[id], request.inheriting?.isImporting == true else {
            return
        }
        guard let position, position > request.position,
            position <= request.offer.positionLimit
        else {
            dropStage(id, reason: .memory, into: &mail)
            return
        }
        stages.requests.update(id) { request in
            request.inheriting?.isImporting = false
            request.position = position
        }
        if let giver = request.inheriting?.giver {
            let message = SeatMessage(id, seat: request.seat, number: position)
            mail.send(message.encode(.cacheTaken), to: giver)
        }
        inherit(id, into: &mail)
    }
}
