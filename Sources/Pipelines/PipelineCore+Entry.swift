internal import Identity
public import Primitives
internal import Wire

/// The entry's side of a request that goes well: offers, steps, accounts.
extension PipelineCore {
    /// Offers every stage of `chain` its part. `opened` or `broken` follows.
    ///
    /// - Parameters:
    ///   - chain: stages that cover all layers, in order.
    ///   - positionLimit: positions the request may reach.
    public mutating func open(
        model: Digest, chain: [ChainLink], hiddenSize: Int, positionLimit: Int, at now: Instant,
        into mail: inout Mail
    ) -> RequestID {
        precondition(!chain.isEmpty && chain.count <= Limits.chainStageCount)
        let id = RequestID(entry: keys.id, number: nextNumber)
        nextNumber += 1
        entries.sent[id.number] = SentRows(hop: StageHop(record: chain[0].record, seat: 1))
        var request = EntryRequest(
            id: id, model: model, hiddenSize: hiddenSize, positionLimit: positionLimit,
            askAt: now, idleDeadline: now + Limits.requestIdleTimeout)
        fill(0..<0, of: &request, with: chain, at: now, into: &mail)
        request.toldFirst = request.seats[0].number
        entries.requests[id.number] = request
        return id
    }

    /// Whether a request takes another step just now; one that is being mended does.
    public func acceptsStep(_ id: RequestID) -> Bool {
        guard let request = entries.requests[id.number], request.hasOpened, !request.isRewinding
        else { return false }
        return request.inFlight.count < Limits.stepsInFlight
    }

    /// Sends rows to the first stage, or keeps them until there is one; false where the request is
    /// not open or has as many steps in flight as it may.
    ///
    /// - Parameters:
    ///   - resultCount: of these rows the last ones, whose results are wanted.
    ///   - mayBeKept: an earlier request may have begun with these rows and all before them.
    public mutating func step(
        _ id: RequestID, position: Int, rowCount: Int, resultCount: Int, rows: [UInt8],
        mayBeKept: Bool = false, at now: Instant, into mail: inout Mail
    ) -> Bool {
        guard acceptsStep(id), var request = entries.requests[id.number] else { return false }
        precondition(rows.count == rowCount * request.hiddenSize * 4)
        precondition(rowCount > 0 && (0...rowCount).contains(resultCount))
        precondition(rowCount <= Step.rowCountMaximum(hiddenSize: request.hiddenSize))
        let step = Step(
            request: id, index: request.nextStepIndex, position: position, rowCount: rowCount,
            resultCount: resultCount, rows: rows)
        if request.inFlight.isEmpty, request.phase == .running {
            request.askAt = now + request.clock.stepTimeout
        }
        request.inFlight.append(
            .init(
                index: step.index, position: position, rowCount: rowCount,
                resultCount: resultCount, sentAt: now, isDisturbed: request.phase != .running))
        request.nextStepIndex += 1
        request.nextPosition = step.end
        request.idleDeadline = .never
        entries.requests[id.number] = request
        let (limit, room) = (keptByteLimit, keptByteRoom)
        let first = request.seats[0]
        let isSent = !first.isLost && request.toldFirst == first.number
        var outgoing = step
        entries.sent.update(id.number) { sent in
            sent.keep(step, limit: limit, room: room)
            outgoing = sent.outgoing(step, mayBeKept: mayBeKept && isSent)
        }
        if isSent {
            counters.rowsNamed += UInt64(outgoing.names.count)
            mail.send(outgoing.encode(isDone: false), to: first.node, priority: .activation)
        }
        return true
    }

    /// Ends a request in order; each stage answers with its account.
    public mutating func close(_ id: RequestID, at now: Instant, into mail: inout Mail) {
        guard let request = entries.remove(id.number) else { return }
        for seat in request.seats { end(seat, .closeStage, of: id, into: &mail) }
        for heir in request.heirs.values { end(heir, .cancel, of: id, into: &mail) }
        guard entries.closing.count < Limits.closingRequestCount else { return }
        entries.closing[id.number] = (request.seats, now + Limits.accountTimeout)
    }

    /// Drops a request at once: no account is asked for.
    public mutating func cancel(_ id: RequestID, into mail: inout Mail) {
        guard let request = entries.remove(id.number) else { return }
        for seat in request.seats + request.heirs.values {
            end(seat, .cancel, of: id, into: &mail)
        }
    }

    func end(_ seat: Seat, _ kind: MessageKind, of id: RequestID, into mail: inout Mail) {
        let kind = seat.isServing ? kind : .cancel
        mail.send(SeatMessage(id, seat: seat.number).encode(kind), to: seat.node)
    }

    mutating func receiveDone(_ step: Step, from peer: NodeID, at now: Instant) {
        guard step.request.entry == keys.id, var request = entries.requests[step.request.number]
        else {
            counters.unknownRequests += 1
            return
        }
        guard let last = request.seats.last, last.node == peer, last.number == step.seat else {
            counters.wrongSender += 1
            return
        }
        guard let sent = request.inFlight.first(where: { $0.index == step.index }) else {
            counters.oldRows += 1
            return
        }
        guard sent.isAnswered(by: step, hiddenSize: request.hiddenSize) else {
            counters.malformed += 1
            return
        }
        // Messages overtake each other: results are handed on in the order of their steps.
        request.arrived[step.index] = step
        while let oldest = request.inFlight.first,
            let done = request.arrived.remove(oldest.index)
        {
            request.inFlight.removeFirst()
            if !oldest.isDisturbed { request.clock.add(now.since(oldest.sentAt)) }
            emit(.stepDone(done))
        }
        request.proveAlive(by: step.index, at: now)
        entries.requests[step.request.number] = request
    }

    mutating func receiveAccount(
        _ reader: inout ByteReader, _ bytes: [UInt8], from peer: NodeID
    ) throws(WireError) {
        var account = try StageAccount(from: &reader)
        guard account.request.entry == keys.id,
            let closing = entries.closing[account.request.number],
            let seat = closing.seats.first(where: { $0.number == account.seat })
        else {
            counters.unknownRequests += 1
            return
        }
        guard seat.node == peer, seat.link.layers == account.layers else {
            counters.wrongSender += 1
            return
        }
        guard isSigned(bytes, by: seat.link.record.signingKey, suite: keys.suite) else {
            counters.unsigned += 1
            return
        }
        account.encoded = bytes
        emit(.account(account))
    }
}

extension EntryRequest {
    /// A step came back: whoever it passed is alive, and has all the positions before it.
    mutating func proveAlive(by index: Int, at now: Instant) {
        for place in seats.indices where seats[place].isServing {
            seats[place].askedAt = nil
            if index >= seats[place].proofIndex { seats[place].isRebuilt = true }
        }
        guard phase == .running else { return }
        if inFlight.isEmpty {
            askAt = now + Limits.keepAliveInterval
            idleDeadline = now + Limits.requestIdleTimeout
        } else {
            askAt = now + clock.stepTimeout
        }
    }
}
