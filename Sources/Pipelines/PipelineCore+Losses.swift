internal import Identity
internal import Primitives
internal import Wire

/// How an entry comes to know that a stage is lost: it says so, its session ends, or it does not
/// answer when a step is overdue.
extension PipelineCore {
    /// Takes seats out of service and tells the node.
    mutating func lose(
        _ places: [Int], _ cause: LossCause, of request: inout EntryRequest, at now: Instant
    ) {
        let fresh = places.filter { !request.seats[$0].isLost }
        guard !fresh.isEmpty else { return }
        for place in fresh {
            request.seats[place].standing = .lost(cause)
            request.seats[place].askedAt = nil
        }
        request.disturb()
        // Where one is lost, others may be: they are asked at once.
        request.askAt = now
        counters.stagesLost += UInt64(fresh.count)
        let losses = fresh.map { place in
            StageLoss(
                node: request.seats[place].node, layers: request.seats[place].link.layers,
                cause: cause)
        }
        emit(.broken(request.id, losses))
    }

    /// Gives all seats up: what the chain lacks is kept nowhere, so that every position is run
    /// anew on a new chain.
    mutating func rewind(_ number: UInt64, at now: Instant) {
        guard var request = entries.requests[number] else { return }
        counters.requestsRewound += 1
        request.isRewinding = true
        request.inFlight = []
        request.arrived = OrderedTable()
        request.nextPosition = 0
        request.toldFirst = nil
        entries.sent[number] = SentRows(hop: StageHop(record: nil, seat: 0))
        lose(Array(request.seats.indices), .givenUp, of: &request, at: now)
        entries.requests[number] = request
    }

    mutating func receiveFailure(
        _ failure: StepFailure, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        let number = failure.request.number
        guard failure.request.entry == keys.id, var request = entries.requests[number] else {
            counters.unknownRequests += 1
            return
        }
        if failure.reason == .unknownRequest {
            // It may be about an earlier seat of that node: its answer will tell.
            request.askAt = now
            entries.requests[number] = request
            return
        }
        guard let place = request.index(ofSeat: failure.seat), request.seats[place].node == peer
        else {
            counters.wrongSender += 1
            return
        }
        switch failure.reason {
        case .rowsNotKept:
            guard request.seats[place].isHeir else { return rewind(number, at: now) }
            // An heir got a cache and not the rows that made it. Whoever takes its place, itself
            // perhaps, makes them again from those of the stage before.
            lose([place], .givenUp, of: &request, at: now)
        case .nextUnreachable:
            guard place + 1 < request.seats.count,
                request.seats[place + 1].number == failure.nextSeat
            else { return }
            lose([place + 1], .unreachable, of: &request, at: now)
        default: lose([place], .failed(failure.reason), of: &request, at: now)
        }
        entries.requests[number] = request
    }

    mutating func entriesLost(_ peer: NodeID, at now: Instant) {
        for number in entries.requests.keys {
            guard var request = entries.requests[number],
                let place = request.seats.firstIndex(where: { $0.node == peer && !$0.isLost })
            else { continue }
            lose([place], .unreachable, of: &request, at: now)
            entries.requests[number] = request
        }
    }

    // MARK: asking

    mutating func expireEntries(at now: Instant, into mail: inout Mail) {
        entries.closing.removeAll { _, closing in closing.until <= now }
        for number in entries.requests.keys {
            guard var request = entries.requests[number], request.nextDeadline <= now else {
                continue
            }
            guard request.idleDeadline > now else {
                cancel(request.id, into: &mail)
                emit(.failed(request.id, .abandoned))
                continue
            }
            lose(request.silentPlaces(at: now), .silent, of: &request, at: now)
            lose(request.stuckPlaces(at: now), .stuck, of: &request, at: now)
            if request.askAt <= now { ask(&request, at: now, into: &mail) }
            entries.requests[number] = request
            heirsSilent(number, at: now, into: &mail)
        }
    }

    /// Asks every stage where it stands, also those that were silent before.
    private mutating func ask(_ request: inout EntryRequest, at now: Instant, into mail: inout Mail)
    {
        for place in request.seats.indices {
            switch request.seats[place].standing {
            case .lost(.silent): break
            case .lost: continue
            case .offered, .serving:
                request.seats[place].askedAt = request.seats[place].askedAt ?? now
            }
            let question = SeatMessage(request.id, seat: request.seats[place].number)
            mail.send(question.encode(.askStage), to: request.seats[place].node)
        }
        if request.isWaiting { emit(.overdue(request.id)) }
        for old in request.heirs.keys {
            request.heirs.update(old) { $0.askedAt = $0.askedAt ?? now }
            guard let heir = request.heirs[old] else { continue }
            let question = SeatMessage(request.id, seat: heir.number)
            mail.send(question.encode(.askStage), to: heir.node)
        }
        request.askAt =
            now + (request.isWaiting ? Limits.askInterval : Limits.keepAliveInterval)
    }

    mutating func receiveStatus(
        _ status: StageStatus, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        if heirReported(status, from: peer, at: now, into: &mail) { return }
        let number = status.request.number
        guard status.request.entry == keys.id, var request = entries.requests[number],
            let place = request.index(ofSeat: status.seat), request.seats[place].node == peer
        else {
            counters.unknownRequests += 1
            return
        }
        request.seats[place].askedAt = nil
        switch (request.seats[place].standing, status.phase) {
        // The question has overtaken the offer.
        case (.offered, .unknown), (.lost, .unknown): break
        case (.serving, .unknown):
            lose([place], .failed(.unknownRequest), of: &request, at: now)
        case (.lost(.silent), _):
            counters.stagesRevived += 1
            request.revive(place, isOpen: status.phase != .opening)
        default: break
        }
        request.note(status, of: place, at: now)
        entries.requests[number] = request
        advance(number, at: now, into: &mail)
    }
}

extension EntryRequest {
    /// The chain is broken or changes: times of steps under way say nothing of it.
    mutating func disturb() {
        phase = hasOpened ? .mending : .opening
        for index in inFlight.indices { inFlight[index].isDisturbed = true }
    }

    func silentPlaces(at now: Instant) -> [Int] {
        seats.indices.filter { place in
            guard let askedAt = seats[place].askedAt else { return false }
            return askedAt + clock.answerTimeout <= now
        }
    }

    /// Offers that are answered with everything but yes or no, and the stage at which the oldest
    /// step has been for too long.
    func stuckPlaces(at now: Instant) -> [Int] {
        var stuck = seats.indices.filter { place in
            seats[place].standing == .offered
                && seats[place].offeredAt + Limits.openTimeout <= now
        }
        guard phase == .running, let oldest = inFlight.first else { return stuck }
        let place = seats.firstIndex { seat in
            seat.isServing && seat.progress.nextStepIndex <= oldest.index
        }
        if let place,
            max(seats[place].progressAt, oldest.sentAt) + Limits.stuckTimeout <= now
        {
            stuck.append(place)
        }
        return stuck
    }

    /// A stage that was silent speaks again before anybody took its place: it goes on, and what
    /// may have been lost on either side of it is sent again.
    mutating func revive(_ place: Int, isOpen: Bool) {
        seats[place].standing = isOpen ? .serving : .offered
        guard isOpen else { return }
        seats[place].toldPrevious = nil
        seats[place].confirmedPrevious = nil
        seats[place].toldNext = nil
        if place > 0 { seats[place - 1].toldNext = nil } else { toldFirst = nil }
    }

    mutating func note(_ status: StageStatus, of place: Int, at now: Instant) {
        let progress = StageProgress(
            nextStepIndex: status.nextStepIndex, position: status.position)
        if seats[place].progress != progress {
            seats[place].progress = progress
            seats[place].progressAt = now
        }
        if status.phase == .waiting || status.phase == .computing,
            status.position >= seats[place].resumePosition
        {
            seats[place].isRebuilt = true
        }
    }
}
