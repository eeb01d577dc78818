internal import Gossip
internal import Identity
internal import Kademlia
internal import Pipelines
internal import Placement
internal import Primitives
internal import Wire

/// What placement hears of the neighbourhood and of this node, and what follows from its choices.
extension Node {
    /// Placement looks a moment later, once for all that came meanwhile; who waits for holders or
    /// for pieces looks at once.
    mutating func neighborhoodChanged(at now: Instant) {
        deadlines.placement = min(deadlines.placement, now + Limits.placementGatherTime)
        offerSources(at: now)
        advanceRequests(at: now)
    }

    mutating func tellPlacement(at now: Instant) {
        deadlines.placement = .never
        // By index, for a whole state is a dozen values to copy.
        let known = gossip.known.values
        var neighbors: [Neighbor] = []
        neighbors.reserveCapacity(known.count)
        for index in known.indices
        where doubts.isEmpty || !isDoubted(known[index].signed.record, at: now) {
            neighbors.append(
                Neighbor(
                    id: known[index].signed.state.id,
                    holdings: known[index].signed.state.holdings,
                    pending: known[index].signed.state.pending,
                    presence: known[index].signed.state.presence,
                    domain: FailureDomain(of: known[index].signed.record),
                    layerMicroseconds: known[index].signed.state.layerMicroseconds,
                    demands: known[index].signed.state.demands))
        }
        placement.neighborsChanged(neighbors, at: now)
    }

    /// Asks the DHT for holders of what nobody near holds, where the neighbourhood has no room for
    /// all, and tells placement whom earlier questions found.
    mutating func askFar(at now: Instant) {
        deadlines.far = now + Limits.farQuestionInterval
        for (model, missing) in placement.farQuestions {
            guard let count = models[model]?.manifest.manifest.layerCount else { continue }
            var isFar = Array(repeating: false, count: count)
            for ad in adHolders.ads(for: model, at: now, youngerThan: Limits.farAdAge) {
                let layers = ad.holding.layers
                guard ad.record.id != id, layers.upper <= count else { continue }
                for layer in layers.range { isFar[layer] = true }
            }
            placement.setFar(model, layers: isFar)
            var blocks: [Int] = []
            for layer in missing where !isFar[layer] {
                let block = layer / Topic.layersPerBlock
                if !blocks.contains(block) { blocks.append(block) }
            }
            for block in blocks.prefix(Limits.holderSearchCount) {
                _ = kademlia.findAds(
                    topic: Topic.layers(of: model, block: block), wanted: Limits.holderAdCount,
                    urgent: false, at: now, into: &mail)
            }
        }
    }

    mutating func handle(_ event: PlacementEvent, at now: Instant) {
        switch event {
        case .announce: stateChanged = true
        case .hold(let model, let layers):
            guard let entry = models[model] else { return }
            note(.chosen(model: entry.name, layers))
            models.update(model) { $0.chosen = layers }
            stateChanged = true
            continueWork(on: model, at: now)
        case .release(let model):
            guard let entry = models[model] else { return }
            note(.released(model: entry.name))
            models.update(model) { entry in
                entry.loaded = nil
                entry.chosen = nil
            }
            emit(.unload(model: model))
            stateChanged = true
        }
    }

    /// What is spoken for: chosen, announced, or about to be given up.
    func pendingHoldings(of entries: [ModelEntry]) -> [Holding] {
        let plans = placement.holdings.filter { !$0.isReady }
        return entries.compactMap { entry in
            var holding = entry.holding
            guard let plan = plans.first(where: { $0.model == holding.model }) else { return nil }
            holding.layers = plan.layers
            return holding
        }
    }

    /// Pieces on the disk cost placement no way.
    mutating func tellDisk(_ model: Digest) {
        guard let entry = models[model] else { return }
        placement.setOnDisk(model, layers: entry.pieces.dropFirst().map { $0 == .complete })
    }

    /// Looks at what is asked of each model here.
    mutating func measureDemand() {
        for model in models.keys {
            let active = pipelines.stageCount(of: model)
            models.update(model) { entry in
                if entry.demand.measure(active) { stateChanged = true }
            }
            placement.setDemand(
                model, activeRequestCount: active, tenths: models[model]?.demand.told ?? 0)
        }
    }
}

extension FailureDomain {
    /// What a record tells: the prefix of the first address, the region that is claimed. Owners
    /// are not known from it.
    init(of record: NodeRecord) {
        self.init(of: record.id)
        if let address = record.addresses.first { prefix = address.prefix }
        if !record.region.isEmpty {
            region = record.region.utf8.reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
