internal import Identity
internal import Primitives
internal import Wire

/// The stage's side of a chain that changes: results kept, sent again, sent elsewhere.
extension PipelineCore {
    /// Keeps a result, and sends it where the next seat is to have it.
    ///
    /// - Parameter mayBeKept: it was kept here, and may be kept there as well.
    mutating func pass(
        _ result: Step, mayBeKept: Bool, of id: RequestID, into mail: inout Mail
    ) {
        let (limit, room) = (keptByteLimit, keptByteRoom)
        var outgoing = result
        stages.sent.update(id) { sent in
            sent.keep(result, limit: limit, room: room)
            outgoing = sent.outgoing(result, mayBeKept: mayBeKept && sent.hop.record != nil)
        }
        guard let hop = stages.sent[id]?.hop else { return }
        if !result.isReplay, result.index >= hop.resumeIndex {
            counters.rowsNamed += UInt64(outgoing.names.count)
            mail.send(
                outgoing.encode(isDone: hop.record == nil), to: hop.record?.id ?? id.entry,
                priority: .activation)
        }
        replay(id, into: &mail)
    }

    /// What may be kept beside all that is.
    var keptByteRoom: Int {
        let kept = stages.sent.values.reduce(0) { $0 + $1.byteCount }
        return max(
            0, Limits.keptByteCountOfAll - entries.sent.values.reduce(kept) { $0 + $1.byteCount })
    }

    /// Sends replays as far as the next seat takes them.
    private mutating func replay(_ id: RequestID, into mail: inout Mail) {
        guard let seat = stages.requests[id]?.seat, let sent = stages.sent[id],
            let next = sent.hop.record?.id, sent.hop.replayPosition > 0
        else { return }
        guard sent.servesHop else { return reportRowsNotKept(id, seat: seat, into: &mail) }
        var replays: [Step] = []
        stages.sent.update(id) { sent in
            while let step = sent.nextReplay(of: id, seat: seat) { replays.append(step) }
        }
        for step in replays {
            mail.send(step.encode(isDone: false), to: next, priority: .activation)
        }
    }

    func reportRowsNotKept(_ id: RequestID, seat: Int, into mail: inout Mail) {
        let failure = StepFailure(id, seat: seat, reason: .rowsNotKept)
        mail.send(failure.encode(), to: id.entry)
    }

    mutating func receiveRelink(
        _ relink: StageRelink, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        let id = relink.request
        guard ownStage(SeatMessage(id, seat: relink.seat), from: peer) != nil else {
            counters.unknownRequests += 1
            return
        }
        stages.requests.update(id) { $0.deadline = now + Limits.stageIdleTimeout }
        switch relink.side {
        case .previous(let node, let seat):
            stages.requests.update(id) { request in
                request.previous = node
                request.previousSeat = seat
                // Whoever stands there now sends them again.
                request.waitingReplays = OrderedTable()
            }
            let reply = SeatMessage(id, seat: relink.seat, number: seat)
            mail.send(reply.encode(.stageRelinked), to: peer)
        case .next(let hop):
            let isAuthentic =
                hop.record?.isAuthentic(suite: keys.suite, puzzleBitCount: puzzleBitCount) ?? true
            guard isAuthentic, hop.record?.id != keys.id else {
                counters.unsigned += 1
                return
            }
            // Whose results go to the entry has the last layers, and keeps only what is wanted.
            guard (hop.record == nil) == (stages.sent[id]?.hop.record == nil) else {
                counters.malformed += 1
                return
            }
            turn(id, seat: relink.seat, to: hop, into: &mail)
        }
    }

    /// Sends results to another seat from now on, and again what that one lacks.
    private mutating func turn(
        _ id: RequestID, seat: Int, to hop: StageHop, into mail: inout Mail
    ) {
        stages.sent.update(id) { $0.aim(at: hop) }
        guard let sent = stages.sent[id] else { return }
        guard sent.servesHop else { return reportRowsNotKept(id, seat: seat, into: &mail) }
        if let record = hop.record { emit(.meet(record)) }
        for step in sent.steps(of: id, seat: seat) {
            mail.send(
                step.encode(isDone: hop.record == nil), to: hop.record?.id ?? id.entry,
                priority: .activation)
        }
        replay(id, into: &mail)
    }

    /// Tells the seat before that a replay was run, or was not needed.
    func confirmReplay(_ step: Step, of request: StageRequest, into mail: inout Mail) {
        let message = SeatMessage(
            request.offer.request, seat: request.previousSeat, number: step.end)
        mail.send(message.encode(.replayTaken), to: request.previous)
    }

    /// The next seat has run replayed rows: more may follow.
    mutating func receiveReplayTaken(
        _ message: SeatMessage, from peer: NodeID, into mail: inout Mail
    ) {
        let id = message.request
        if message.seat == 0, id.entry == keys.id {
            entryReplayTaken(message, from: peer, into: &mail)
            return
        }
        guard stages.requests[id]?.seat == message.seat, stages.sent[id]?.hop.record?.id == peer
        else {
            counters.unknownRequests += 1
            return
        }
        stages.sent.update(id) { $0.confirm(upTo: message.number) }
        replay(id, into: &mail)
    }

    /// The entry asks what becomes of its request; it also hears with that that the request lives.
    mutating func receiveQuestion(
        _ message: SeatMessage, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard message.request.entry == peer else {
            counters.wrongSender += 1
            return
        }
        stages.requests.update(message.request) { $0.deadline = now + Limits.stageIdleTimeout }
        let unknown = StageStatus(
            request: message.request, seat: message.seat, phase: .unknown, nextStepIndex: 0,
            position: 0)
        let status = ownStage(message, from: peer)?.status ?? unknown
        mail.send(status.encode(), to: peer)
    }

    /// A lost entry ends its stages here; a lost next stage is the entry's to replace.
    mutating func stagesLost(_ peer: NodeID, into mail: inout Mail) {
        for id in stages.requests.keys {
            guard let request = stages.requests[id] else { continue }
            if id.entry == peer {
                counters.stagesExpired += 1
                freeStage(id)
            } else if let hop = stages.sent[id]?.hop, hop.record?.id == peer {
                let failure = StepFailure(
                    id, seat: request.seat, reason: .nextUnreachable, nextSeat: hop.seat)
                mail.send(failure.encode(), to: id.entry)
            }
        }
    }
}
