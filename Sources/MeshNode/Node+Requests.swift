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
    /// - Parameter patience: how long to wait for layers that nobody holds.
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
                model: model, positionLimit: positionLimit, patience: now + patience,
                nextSearch: now)
            advanceRequests(at: now)
        }
        settle(at: now, into: &outbox)
        return ticket
    }

    /// Sends rows through the chain; false where as many steps as may be are under way.
    public mutating func step(
        _ ticket: Ticket, position: Int, rowCount: Int, rows: [UInt8], at now: Instant,
        into outbox: inout Outbox
    ) -> Bool {
        guard case .running(let id) = requests[ticket]?.phase else { return false }
        let isSent = pipelines.step(
            id, position: position, rowCount: rowCount, rows: rows, at: now, into: &mail)
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

    public mutating func cacheOpened(
        _ id: RequestID, isOpen: Bool, at now: Instant, into outbox: inout Outbox
    ) {
        pipelines.cacheOpened(id, isOpen: isOpen, at: now, into: &mail)
        settle(at: now, into: &outbox)
    }

    public mutating func computed(
        _ id: RequestID, step: Step, output: [UInt8]?, microseconds: UInt32, at now: Instant,
        into outbox: inout Outbox
    ) {
        pipelines.computed(
            id, step: step, output: output, microseconds: microseconds, at: now, into: &mail)
        settle(at: now, into: &outbox)
    }

    // MARK: what follows

    mutating func handle(_ event: PipelineEvent, at now: Instant) {
        switch event {
        case .opened(let id):
            guard let ticket = ticket(of: id), let request = requests[ticket] else { return }
            requests.update(ticket) { $0.phase = .running(id) }
            emit(.requestOpened(ticket, request.seats))
        case .stepDone(let step):
            guard let ticket = ticket(of: step.request) else { return }
            emit(.stepDone(ticket, step))
        case .failed(let id, let failure): failed(id, failure, at: now)
        case .account(let account):
            guard let ticket = closedTickets.ticket(of: account.request) else { return }
            emit(.accountArrived(ticket, account))
        case .openCache(let offer):
            note(.stageOpened(offer.request, offer.layers))
            emit(.openCache(offer))
        case .compute(let offer, let step): emit(.compute(offer, step))
        case .closeCache(let id):
            note(.stageClosed(id))
            emit(.closeCache(id))
        case .meet(let record): book.add(record)
        }
    }

    /// Before the first step another chain may do; afterwards the request ends.
    private mutating func failed(_ id: RequestID, _ failure: RequestFailure, at now: Instant) {
        // Its ad is out of date.
        if case .refused(let node, _, .layersNotHeld) = failure { adHolders.remove(node) }
        guard let ticket = ticket(of: id), var request = requests[ticket] else { return }
        if case .opening = request.phase, request.attemptCount < Limits.chainAttemptCount {
            request.phase = .searching
            request.excluded += failure.culprits
            request.nextSearch = now
            requests[ticket] = request
            advanceRequests(at: now)
            return
        }
        requests[ticket] = nil
        emit(.requestFailed(ticket, .failed(failure)))
    }

    private func ticket(of id: RequestID) -> Ticket? {
        for (ticket, request) in zip(requests.keys, requests.values)
        where request.requestID == id { return ticket }
        return nil
    }

    /// Tries every request that has no chain yet.
    mutating func advanceRequests(at now: Instant) {
        for ticket in requests.keys {
            guard let request = requests[ticket], request.phase == .searching else { continue }
            advance(ticket, request, at: now)
        }
    }

    private mutating func advance(_ ticket: Ticket, _ request: OpenRequest, at now: Instant) {
        guard let manifest = shards.manifest(request.model)?.manifest else {
            requests[ticket] = nil
            emit(.requestFailed(ticket, .unknownModel))
            return
        }
        var candidates = chainCandidates(for: request.model, at: now)
        candidates.removeAll {
            request.excluded.contains($0.id) || knownRecord(of: $0.id) == nil
        }
        let ways = Ways(self, to: candidates.map(\.id))
        let choice = chooseChain(
            layerCount: manifest.layerCount, candidates: candidates,
            roundTripMicroseconds: { one, other in ways.between(one, other) })
        switch choice {
        case .chain(let chain, _):
            open(chain, for: ticket, manifest: manifest, at: now)
        case .missing(let missing):
            guard request.patience > now else {
                requests[ticket] = nil
                emit(.requestFailed(ticket, .layersMissing(missing)))
                return
            }
            guard request.nextSearch <= now else { return }
            requests.update(ticket) {
                $0.nextSearch = now + Limits.holderSearchInterval
                // Whoever refused once may have room again.
                $0.excluded = []
            }
            searchHolders(of: request.model, missing: missing, at: now)
        }
    }

    private mutating func open(
        _ chain: Chain, for ticket: Ticket, manifest: ModelManifest, at now: Instant
    ) {
        let links = chain.stages.compactMap { stage in
            knownRecord(of: stage.id).map { ChainLink(record: $0, layers: stage.layers) }
        }
        // Candidates without a record were left out.
        precondition(links.count == chain.stages.count)
        guard let request = requests[ticket] else { return }
        let id = pipelines.open(
            model: request.model, chain: links, hiddenSize: manifest.hiddenSize,
            positionLimit: request.positionLimit, at: now, into: &mail)
        requests.update(ticket) { request in
            request.phase = .opening(id)
            request.attemptCount += 1
            request.seats = links.map { StageSeat(node: $0.record.id, layers: $0.layers) }
        }
    }

    /// Everybody known to hold layers: neighbours first, then whom the DHT named.
    private func chainCandidates(for model: Digest, at now: Instant) -> [ChainCandidate] {
        var candidates: [ChainCandidate] = []
        func add(_ state: NodeState) {
            guard state.presence == .idle, let holding = state.holding(of: model),
                !holding.layers.isEmpty
            else { return }
            candidates.append(
                ChainCandidate(
                    id: state.id, holding: holding, layerMicroseconds: state.layerMicroseconds,
                    activeRequestCount: state.activeRequestCount))
        }
        for known in gossip.known.values { add(known.signed.state) }
        if !isTransient { add(gossip.ownState) }
        for ad in adHolders.ads(for: model, at: now) where !ad.holding.layers.isEmpty {
            guard !candidates.contains(where: { $0.id == ad.record.id }) else { continue }
            candidates.append(
                ChainCandidate(
                    id: ad.record.id, holding: ad.holding, layerMicroseconds: 0,
                    activeRequestCount: 0))
        }
        return candidates
    }

    private mutating func searchHolders(
        of model: Digest, missing: [LayerRange], at now: Instant
    ) {
        var blocks: [Int] = []
        for range in missing where !range.isEmpty {
            let last = (range.upper - 1) / Topic.layersPerBlock
            for block in range.lower / Topic.layersPerBlock...last where !blocks.contains(block) {
                blocks.append(block)
            }
        }
        for block in blocks.prefix(Limits.holderSearchCount) {
            _ = kademlia.findAds(
                topic: Topic.layers(of: model, block: block), wanted: Limits.holderAdCount,
                urgent: true, at: now, into: &mail)
        }
        // A visitor knows only what it was told: it asks again.
        if isTransient {
            for peer in sessions.establishedPeers.prefix(Limits.stateAskCount) {
                gossip.askStates(of: peer, at: now, into: &mail)
            }
        }
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

extension RequestFailure {
    /// Nodes that another attempt should do without.
    var culprits: [NodeID] {
        switch self {
        case .refused(let node, _, _), .stageFailed(let node, _, _), .stageLost(let node, _):
            [node]
        case .openTimeout(let nodes): nodes
        case .stepTimeout: []
        }
    }
}

/// Round trips between the nodes of one choice, looked up once: measured from here, predicted by
/// coordinates elsewhere.
struct Ways {
    private let own: NodeID
    private var fromHere = OrderedTable<NodeID, Int>()
    private var coordinates = OrderedTable<NodeID, Coordinate>()

    init(_ node: borrowing Node, to ids: [NodeID]) {
        own = node.id
        for id in ids {
            fromHere[id] = node.roundTripMicroseconds(id)
            coordinates[id] = node.gossip.known[id]?.signed.state.coordinate
        }
    }

    /// Microseconds between two nodes; nil stands for this one.
    func between(_ one: NodeID?, _ other: NodeID?) -> Int {
        let (first, second) = (one ?? own, other ?? own)
        if first == second { return 0 }
        if first == own || second == own {
            return fromHere[first == own ? second : first] ?? Limits.unknownRoundTripMicroseconds
        }
        guard let here = coordinates[first], let there = coordinates[second], here.isKnown,
            there.isKnown
        else { return Limits.unknownRoundTripMicroseconds }
        return Int(here.predictedRoundTrip(to: there).microseconds)
    }
}
