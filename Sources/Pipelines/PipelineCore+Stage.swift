internal import Identity
public import Primitives
internal import Wire

/// The stage's side: admission, steps in order, the account.
extension PipelineCore {
    mutating func receiveOffer(
        _ reader: inout ByteReader, _ bytes: [UInt8], from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) throws(WireError) {
        let offer = try StageOffer(from: &reader)
        let entry = offer.entryRecord
        guard entry.id == peer else {
            counters.wrongSender += 1
            return
        }
        guard entry.isAuthentic(suite: keys.suite, puzzleBitCount: puzzleBitCount),
            offer.next?.isAuthentic(suite: keys.suite, puzzleBitCount: puzzleBitCount) ?? true,
            isSigned(bytes, by: entry.signingKey, suite: keys.suite)
        else {
            counters.unsigned += 1
            return
        }
        let digest = StageAnswer.digest(ofOffer: bytes)
        if let reason = refusalReason(for: offer) {
            answer(offer, digest: digest, refusal: reason, into: &mail)
            return
        }
        let account = StageAccount(
            request: offer.request, model: offer.model, layers: offer.layers,
            stageIndex: offer.stageIndex)
        stages.requests[offer.request] = StageRequest(
            offer: offer, offerDigest: digest, phase: .opening, account: account,
            deadline: now + Limits.stageIdleTimeout)
        if let next = offer.next { emit(.meet(next)) }
        emit(.openCache(offer))
    }

    private func refusalReason(for offer: StageOffer) -> RefusalReason? {
        guard acceptsStages else { return .leaving }
        guard !stages.requests.contains(offer.request) else { return .badOffer }
        guard offer.next?.id != keys.id, offer.previous != keys.id else { return .badOffer }
        guard stages.requests.count < Limits.stageRequestCount else { return .busy }
        let isHeld = holdings.contains {
            $0.model == offer.model && $0.layers.contains(offer.layers)
        }
        return isHeld ? nil : .layersNotHeld
    }

    private mutating func answer(
        _ offer: StageOffer, digest: Digest, refusal: RefusalReason?, into mail: inout Mail
    ) {
        if refusal == nil { counters.stagesOpened += 1 } else { counters.stagesRefused += 1 }
        let answer = StageAnswer(
            number: offer.request.number, stageIndex: offer.stageIndex, offerDigest: digest,
            refusal: refusal)
        mail.send(answer.encode(keys: keys), to: offer.request.entry)
    }

    /// The shell made room for the request's KV cache, or could not.
    public mutating func cacheOpened(
        _ id: RequestID, isOpen: Bool, at now: Instant, into mail: inout Mail
    ) {
        guard var request = stages.requests[id], request.phase == .opening else { return }
        guard isOpen else {
            stages.requests[id] = nil
            answer(request.offer, digest: request.offerDigest, refusal: .memory, into: &mail)
            return
        }
        request.phase = .ready
        stages.requests[id] = request
        answer(request.offer, digest: request.offerDigest, refusal: nil, into: &mail)
    }

    mutating func receiveStep(
        _ step: Step, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard var request = stages.requests[step.request] else {
            counters.unknownRequests += 1
            // The entry may live on: it must not wait for a step that nobody runs.
            let failure = StepFailure(
                request: step.request, index: step.index, stageIndex: 0, reason: .unknownRequest)
            mail.send(failure.encode(), to: step.request.entry)
            return
        }
        guard request.offer.previous == peer else {
            counters.wrongSender += 1
            return
        }
        let offer = request.offer
        guard step.rows.count == step.rowCount * offer.hiddenSize * 4,
            step.position + step.rowCount <= offer.positionLimit,
            step.stageMicroseconds.count == offer.stageIndex, step.index >= request.nextStepIndex
        else {
            counters.malformed += 1
            return
        }
        guard request.waiting.count < Limits.stepsInFlight else {
            counters.stepsRefused += 1
            dropStage(step.request, reason: .busy, into: &mail)
            return
        }
        request.waiting[step.index] = step
        request.deadline = now + Limits.stageIdleTimeout
        stages.requests[step.request] = request
        runNextStep(of: step.request)
    }

    /// Hands the next step in order to the shell, when it is there and nothing is being computed.
    private mutating func runNextStep(of id: RequestID) {
        guard var request = stages.requests[id], request.phase == .ready,
            let step = request.waiting.remove(request.nextStepIndex)
        else { return }
        request.phase = .computing(stepIndex: step.index)
        stages.requests[id] = request
        emit(.compute(request.offer, step))
    }

    /// The shell ran a step's layers; nil where it could not.
    public mutating func computed(
        _ id: RequestID, step: Step, output: [UInt8]?, microseconds: UInt32, at now: Instant,
        into mail: inout Mail
    ) {
        guard var request = stages.requests[id],
            request.phase == .computing(stepIndex: step.index)
        else { return }
        guard let output else {
            dropStage(id, reason: .computeFailed, into: &mail)
            return
        }
        precondition(output.count == step.rows.count)
        counters.stepsRun += 1
        request.account.add(step, output: output, microseconds: microseconds)
        request.phase = .ready
        request.nextStepIndex = step.index + 1
        request.deadline = now + Limits.stageIdleTimeout
        stages.requests[id] = request
        let result = Step(
            request: id, index: step.index, position: step.position, rowCount: step.rowCount,
            stageMicroseconds: step.stageMicroseconds + [microseconds], rows: output)
        mail.send(
            result.encode(isDone: request.isLast), to: request.offer.next?.id ?? id.entry,
            priority: .activation)
        runNextStep(of: id)
    }

    mutating func receiveClose(_ id: RequestID, from peer: NodeID, into mail: inout Mail) {
        guard id.entry == peer, let request = stages.requests[id] else {
            counters.unknownRequests += 1
            return
        }
        mail.send(request.account.encode(keys: keys), to: peer)
        stages.requests[id] = nil
        emit(.closeCache(id))
    }

    mutating func receiveCancel(_ id: RequestID, from peer: NodeID) {
        guard id.entry == peer, stages.requests.contains(id) else {
            counters.unknownRequests += 1
            return
        }
        stages.requests[id] = nil
        emit(.closeCache(id))
    }

    /// Ends one stage and tells its entry why.
    mutating func dropStage(_ id: RequestID, reason: RefusalReason, into mail: inout Mail) {
        guard let request = stages.requests.remove(id) else { return }
        emit(.closeCache(id))
        let failure = StepFailure(
            request: id, index: request.nextStepIndex, stageIndex: request.offer.stageIndex,
            reason: reason)
        mail.send(failure.encode(), to: id.entry)
    }

    mutating func stagesLost(_ peer: NodeID, into mail: inout Mail) {
        for id in stages.requests.keys {
            guard let request = stages.requests[id] else { continue }
            if id.entry == peer {
                stages.requests[id] = nil
                counters.stagesExpired += 1
                emit(.closeCache(id))
            } else if request.offer.next?.id == peer {
                dropStage(id, reason: .nextUnreachable, into: &mail)
            }
        }
    }

    mutating func expireStages(at now: Instant) {
        for id in stages.requests.keys {
            guard let request = stages.requests[id], request.deadline <= now else { continue }
            stages.requests[id] = nil
            counters.stagesExpired += 1
            emit(.closeCache(id))
        }
    }
}
