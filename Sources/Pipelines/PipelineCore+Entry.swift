internal import Identity
public import Primitives
internal import Wire

/// The entry's side: offers, steps, accounts.
extension PipelineCore {
    /// Offers every stage of `chain` its part. `opened` or `failed` follows.
    ///
    /// - Parameters:
    ///   - chain: stages that cover all layers, in order; none is this node itself.
    ///   - positionLimit: positions the request may reach.
    public mutating func open(
        model: Digest, chain: [ChainLink], hiddenSize: Int, positionLimit: Int, at now: Instant,
        into mail: inout Mail
    ) -> RequestID {
        precondition(!chain.isEmpty && chain.count <= Limits.chainStageCount)
        let id = RequestID(entry: keys.id, number: nextNumber)
        nextNumber += 1
        var digests: [Digest] = []
        for (index, link) in chain.enumerated() {
            let offer = StageOffer(
                request: id, entryRecord: record, model: model, layers: link.layers,
                stageIndex: index, stageCount: chain.count, hiddenSize: hiddenSize,
                positionLimit: positionLimit,
                previous: index == 0 ? keys.id : chain[index - 1].record.id,
                next: index == chain.count - 1 ? nil : chain[index + 1].record)
            let bytes = offer.encode(keys: keys)
            digests.append(StageAnswer.digest(ofOffer: bytes))
            mail.send(bytes, to: link.record.id)
        }
        entries.requests[id.number] = EntryRequest(
            id: id, model: model, chain: chain, hiddenSize: hiddenSize, offerDigests: digests,
            accepted: Array(repeating: false, count: chain.count),
            phase: .opening(acceptedCount: 0), deadline: now + Limits.openTimeout)
        return id
    }

    /// Whether a request takes another step just now.
    public func acceptsStep(_ id: RequestID) -> Bool {
        guard let request = entries.requests[id.number], request.phase == .running else {
            return false
        }
        return request.inFlight.count < Limits.stepsInFlight
    }

    /// Sends rows to the first stage; false where the request is not running or has as many steps
    /// in flight as it may.
    public mutating func step(
        _ id: RequestID, position: Int, rowCount: Int, rows: [UInt8], at now: Instant,
        into mail: inout Mail
    ) -> Bool {
        guard acceptsStep(id), var request = entries.requests[id.number] else { return false }
        precondition(rows.count == rowCount * request.hiddenSize * 4)
        precondition(rowCount <= Limits.rowsPerStep)
        let step = Step(
            request: id, index: request.nextStepIndex, position: position, rowCount: rowCount,
            rows: rows)
        request.inFlight.append(
            .init(index: step.index, position: position, rowCount: rowCount, sentAt: now))
        request.nextStepIndex += 1
        request.deadline = now + Limits.stepTimeout
        mail.send(step.encode(isDone: false), to: request.chain[0].record.id, priority: .activation)
        entries.requests[id.number] = request
        return true
    }

    /// Ends a request in order; each stage answers with its account.
    public mutating func close(_ id: RequestID, at now: Instant, into mail: inout Mail) {
        guard let request = entries.requests.remove(id.number) else { return }
        for link in request.chain { mail.send(requestMessage(.closeStage, id), to: link.record.id) }
        guard entries.closing.count < Limits.closingRequestCount else { return }
        entries.closing[id.number] = (request.chain, now + Limits.accountTimeout)
    }

    /// Drops a request at once: no account is asked for.
    public mutating func cancel(_ id: RequestID, into mail: inout Mail) {
        guard let request = entries.requests.remove(id.number) else { return }
        for link in request.chain { mail.send(requestMessage(.cancel, id), to: link.record.id) }
    }

    mutating func fail(_ id: RequestID, _ failure: RequestFailure, into mail: inout Mail) {
        guard entries.requests.contains(id.number) else { return }
        cancel(id, into: &mail)
        emit(.failed(id, failure))
    }

    mutating func receiveAnswer(
        _ answer: StageAnswer, _ bytes: [UInt8], from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) {
        guard var request = entries.requests[answer.number],
            answer.stageIndex < request.chain.count,
            case .opening(let acceptedCount) = request.phase
        else {
            counters.unknownRequests += 1
            return
        }
        let link = request.chain[answer.stageIndex]
        guard link.record.id == peer, answer.offerDigest == request.offerDigests[answer.stageIndex]
        else {
            counters.wrongSender += 1
            return
        }
        guard isSigned(bytes, by: link.record.signingKey, suite: keys.suite) else {
            counters.unsigned += 1
            return
        }
        if let reason = answer.refusal {
            fail(request.id, .refused(peer, link.layers, reason), into: &mail)
            return
        }
        guard !request.accepted[answer.stageIndex] else { return }
        request.accepted[answer.stageIndex] = true
        let isComplete = acceptedCount + 1 == request.chain.count
        request.phase = isComplete ? .running : .opening(acceptedCount: acceptedCount + 1)
        if isComplete { request.deadline = now + Limits.requestIdleTimeout }
        entries.requests[answer.number] = request
        if isComplete { emit(.opened(request.id)) }
    }

    mutating func receiveDone(_ step: Step, from peer: NodeID, at now: Instant) {
        guard step.request.entry == keys.id, var request = entries.requests[step.request.number]
        else {
            counters.unknownRequests += 1
            return
        }
        guard request.chain.last?.record.id == peer else {
            counters.wrongSender += 1
            return
        }
        guard let sent = request.inFlight.first(where: { $0.index == step.index }),
            sent.position == step.position, sent.rowCount == step.rowCount,
            step.rows.count == step.rowCount * request.hiddenSize * 4
        else {
            counters.malformed += 1
            return
        }
        // Messages overtake each other: results are handed on in the order of their steps.
        request.arrived[step.index] = step
        while let oldest = request.inFlight.first,
            let done = request.arrived.remove(oldest.index)
        {
            request.inFlight.removeFirst()
            emit(.stepDone(done))
        }
        request.deadline =
            now + (request.inFlight.isEmpty ? Limits.requestIdleTimeout : Limits.stepTimeout)
        entries.requests[step.request.number] = request
    }

    mutating func receiveFailure(
        _ failure: StepFailure, from peer: NodeID, into mail: inout Mail
    ) {
        guard failure.request.entry == keys.id,
            let request = entries.requests[failure.request.number]
        else {
            counters.unknownRequests += 1
            return
        }
        guard let own = request.stage(of: peer) else {
            counters.wrongSender += 1
            return
        }
        // A stage speaks for itself, or says that it can't reach the one after it.
        let isNext = failure.reason == .nextUnreachable && own + 1 < request.chain.count
        let link = request.chain[isNext ? own + 1 : own]
        fail(request.id, .stageFailed(link.record.id, link.layers, failure.reason), into: &mail)
    }

    mutating func receiveAccount(
        _ reader: inout ByteReader, _ bytes: [UInt8], from peer: NodeID
    ) throws(WireError) {
        var account = try StageAccount(from: &reader)
        guard account.request.entry == keys.id,
            let closing = entries.closing[account.request.number],
            account.stageIndex < closing.chain.count
        else {
            counters.unknownRequests += 1
            return
        }
        let link = closing.chain[account.stageIndex]
        guard link.record.id == peer, link.layers == account.layers else {
            counters.wrongSender += 1
            return
        }
        guard isSigned(bytes, by: link.record.signingKey, suite: keys.suite) else {
            counters.unsigned += 1
            return
        }
        account.encoded = bytes
        emit(.account(account))
    }

    mutating func entriesLost(_ peer: NodeID, into mail: inout Mail) {
        for number in entries.requests.keys {
            guard let request = entries.requests[number], let stage = request.stage(of: peer)
            else { continue }
            let layers = request.chain[stage].layers
            fail(request.id, .stageLost(peer, layers), into: &mail)
        }
    }

    mutating func expireEntries(at now: Instant, into mail: inout Mail) {
        entries.closing.removeAll { _, closing in closing.until <= now }
        for number in entries.requests.keys {
            guard let request = entries.requests[number], request.deadline <= now else { continue }
            switch request.phase {
            case .opening:
                let silent = request.chain.indices.filter { !request.accepted[$0] }
                let nodes = silent.map { request.chain[$0].record.id }
                fail(request.id, .openTimeout(nodes), into: &mail)
            case .running: fail(request.id, .stepTimeout, into: &mail)
            }
        }
    }
}
