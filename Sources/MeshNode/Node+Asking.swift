internal import Gossip
internal import Pipelines
internal import Placement
internal import Primitives
internal import Sessions
internal import Wire

/// What an entry asks while its requests run, so that it knows who is there when it needs them.
extension Node {
    /// While a stage is asked where a step is, those who could take its place are asked whether
    /// they live: when it is lost, no time goes by with others that are lost as well.
    mutating func askSpares(of id: RequestID, _ ticket: Ticket, at now: Instant) {
        guard let request = requests[ticket], request.nextSpares <= now else { return }
        requests.update(ticket) { $0.nextSpares = now + Limits.spareAskInterval }
        let places = pipelines.chain(of: id)
        let candidates = chainCandidates(for: request, at: now)
            .filter { candidate in
                candidate.id != self.id && !places.contains { $0.node == candidate.id }
            }
            .map { (way: roundTripMicroseconds($0.id), id: $0.id, layers: $0.holding.layers) }
            .sorted { ($0.way, $0.id) < ($1.way, $1.id) }
        var spares: [NodeID] = []
        for place in places {
            for candidate in candidates.filter({ $0.layers.overlaps(place.layers) })
                .prefix(Limits.spareAskCount)
            where !spares.contains(candidate.id) { spares.append(candidate.id) }
        }
        for spare in spares.prefix(Limits.spareAskCountOfAll) {
            guard let record = knownRecord(of: spare) else { continue }
            doubts.ask(record, at: now)
            gossip.askOwnState(of: spare, into: &mail)
        }
    }

    /// Asks some peers for all the states they know.
    mutating func askStates(at now: Instant) {
        for peer in sessions.establishedPeers.prefix(Limits.stateAskCount) {
            gossip.askStates(of: peer, at: now, into: &mail)
        }
    }

    /// A visitor has no neighbours that tell it of changes: while it has requests, one peer after
    /// another is asked.
    mutating func refreshVisitor(at now: Instant) {
        guard deadlines.refresh <= now else { return }
        deadlines.refresh = requests.isEmpty ? .never : now + Limits.visitorRefreshInterval
        let peers = sessions.establishedPeers
        guard !requests.isEmpty, !peers.isEmpty else { return }
        refreshCount += 1
        gossip.askStates(of: peers[refreshCount % peers.count], at: now, into: &mail)
    }
}
