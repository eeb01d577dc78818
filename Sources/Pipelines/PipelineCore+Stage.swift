public import Primitives

/// The stage's side: admission, rows in order, the account.
extension PipelineCore {
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
}
