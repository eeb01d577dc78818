internal import Identity
public import Primitives
internal import Wire

/// The entry's side of a request that lost stages: seats filled anew, neighbours told.
///
/// A new seat says yes to its offer, the seat behind the gap confirms who stands before it now;
/// only then is the seat before the gap told where its results go, and sends again what it sent.
extension PipelineCore {
    // MARK: verbs of the node

    /// The chain of a request as it stands; empty where there is no such request.
    public func chain(of id: RequestID) -> [ChainPlace] {
        guard let request = entries.requests[id.number] else { return [] }
        return request.seats.map {
            ChainPlace(node: $0.node, layers: $0.link.layers, isLost: $0.isLost)
        }
    }

    /// Gives a part of a chain to other stages, whether it is lost or not: they rebuild their KV
    /// caches from what the seat before them sent. `mended`, or `broken` again, follows.
    ///
    /// - Parameters:
    ///   - layers: from one seat's first layer to one seat's last.
    ///   - links: stages that cover exactly these layers, in order.
    /// - Returns: false where the chain has no such part, or as many seats as a request may have.
    @discardableResult
    public mutating func replace(
        _ id: RequestID, layers: LayerRange, with links: [ChainLink], at now: Instant,
        into mail: inout Mail
    ) -> Bool {
        guard var request = entries.requests[id.number],
            let lower = request.seats.firstIndex(where: { $0.link.layers.lower == layers.lower }),
            let upper = request.seats.firstIndex(where: { $0.link.layers.upper == layers.upper }),
            lower <= upper, links.first?.layers.lower == layers.lower,
            links.last?.layers.upper == layers.upper,
            request.seats.count - (upper + 1 - lower) + links.count <= Limits.chainStageCount,
            request.nextSeat + links.count < Limits.seatNumber
        else { return false }
        for seat in request.seats[lower...upper]
        // An offer with a higher seat ends a node's part by itself.
        where !links.contains(where: { $0.record.id == seat.node }) {
            end(seat, .cancel, of: id, into: &mail)
        }
        request.disturb()
        fill(lower..<upper + 1, of: &request, with: links, at: now, into: &mail)
        for heir in request.disinherit()
        where !links.contains(where: { $0.record.id == heir.node }) {
            end(heir, .cancel, of: id, into: &mail)
        }
        entries.requests[id.number] = request
        return true
    }

    // MARK: telling neighbours

    /// Tells the seats beside a gap of each other as far as the time has come; when all is said the
    /// chain is whole.
    mutating func advance(_ number: UInt64, at now: Instant, into mail: inout Mail) {
        guard var request = entries.requests[number], request.phase != .running,
            !request.seats.contains(where: \.isLost)
        else { return }
        tellPrevious(&request, into: &mail)
        let isReady = request.seats.indices.allSatisfy { place in
            let wanted = place == 0 ? 0 : request.seats[place - 1].number
            return request.seats[place].isServing
                && request.seats[place].confirmedPrevious == wanted
        }
        guard isReady else {
            entries.requests[number] = request
            return
        }
        tellNext(&request, into: &mail)
        let isRewound = request.isRewinding
        request.isRewinding = false
        let wasOpened = request.hasOpened
        request.hasOpened = true
        request.phase = .running
        request.askAt =
            now + (request.inFlight.isEmpty ? Limits.keepAliveInterval : request.clock.stepTimeout)
        request.idleDeadline = request.inFlight.isEmpty ? now + Limits.requestIdleTimeout : .never
        for index in request.inFlight.indices { request.inFlight[index].sentAt = now }
        for place in request.seats.indices where request.seats[place].proofIndex == .max {
            request.seats[place].proofIndex = request.nextStepIndex
        }
        let canServe = tellFirst(&request, into: &mail)
        entries.requests[number] = request
        guard canServe else { return rewind(number, at: now) }
        if !wasOpened, request.seats[0].keepsRows {
            let names = RowNames(entry: keys.id, model: request.model, layer: 0)
            entries.sent.update(number) { $0.beginNaming(names) }
        }
        if wasOpened { counters.requestsMended += 1 }
        emit(wasOpened ? .mended(request.id) : .opened(request.id))
        if isRewound { emit(.rewound(request.id)) }
    }

    private func tellPrevious(_ request: inout EntryRequest, into mail: inout Mail) {
        for place in request.seats.indices where request.seats[place].isServing {
            let previous = place > 0 ? request.seats[place - 1] : nil
            let number = previous?.number ?? 0
            guard request.seats[place].toldPrevious != number else { continue }
            request.seats[place].toldPrevious = number
            let relink = StageRelink(
                request: request.id, seat: request.seats[place].number,
                side: .previous(previous?.node ?? keys.id, seat: number))
            mail.send(relink.encode(), to: request.seats[place].node)
        }
    }

    private func tellNext(_ request: inout EntryRequest, into mail: inout Mail) {
        for place in request.seats.indices {
            let hop = request.hop(behind: place)
            guard request.seats[place].toldNext != hop.seat else { continue }
            request.seats[place].toldNext = hop.seat
            let relink = StageRelink(
                request: request.id, seat: request.seats[place].number, side: .next(hop))
            mail.send(relink.encode(), to: request.seats[place].node)
        }
    }

    /// Turns the entry's own rows to a new first seat; false where they are not kept.
    private mutating func tellFirst(_ request: inout EntryRequest, into mail: inout Mail) -> Bool {
        let first = request.seats[0]
        guard request.toldFirst != first.number else { return true }
        request.toldFirst = first.number
        let id = request.id
        let hop = request.hop(behind: -1)
        entries.sent.update(id.number) { $0.aim(at: hop) }
        guard let sent = entries.sent[id.number], sent.servesHop else { return false }
        for step in sent.steps(of: id, seat: 0) {
            mail.send(step.encode(isDone: false), to: first.node, priority: .activation)
        }
        replayOwn(id, to: first.node, into: &mail)
        return true
    }

    private mutating func replayOwn(_ id: RequestID, to node: NodeID, into mail: inout Mail) {
        var replays: [Step] = []
        entries.sent.update(id.number) { sent in
            while let step = sent.nextReplay(of: id, seat: 0) { replays.append(step) }
        }
        for step in replays {
            mail.send(step.encode(isDone: false), to: node, priority: .activation)
        }
    }

    mutating func entryReplayTaken(
        _ message: SeatMessage, from peer: NodeID, into mail: inout Mail
    ) {
        let number = message.request.number
        guard let first = entries.requests[number]?.seats.first, first.node == peer else {
            counters.unknownRequests += 1
            return
        }
        entries.sent.update(number) { $0.confirm(upTo: message.number) }
        replayOwn(message.request, to: peer, into: &mail)
    }
}

extension EntryRequest {
    /// Where the part of new seats begins that stand before a place: at the oldest step that has
    /// not come back, or earlier, where a seat behind them is itself not rebuilt.
    func resumePoint(before place: Int) -> (index: Int, position: Int) {
        var point = resumePoint
        for seat in seats[place...] where !seat.isRebuilt && seat.resumeIndex < point.index {
            point = (seat.resumeIndex, seat.resumePosition)
        }
        return point
    }

    /// Where the results of a place go; -1 stands for the entry's own rows.
    func hop(behind place: Int) -> StageHop {
        guard place + 1 < seats.count else {
            return StageHop(record: nil, seat: 0, resumeIndex: resumePoint.index)
        }
        let next = seats[place + 1]
        return next.isRebuilt
            ? StageHop(
                record: next.link.record, seat: next.number, resumeIndex: resumePoint.index)
            : StageHop(
                record: next.link.record, seat: next.number, resumeIndex: next.resumeIndex,
                replayPosition: next.resumePosition)
    }
}
