internal import Gossip
internal import Identity
internal import Pipelines
internal import Placement
internal import Primitives
internal import Wire

/// Layers of a running request whose holders are lost, while gossip still believes in them: the
/// entry asks others to hold them. Nobody is declared dead by that: whoever is asked asks the
/// holders itself, and moves only where they are silent to it too.
extension Node {
    // MARK: as entry

    /// Asks one node more for each part that is missing, and those asked before how they stand.
    mutating func askForLayers(_ missing: [LayerRange], _ ticket: Ticket, at now: Instant) {
        guard let request = requests[ticket], let id = request.requestID,
            request.nextWanted <= now
        else { return }
        requests.update(ticket) { $0.nextWanted = now + Limits.wantedLayersInterval }
        for node in request.wantedFrom { gossip.askOwnState(of: node, into: &mail) }
        var asked = request.wantedFrom
        let chain = pipelines.chain(of: id).map(\.node)
        for layers in missing where asked.count < Limits.wantedLayersAskCount {
            let candidates = possibleHolders(for: request, beside: chain + asked, at: now)
            guard let node = candidates.first else { break }
            pipelines.askToHold(layers, of: request.model, by: node, into: &mail)
            asked.append(node)
        }
        requests.update(ticket) { $0.wantedFrom = asked }
    }

    /// Idle nodes that serve the model and have no part in the chain, those without work first,
    /// then those whose layers others hold too, then the nearest.
    private func possibleHolders(
        for request: OpenRequest, beside others: [NodeID], at now: Instant
    ) -> [NodeID] {
        var states = gossip.known.values.map(\.signed.state)
        if !isTransient { states.append(gossip.ownState) }
        states.removeAll { state in
            guard state.presence == .idle, state.holding(of: request.model) != nil,
                let record = knownRecord(of: state.id)
            else { return true }
            return request.isResting(record, at: now) || isDoubted(record, at: now)
        }
        func isCovered(_ state: NodeState) -> Bool {
            let layers = state.holding(of: request.model)?.layers ?? LayerRange(0, 0)
            return layers.range.allSatisfy { layer in
                states.contains { other in
                    other.id != state.id
                        && other.holding(of: request.model)?.layers.contains(layer) ?? false
                }
            }
        }
        return states.filter { !others.contains($0.id) }.map { state in
            (
                id: state.id, isBusy: state.activeRequestCount > 0, isCovered: isCovered(state),
                way: state.id == id ? 0 : roundTripMicroseconds(state.id)
            )
        }.sorted { one, other in
            if one.isBusy != other.isBusy { return other.isBusy }
            if one.isCovered != other.isCovered { return one.isCovered }
            return (one.way, one.id) < (other.way, other.id)
        }.map(\.id)
    }

    // MARK: as the node that is asked

    /// Asks the holders that it believes in, and looks at its own layers once they had time to
    /// answer.
    mutating func layersWanted(_ model: Digest, _ layers: LayerRange, at now: Instant) {
        guard presence == .idle, !isLeaving, models[model]?.isServed == true,
            models[model]?.loaded?.contains(layers) != true, doubts.heed(model, at: now)
        else { return }
        let holders = gossip.known.values.map(\.signed).filter { signed in
            signed.state.presence == .idle
                && signed.state.holding(of: model)?.layers.overlaps(layers) == true
        }
        for holder in holders.prefix(Limits.wantedLayersHolderCount) {
            doubts.add(holder.record, at: now)
            gossip.askOwnState(of: holder.record.id, into: &mail)
        }
    }

    mutating func lookAtWantedLayers(at now: Instant) {
        guard let model = doubts.takeDue(at: now) else { return }
        tellPlacement(at: now)
        placement.urge(model, at: now)
    }

    /// Whether a node was silent when it was asked, and nobody has heard of it since.
    func isDoubted(
        _ record: NodeRecord, for time: Interval = Limits.doubtTime, at now: Instant
    ) -> Bool {
        doubts.contains(
            record, heardAt: gossip.known[record.id]?.heardAt, for: time, at: now)
    }

    /// A peer has spoken.
    mutating func heard(from peer: NodeID) {
        if doubts.clear(peer) { neighborsChanged = true }
    }
}
