internal import Gossip
internal import Identity
internal import Kademlia
internal import Pipelines
internal import Placement
internal import Primitives
internal import Shards
internal import Wire

/// Who shall run the layers of this node's own requests: at their beginning, and when stages are
/// lost on the way.
extension Node {
    /// Tries every request that lacks stages.
    mutating func advanceRequests(at now: Instant) {
        for ticket in requests.keys {
            guard let request = requests[ticket] else { continue }
            if let id = request.requestID {
                for place in pipelines.leavers(of: id, at: now) {
                    nameHeir(of: place.node, place.layers, ticket, id, at: now)
                }
            }
            guard request.isSearching else { continue }
            if let id = request.requestID {
                mend(ticket, id, at: now)
            } else {
                begin(ticket, request, at: now)
            }
        }
    }

    private mutating func begin(_ ticket: Ticket, _ request: OpenRequest, at now: Instant) {
        guard let manifest = shards.manifest(request.model)?.manifest else {
            requests[ticket] = nil
            emit(.requestFailed(ticket, .unknownModel))
            return
        }
        var choice = ChainChoice.missing([])
        for doubtTime in [Limits.doubtTime, .zero] {
            let candidates = chainCandidates(for: request, doubtTime: doubtTime, at: now)
            let ways = Ways(self, to: candidates.map(\.id))
            choice = chooseChain(
                layerCount: manifest.layerCount, candidates: candidates,
                roundTripMicroseconds: { one, other in ways.between(one, other) })
            if case .chain = choice { break }
        }
        switch choice {
        case .chain(let chain, _):
            let id = pipelines.open(
                model: request.model, chain: links(chain), hiddenSize: manifest.hiddenSize,
                positionLimit: request.positionLimit, at: now, into: &mail)
            requests.update(ticket) { $0.phase = .opening(id) }
        case .missing(let missing): wait(for: missing, ticket, at: now)
        }
    }

    /// Fills the gaps of a chain: with nodes that have no part in it yet, or else by giving its
    /// sound stages' parts away as well, to themselves or to others.
    mutating func mend(_ ticket: Ticket, _ id: RequestID, at now: Instant) {
        guard let request = requests[ticket],
            let layerCount = shards.manifest(request.model)?.manifest.layerCount
        else { return }
        guard request.lossCount <= Limits.mendCount else { return giveUp(ticket, [], at: now) }
        let places = pipelines.chain(of: id)
        guard places.contains(where: \.isLost) else {
            // Whoever was silent has spoken again.
            requests.update(ticket) { $0.isBroken = false }
            return
        }
        var missing: [LayerRange] = []
        for doubtTime in [Limits.doubtTime, .zero] {
            let candidates = chainCandidates(for: request, doubtTime: doubtTime, at: now)
            for reach in [0, 1, places.count] {
                let gaps = Gap.all(in: places, reach: reach)
                var lacking: [LayerRange] = []
                let filling = fill(gaps, of: places, from: candidates, layerCount, &lacking)
                if reach == 0, missing.isEmpty { missing = lacking }
                guard let filling, place(filling, in: id, at: now) else { continue }
                requests.update(ticket) { $0.isBroken = false }
                // Where only doubtful nodes are left, others are called at the same time.
                if !missing.isEmpty { askForLayers(missing, ticket, at: now) }
                return
            }
        }
        wait(for: missing, ticket, at: now)
    }

    /// A chain for each gap; nil, and what is missing, where one can't be filled.
    private func fill(
        _ gaps: [Gap], of places: [ChainPlace], from candidates: [ChainCandidate],
        _ layerCount: Int, _ missing: inout [LayerRange]
    ) -> [(Gap, Chain)]? {
        let ways = Ways(self, to: candidates.map(\.id) + places.map(\.node))
        let isGap = places.indices.map { place in
            gaps.contains { $0.places.contains(place) }
        }
        var taken = places.indices.filter { !isGap[$0] }.map { places[$0].node }
        var settings = ChainSettings()
        var filling: [(Gap, Chain)] = []
        missing = []
        for gap in gaps {
            settings.stageLimit = max(1, Limits.chainStageCount - taken.count)
            let choice = chooseChain(
                layerCount: layerCount, candidates: candidates, layers: gap.layers,
                ends: gap.ends, roundTripMicroseconds: { one, other in ways.between(one, other) },
                excluded: taken, settings: settings)
            switch choice {
            case .chain(let chain, _):
                taken += chain.stages.map(\.id)
                filling.append((gap, chain))
            case .missing(let layers): missing += layers
            }
        }
        return missing.isEmpty ? filling : nil
    }

    private mutating func place(
        _ filling: [(Gap, Chain)], in id: RequestID, at now: Instant
    ) -> Bool {
        for (gap, chain) in filling {
            let isPlaced = pipelines.replace(
                id, layers: gap.layers, with: links(chain), at: now, into: &mail)
            guard isPlaced else { return false }
        }
        return true
    }

    private func links(_ chain: Chain) -> [ChainLink] {
        let links = chain.stages.compactMap { stage in
            knownRecord(of: stage.id).map { ChainLink(record: $0, layers: stage.layers) }
        }
        // Candidates without a record were left out.
        precondition(links.count == chain.stages.count)
        return links
    }

    /// Layers without a holder: the search goes on until patience is over.
    private mutating func wait(for missing: [LayerRange], _ ticket: Ticket, at now: Instant) {
        guard let request = requests[ticket] else { return }
        guard request.patienceEnd > now else { return giveUp(ticket, missing, at: now) }
        if request.requestID != nil, !request.hasToldMissing {
            requests.update(ticket) { $0.hasToldMissing = true }
            emit(.requestWaiting(ticket, missing: missing))
        }
        askForLayers(missing, ticket, at: now)
        guard request.nextSearch <= now else { return }
        requests.update(ticket) { $0.nextSearch = now + Limits.holderSearchInterval }
        searchHolders(of: request.model, missing: missing, at: now)
    }

    /// Ends a request: with the layers that nobody holds, or, where somebody does, with what
    /// became of the last stage that was lost.
    private mutating func giveUp(_ ticket: Ticket, _ missing: [LayerRange], at now: Instant) {
        guard let request = requests.remove(ticket) else { return }
        if let id = request.requestID { pipelines.cancel(id, into: &mail) }
        var all = request
        all.resting = []
        let candidates = chainCandidates(for: all, doubtTime: .zero, at: now)
        let held = missing.allSatisfy { layers in
            layers.range.allSatisfy { layer in
                candidates.contains { $0.holding.layers.contains(layer) }
            }
        }
        if held, let loss = request.lastLoss {
            emit(.requestFailed(ticket, .failed(.stageLost(loss))))
        } else {
            emit(.requestFailed(ticket, .layersMissing(missing)))
        }
    }

    /// Everybody known to hold layers and not resting: neighbours first, then whom the DHT named.
    ///
    /// - Parameter doubtTime: how long those are left out that were silent when they were asked.
    func chainCandidates(
        for request: OpenRequest, doubtTime: Interval = Limits.doubtTime, at now: Instant
    ) -> [ChainCandidate] {
        let model = request.model
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
            // What a node says of itself is newer than its ads.
            guard !candidates.contains(where: { $0.id == ad.record.id }),
                gossip.known[ad.record.id]?.signed.state.presence ?? .idle == .idle
            else { continue }
            candidates.append(
                ChainCandidate(
                    id: ad.record.id, holding: ad.holding, layerMicroseconds: 0,
                    activeRequestCount: 0))
        }
        candidates.removeAll { candidate in
            guard let record = knownRecord(of: candidate.id) else { return true }
            return request.isResting(record, at: now)
                || isDoubted(record, for: doubtTime, at: now)
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
        if isTransient { askStates(at: now) }
    }
}
