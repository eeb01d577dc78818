internal import Identity
public import Primitives
internal import Wire

/// The stage's side: admission, rows in order, the account.
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
            offer.next.record?.isAuthentic(suite: keys.suite, puzzleBitCount: puzzleBitCount)
                ?? true,
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
        if stages.remove(offer.request) != nil { emit(.closeCache(offer.request)) }
        stages.requests[offer.request] = StageRequest(
            offer, digest: digest, deadline: now + Limits.stageIdleTimeout)
        var sent = SentRows(hop: offer.next)
        sent.beginNaming(
            RowNames(
                entry: entry.id, model: offer.model, layer: offer.layers.upper))
        stages.sent[offer.request] = sent
        if let next = offer.next.record { emit(.meet(next)) }
        emit(.openCache(offer))
    }

    private func refusalReason(for offer: StageOffer) -> RefusalReason? {
        guard acceptsStages else { return .leaving }
        let known = stages.requests[offer.request]
        // A node stands once in a chain; beside itself only where it is the entry as well.
        guard known.map({ $0.seat < offer.seat }) ?? true,
            offer.next.record?.id != keys.id,
            offer.previousSeat == 0 || offer.previous != keys.id
        else { return .badOffer }
        guard known != nil || stages.requests.count < Limits.stageRequestCount else {
            return .busy
        }
        let isHeld = holdings.contains {
            $0.model == offer.model && $0.layers.contains(offer.layers)
        }
        return isHeld ? nil : .layersNotHeld
    }

    private mutating func answer(
        _ offer: StageOffer, digest: Digest, refusal: RefusalReason?, keepsRows: Bool = false,
        into mail: inout Mail
    ) {
        if refusal == nil { counters.stagesOpened += 1 } else { counters.stagesRefused += 1 }
        let answer = StageAnswer(
            number: offer.request.number, seat: offer.seat, offerDigest: digest, refusal: refusal,
            keepsRows: keepsRows)
        mail.send(answer.encode(keys: keys), to: offer.request.entry)
    }

    /// The shell made room for the request's KV cache, or says why not.
    ///
    /// - Parameter keepsRows: whether it has kept what came of earlier rows of the entry.
    public mutating func cacheOpened(
        _ id: RequestID, refusal: RefusalReason?, keepsRows: Bool = false, at now: Instant,
        into mail: inout Mail
    ) {
        guard let request = stages.requests[id], request.phase == .opening else { return }
        if let refusal {
            _ = stages.remove(id)
            answer(request.offer, digest: request.offerDigest, refusal: refusal, into: &mail)
            return
        }
        stages.requests.update(id) { $0.phase = .ready }
        answer(
            request.offer, digest: request.offerDigest, refusal: nil, keepsRows: keepsRows,
            into: &mail)
        runNext(of: id, into: &mail)
    }

    /// A step or a replay, from the seat before.
    mutating func receiveRows(
        _ step: Step, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        let id = step.request
        guard let request = stages.requests[id] else {
            counters.unknownRequests += 1
            // The entry may live on: it must not wait for rows that nobody runs.
            let failure = StepFailure(id, seat: 0, reason: .unknownRequest)
            mail.send(failure.encode(), to: id.entry)
            return
        }
        guard request.previous == peer, request.previousSeat == step.seat else {
            counters.wrongSender += 1
            return
        }
        guard step.isNamed || step.rows.count == step.rowCount * request.offer.hiddenSize * 4,
            step.end <= request.offer.positionLimit
        else {
            counters.malformed += 1
            return
        }
        guard !isOld(step, for: request) else {
            counters.oldRows += 1
            if step.isReplay { confirmReplay(step, of: request, into: &mail) }
            return
        }
        let waitingCount = step.isReplay ? request.waitingReplays.count : request.waiting.count
        let limit = step.isReplay ? Limits.replayWindowCount : Limits.stepsInFlight
        guard waitingCount < limit || request.waiting[step.index]?.isNamed == true else {
            counters.stepsRefused += 1
            dropStage(id, reason: .busy, into: &mail)
            return
        }
        stages.requests.update(id) { request in
            if step.isReplay {
                request.waitingReplays[step.position] = step
            } else {
                request.waiting[step.index] = step
            }
            request.deadline = now + Limits.stageIdleTimeout
        }
        runNext(of: id, into: &mail)
    }

    /// Whether the stage has run these rows, or has them: sent again to be sure.
    private func isOld(_ step: Step, for request: StageRequest) -> Bool {
        if step.isReplay {
            let known = request.waitingReplays[step.position]
            return step.end <= request.position || !request.isRebuilding
                || (known?.end ?? 0) >= step.end
        }
        return request.isOld(step)
    }

    /// Hands the next rows to the shell, when they are there: one step to run, and one behind it.
    mutating func runNext(of id: RequestID, into mail: inout Mail) {
        guard let request = stages.requests[id], request.phase != .opening,
            request.inheriting == nil, request.leaving?.isFrozen != true
        else { return }
        var next: Step?
        if request.phase == .ready {
            stages.requests.update(id) { request in
                next = request.takeNext()
                guard let step = next else { return }
                request.begin(at: step.position, isNamed: step.isNamed)
                if step.isReplay { request.settledPosition = step.end }
            }
            guard let step = next, hand(step, of: id, into: &mail) else { return }
        }
        stages.requests.update(id) { next = $0.takeFollowing() }
        if let next { _ = hand(next, of: id, into: &mail) }
    }

    /// Gives a step to the shell; false where the stage ends instead.
    private mutating func hand(_ step: Step, of id: RequestID, into mail: inout Mail) -> Bool {
        guard isAheadOfHeir(step.position, of: id, into: &mail),
            let offer = stages.requests[id]?.offer
        else { return false }
        var step = step
        step.seat = offer.seat
        step.isLast = stages.sent[id]?.hop.record == nil
        emit(.compute(offer, step))
        return true
    }

    /// No entry goes back behind a step whose result it had: an heir may have these positions.
    private mutating func isAheadOfHeir(
        _ position: Int, of id: RequestID, into mail: inout Mail
    ) -> Bool {
        guard position >= stages.requests[id]?.leaving?.sentPosition ?? 0 else {
            dropStage(id, reason: .leaving, into: &mail)
            return false
        }
        return true
    }

    /// The shell ran rows through the stage's layers; nil where it could not.
    public mutating func computed(
        _ id: RequestID, step: Step, output: [UInt8]?, microseconds: UInt32, at now: Instant,
        into mail: inout Mail
    ) {
        guard let request = stages.requests[id], request.seat == step.seat,
            request.phase == .computing(position: step.position)
        else { return }
        guard let output else {
            // Abandoned, because the owner is back: the step is the heir's.
            guard request.leaving != nil else {
                dropStage(id, reason: .computeFailed, into: &mail)
                return
            }
            stages.requests.update(id) { request in
                request.begin(at: nil)
                // What it was to overwrite is gone.
                request.position = min(request.position, step.position)
                request.leaving?.isFrozen = true
            }
            stages.sent.update(id) { $0.cut(at: step.position) }
            handOn(id, into: &mail)
            return
        }
        precondition(output.count == step.outputCount * request.offer.hiddenSize * 4)
        counters.stepsRun += 1
        stages.requests.update(id) { request in
            request.account.add(step, output: output, microseconds: microseconds)
            request.position = step.end
            if !step.isReplay { request.nextStepIndex = step.index + 1 }
            // Its rows may have come while its names were looked up.
            if step.isNamed { request.waiting[step.index] = nil }
            request.begin(at: request.followingPosition)
            request.deadline = now + Limits.stageIdleTimeout
        }
        if step.isReplay { confirmReplay(step, of: request, into: &mail) }
        pass(
            step.result(output, microseconds: microseconds), mayBeKept: step.isNamed, of: id,
            into: &mail)
        if let following = request.followingPosition {
            guard isAheadOfHeir(following, of: id, into: &mail) else { return }
        }
        runNext(of: id, into: &mail)
        handOn(id, into: &mail)
    }

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
