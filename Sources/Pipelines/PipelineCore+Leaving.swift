internal import Identity
public import Primitives
internal import Wire

/// The leaving stage's side of a handoff: it tells its entry, sends its KV cache to the heir while
/// it still serves, runs its last step, and says so.
extension PipelineCore {
    /// Every stage of this node leaves: its entry is told, new offers are refused.
    ///
    /// - Parameters:
    ///   - computeUntil: no step begins afterwards.
    ///   - until: what has not been handed over by then is dropped.
    public mutating func drain(
        computeUntil: Instant, until: Instant, at now: Instant, into mail: inout Mail
    ) {
        acceptsStages = false
        for id in stages.requests.keys {
            guard let request = stages.requests[id], request.leaving == nil else { continue }
            // A stage that has no cache yet has nothing to hand over.
            guard request.phase != .opening, request.inheriting == nil, !request.isRebuilding
            else {
                dropStage(id, reason: .leaving, into: &mail)
                continue
            }
            stages.requests.update(id) {
                $0.leaving = Leaving(computeUntil: computeUntil, until: until)
            }
            let word = StageLeaving(
                request: id, seat: request.seat,
                milliseconds: min(
                    Limits.drainMilliseconds, Int(until.since(now).milliseconds)))
            mail.send(word.encode(), to: id.entry)
        }
    }

    mutating func receiveHandOver(
        _ word: HandOver, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        let id = word.request
        guard ownStage(SeatMessage(id, seat: word.seat), from: peer) != nil else {
            counters.unknownRequests += 1
            return
        }
        guard word.heir.isAuthentic(suite: keys.suite, puzzleBitCount: puzzleBitCount),
            word.heir.id != keys.id
        else {
            counters.unsigned += 1
            return
        }
        guard stages.requests[id]?.leaving != nil else { return }
        emit(.meet(word.heir))
        stages.requests.update(id) { request in
            // A second heir takes the place of a lost one: it needs everything.
            request.leaving?.heir = Leaving.Heir(
                node: word.heir.id, seat: word.heirSeat, resumeIndex: word.resumeIndex)
            request.leaving?.sentPosition = 0
            request.leaving?.partsUnderWay = []
            request.leaving?.hasEnded = false
        }
        handOn(id, into: &mail)
    }

    /// The next thing to do for a handoff: a part, or the last word.
    mutating func handOn(_ id: RequestID, into mail: inout Mail) {
        guard let request = stages.requests[id], let leaving = request.leaving,
            let heir = leaving.heir, !leaving.isExporting, !leaving.hasEnded
        else { return }
        if leaving.sentPosition < request.settledPosition {
            return export(id, upTo: request.settledPosition)
        }
        // What is under way is little: the rest can wait for it.
        guard leaving.partsUnderWay.isEmpty || leaving.isFrozen else { return }
        stages.requests.update(id) { $0.leaving?.isFrozen = true }
        if case .computing = request.phase { return }
        // No step comes any more that could overwrite the last one's rows.
        guard leaving.sentPosition == request.position else {
            return export(id, upTo: request.position)
        }
        stages.requests.update(id) { $0.leaving?.hasEnded = true }
        let end = HandoffEnd(
            request: id, seat: heir.seat, position: request.position,
            nextStepIndex: request.nextStepIndex,
            results: results(of: id, from: heir.resumeIndex, upTo: request.nextStepIndex))
        mail.send(end.encode(), to: heir.node, priority: .activation)
    }

    /// Has the next positions read, if the window of parts is open.
    private mutating func export(_ id: RequestID, upTo end: Int) {
        guard let leaving = stages.requests[id]?.leaving,
            leaving.partsUnderWay.count < Limits.cachePartWindowCount
        else { return }
        stages.requests.update(id) { $0.leaving?.isExporting = true }
        emit(.exportCache(id, from: leaving.sentPosition, upTo: end))
    }

    /// Results that may not have arrived, as far as one message carries them.
    private func results(of id: RequestID, from index: Int, upTo end: Int) -> [Step] {
        guard let sent = stages.sent[id], let seat = stages.requests[id]?.seat else { return [] }
        let steps = sent.steps(of: id, seat: seat, from: index)
        let byteCount = steps.reduce(0) { $0 + $1.rows.count }
        guard steps.count <= Limits.stepsInFlight, byteCount <= Limits.handoffResultByteCount,
            steps.last?.index == end - 1
        else { return [] }
        return steps
    }

    /// The shell read some positions of a cache; nil where it could not.
    public mutating func cacheExported(
        _ id: RequestID, from position: Int, upTo end: Int, bytes: [UInt8]?, at now: Instant,
        into mail: inout Mail
    ) {
        guard let request = stages.requests[id], let leaving = request.leaving,
            leaving.isExporting
        else { return }
        stages.requests.update(id) { $0.leaving?.isExporting = false }
        guard let bytes else {
            dropStage(id, reason: .leaving, into: &mail)
            return
        }
        // The heir may have changed meanwhile.
        if let heir = leaving.heir, leaving.sentPosition == position {
            stages.requests.update(id) { request in
                request.leaving?.sentPosition = end
                request.leaving?.partsUnderWay.append(end)
            }
            counters.cacheBytesGiven += UInt64(bytes.count)
            let part = CachePart(
                request: id, seat: heir.seat, position: position, bytes: bytes)
            mail.send(part.encode(), to: heir.node, priority: .activation)
        }
        handOn(id, into: &mail)
    }

    /// The heir has taken positions.
    mutating func receiveCacheTaken(
        _ message: SeatMessage, from peer: NodeID, into mail: inout Mail
    ) {
        let id = message.request
        guard let heir = stages.requests[id]?.leaving?.heir, heir.node == peer,
            heir.seat == message.seat
        else {
            counters.unknownRequests += 1
            return
        }
        stages.requests.update(id) { request in
            request.leaving?.partsUnderWay.removeAll { $0 <= message.number }
        }
        handOn(id, into: &mail)
    }

    /// Leaving stages whose time is over.
    mutating func expireLeaving(at now: Instant, into mail: inout Mail) {
        for id in stages.requests.keys {
            guard let leaving = stages.requests[id]?.leaving else { continue }
            if leaving.until <= now {
                dropStage(id, reason: .leaving, into: &mail)
            } else if leaving.computeUntil <= now, !leaving.isFrozen {
                stages.requests.update(id) { $0.leaving?.isFrozen = true }
                handOn(id, into: &mail)
            }
        }
    }
}
