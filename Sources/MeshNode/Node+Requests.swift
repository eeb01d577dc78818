internal import Gossip
internal import Identity
internal import Kademlia
public import Pipelines
internal import Placement
public import Primitives
internal import Sessions
internal import Shards
internal import Wire

/// Requests this node serves as their entry, and stages it serves for others.
extension Node {
    // MARK: verbs of the shell, as entry

    /// Looks for a chain that covers the model and opens it; `requestOpened` or `requestFailed`
    /// follows.
    ///
    /// - Parameter patience: how long to wait for layers that nobody holds, at the beginning and
    ///   each time when stages are lost.
    public mutating func openRequest(
        model: Digest, positionLimit: Int, patience: Interval, at now: Instant,
        into outbox: inout Outbox
    ) -> Ticket {
        let ticket = Ticket(number: nextTicket)
        nextTicket += 1
        if requests.count >= Limits.entryRequestCount {
            emit(.requestFailed(ticket, .tooMany))
        } else {
            requests[ticket] = OpenRequest(
                model: model, positionLimit: positionLimit, patience: patience, at: now)
            advanceRequests(at: now)
        }
        if isTransient {
            deadlines.refresh = min(deadlines.refresh, now + Limits.visitorRefreshInterval)
        }
        settle(at: now, into: &outbox)
        return ticket
    }

    /// Sends rows through the chain; false where as many steps as may be are under way.
    ///
    /// - Parameters:
    ///   - resultCount: of these rows the last ones, whose results are wanted.
    ///   - mayBeKept: an earlier request may have begun with these rows and all before them.
    public mutating func step(
        _ ticket: Ticket, position: Int, rowCount: Int, resultCount: Int, rows: [UInt8],
        mayBeKept: Bool = false, at now: Instant, into outbox: inout Outbox
    ) -> Bool {
        guard case .running(let id) = requests[ticket]?.phase else { return false }
        let isSent = pipelines.step(
            id, position: position, rowCount: rowCount, resultCount: resultCount, rows: rows,
            mayBeKept: mayBeKept, at: now, into: &mail)
        settle(at: now, into: &outbox)
        return isSent
    }

    /// Ends a request in order; accounts follow.
    public mutating func closeRequest(
        _ ticket: Ticket, at now: Instant, into outbox: inout Outbox
    ) {
        if let id = requests[ticket]?.requestID { pipelines.close(id, at: now, into: &mail) }
        closedTickets.add(requests.remove(ticket)?.requestID, ticket)
        settle(at: now, into: &outbox)
    }

    /// Gives a request up at once.
    public mutating func cancelRequest(
        _ ticket: Ticket, at now: Instant, into outbox: inout Outbox
    ) {
        if let id = requests.remove(ticket)?.requestID { pipelines.cancel(id, into: &mail) }
        settle(at: now, into: &outbox)
    }

    // MARK: verbs of the shell, as stage

    /// - Parameter keepsRows: whether it has kept what came of earlier rows of the entry.
    /// - Returns: whether the request is here still; its memory is for nobody otherwise.
    @discardableResult
    public mutating func cacheOpened(
        _ id: RequestID, refusal: RefusalReason?, keepsRows: Bool = false, at now: Instant,
        into outbox: inout Outbox
    ) -> Bool {
        let isHere = pipelines.cacheOpened(
            id, refusal: refusal, keepsRows: keepsRows, at: now, into: &mail)
        settle(at: now, into: &outbox)
        return isHere
    }

    public mutating func computed(
        _ id: RequestID, step: Step, output: [UInt8]?, microseconds: UInt32, at now: Instant,
        into outbox: inout Outbox
    ) {
        pipelines.computed(
            id, step: step, output: output, microseconds: microseconds, at: now, into: &mail)
        settle(at: now, into: &outbox)
    }

    public mutating func rowsNotKnown(
        _ id: RequestID, step: Step, at now: Instant, into outbox: inout Outbox
    ) {
        pipelines.rowsNotKnown(id, step: step, at: now, into: &mail)
        settle(at: now, into: &outbox)
    }

    // MARK: what follows

    mutating func handle(
        _ event: PipelineEvent, at now: Instant, into outbox: inout Outbox
    ) {
        switch event {
        case .opened(let id), .overdue(let id), .broken(let id, _), .mended(let id),
            .rewound(let id),
            .failed(let id, _), .leaving(let id, _, _), .heirLost(let id, _, _),
            .handedOver(let id, _, _):
            guard let ticket = ticket(of: id) else { return }
            handle(event, of: ticket, id, at: now)
        case .stepDone(let step):
            guard let ticket = ticket(of: step.request) else { return }
            requests.update(ticket) { $0.progressed() }
            emit(.stepDone(ticket, step))
        case .account(let account):
            guard let ticket = closedTickets.ticket(of: account.request) else { return }
            emit(.accountArrived(ticket, account))
        case .openCache(let offer):
            note(.stageOpened(offer.request, offer.layers))
            emit(.openCache(offer))
        case .compute(let offer, let step): emit(.compute(offer, step))
        case .exportCache(let id, let from, let end):
            emit(.exportCache(id, from: from, upTo: end))
        case .importCache(let id, let from, let bytes):
            emit(.importCache(id, from: from, bytes: bytes))
        case .closeCache(let id):
            note(.stageClosed(id))
            emit(.closeCache(id))
            // The last stage is gone: its layers need not wait any longer.
            if pipelines.stageCount == 0, deadlines.release != .never { deadlines.release = now }
        case .meet(let record):
            book.add(record)
            // A session with its earlier life would swallow what is about to be sent.
            if sessions.isKnown(record.id) {
                sessions.connect(to: record, address: nil, at: now, into: &outbox)
            }
        case .layersWanted(let model, let layers): layersWanted(model, layers, at: now)
        }
    }

    /// What became of the chain of one of this node's own requests.
    private mutating func handle(
        _ event: PipelineEvent, of ticket: Ticket, _ id: RequestID, at now: Instant
    ) {
        switch event {
        case .opened:
            requests.update(ticket) { $0.phase = .running(id) }
            emit(.requestOpened(ticket, seats(of: id)))
        case .overdue: askSpares(of: id, ticket, at: now)
        case .broken(_, let losses):
            doubts.doubtSilent(at: now)
            for loss in losses where loss.cause == .refused(.layersNotHeld) {
                // Its ad is out of date.
                adHolders.remove(loss.node)
            }
            let sequences = losses.map { knownRecord(of: $0.node)?.sequence ?? 0 }
            for loss in losses where loss.cause == .silent || loss.cause == .unreachable {
                guard let record = knownRecord(of: loss.node) else { continue }
                doubts.add(record, at: now)
                // Placement counts it as gone too.
                neighborsChanged = true
            }
            requests.update(ticket) { $0.lost(losses, sequences: sequences, at: now) }
            mend(ticket, id, at: now)
        case .leaving(_, let node, let layers):
            nameHeir(of: node, layers, ticket, id, at: now)
            // A visitor may have forgotten who there is.
            if isTransient, !pipelines.leavers(of: id, at: now).isEmpty { askStates(at: now) }
        case .heirLost(_, let node, let cause):
            let sequence = knownRecord(of: node)?.sequence ?? 0
            requests.update(ticket) { $0.rest(node, sequence: sequence, after: cause, at: now) }
        case .handedOver(_, let giver, let heir):
            // An heir may come in time for a stage that was lost already.
            if !pipelines.chain(of: id).contains(where: \.isLost) {
                requests.update(ticket) { $0.isBroken = false }
            }
            note(.handedOver(id, from: giver, to: heir))
        case .mended: emit(.requestMended(ticket, seats(of: id)))
        case .rewound: emit(.requestRewound(ticket))
        case .failed(_, let failure):
            requests[ticket] = nil
            emit(.requestFailed(ticket, .failed(failure)))
        default: break
        }
    }

    private func seats(of id: RequestID) -> [StageSeat] {
        pipelines.chain(of: id).map { StageSeat(node: $0.node, layers: $0.layers) }
    }

    private func ticket(of id: RequestID) -> Ticket? {
        for (ticket, request) in zip(requests.keys, requests.values)
        where request.requestID == id { return ticket }
        return nil
    }
}

/// Requests that were closed in order and whose accounts may still come.
struct ClosedTickets: Sendable {
    private var tickets: [(id: RequestID, ticket: Ticket)] = []

    mutating func add(_ id: RequestID?, _ ticket: Ticket) {
        guard let id else { return }
        if tickets.count >= Limits.closingRequestCount { tickets.removeFirst() }
        tickets.append((id, ticket))
    }

    func ticket(of id: RequestID) -> Ticket? { tickets.first { $0.id == id }?.ticket }
}
