internal import Identity
public import Pipelines
internal import Placement
public import Primitives
internal import Shards
internal import Wire

/// Stages that leave in the middle of a request: this node's own, and those of its requests.
extension Node {
    // MARK: verbs of the shell, as stage

    /// Answers `exportCache`: the bytes of positions `position..<end`, or nil where they can't be
    /// read.
    public mutating func cacheExported(
        _ id: RequestID, from position: Int, upTo end: Int, bytes: [UInt8]?, at now: Instant,
        into outbox: inout Outbox
    ) {
        pipelines.cacheExported(
            id, from: position, upTo: end, bytes: bytes, at: now, into: &mail)
        settle(at: now, into: &outbox)
    }

    /// Answers `importCache`: where the cache ends now, or nil where the bytes did not fit.
    public mutating func cacheImported(
        _ id: RequestID, position: Int?, at now: Instant, into outbox: inout Outbox
    ) {
        pipelines.cacheImported(id, position: position, at: now, into: &mail)
        settle(at: now, into: &outbox)
    }

    /// Begins to leave for good: stages are handed over while they still serve, nothing new is
    /// taken. `leave` follows when `stageCount` is 0, or at `deadline`.
    public mutating func drain(
        until deadline: Instant, at now: Instant, into outbox: inout Outbox
    ) {
        if presence == .idle {
            pipelines.drain(computeUntil: deadline, until: deadline, at: now, into: &mail)
        }
        presence = .leaving
        stateChanged = true
        settle(at: now, into: &outbox)
    }

    /// Stages of other nodes' requests, and of its own, that are here.
    public var stageCount: Int { pipelines.stageCount }

    // MARK: as entry

    /// Looks for one node that can take over what another leaves; where there is none, the stage
    /// serves as long as it may, and its part is mended then.
    mutating func nameHeir(
        of leaver: NodeID, _ layers: LayerRange, _ ticket: Ticket, _ id: RequestID,
        at now: Instant
    ) {
        guard let request = requests[ticket],
            let layerCount = shards.manifest(request.model)?.manifest.layerCount
        else { return }
        let places = pipelines.chain(of: id)
        guard let place = places.firstIndex(where: { $0.node == leaver && $0.layers == layers })
        else { return }
        let candidates = chainCandidates(for: request, at: now)
        let ways = Ways(self, to: candidates.map(\.id) + places.map(\.node))
        var ends = ChainEnds(from: place > 0 ? places[place - 1].node : nil)
        ends.to = place + 1 < places.count ? places[place + 1].node : nil
        var settings = ChainSettings()
        settings.stageLimit = 1
        let choice = chooseChain(
            layerCount: layerCount, candidates: candidates, layers: layers, ends: ends,
            roundTripMicroseconds: { one, other in ways.between(one, other) },
            excluded: places.map(\.node), settings: settings)
        guard case .chain(let chain, _) = choice, let heir = chain.stages.first,
            let record = knownRecord(of: heir.id)
        else { return }
        pipelines.appoint(
            id, heir: ChainLink(record: record, layers: layers), of: leaver, at: now,
            into: &mail)
    }
}
