internal import Gossip
internal import Identity
internal import Kademlia
internal import Pipelines
internal import Primitives
internal import Sessions
internal import Shards
internal import Wire

/// What the node does by its own clock: measures, looks again, goes on searching.
extension Node {
    mutating func fireOwn(at now: Instant, into outbox: inout Outbox) {
        for address in bootstrap.due(at: now) {
            sessions.inquire(address, at: now, into: &outbox)
        }
        if deadlines.measure <= now {
            deadlines.measure = now + Limits.roundTripSampleInterval
            for peer in sessions.establishedPeers {
                guard let roundTrip = sessions.roundTrip(to: peer) else { continue }
                gossip.measured(roundTrip: roundTrip, to: peer, at: now)
            }
            measureDemand()
            adoptAgreedAddress(at: now)
            // Load changes too often to be pushed each time.
            if gossip.ownState.activeRequestCount != pipelines.stageCount { stateChanged = true }
        }
        if deadlines.placement <= now { tellPlacement(at: now) }
        lookAtWantedLayers(at: now)
        refreshVisitor(at: now)
        if deadlines.publish <= now { publishAds(at: now) }
        if deadlines.far <= now { askFar(at: now) }
        releaseLayers(at: now)
        if deadlines.seeds <= now {
            deadlines.seeds = now + Limits.seedInterval
            let seeds = kademlia.seeds(count: Limits.seedCount)
            if !seeds.isEmpty { emit(.keepSeeds(seeds)) }
        }
        if searchDeadline <= now {
            searchManifests(at: now)
            advanceRequests(at: now)
        }
    }

    /// When a search for a manifest or for a chain goes on.
    var searchDeadline: Instant {
        var earliest = Instant.never
        for search in queries { earliest = min(earliest, search.nextTry) }
        for request in requests.values { earliest = min(earliest, request.nextDeadline) }
        return earliest
    }

    /// Asks neighbours, and through the DHT the holders it names, for manifests still wanted.
    mutating func searchManifests(at now: Instant) {
        for index in queries.indices where queries[index].nextTry <= now {
            queries[index].nextTry = now + Limits.manifestSearchInterval
            let query = queries[index].query
            if let known = shards.manifest(matching: query) {
                emit(.storeManifest(known))
                continue
            }
            let holders = gossip.known.values
                .filter { !$0.signed.state.holdings.isEmpty }.map(\.signed.record.id)
            let named = adHolders.holders.keys.filter { !holders.contains($0) }
            let asked = Array((named + holders).prefix(Limits.manifestAskCount))
            shards.findManifest(query, from: asked, at: now, into: &mail)
            if case .name(let name) = query {
                _ = kademlia.findAds(
                    topic: Topic.name(name), wanted: Limits.pieceSourceCount, urgent: true,
                    at: now, into: &mail)
            }
        }
    }
}

extension ShardCore {
    /// A manifest that is already here, by digest or by name.
    func manifest(matching query: ManifestQuery) -> SignedManifest? {
        switch query {
        case .digest(let digest): manifest(digest)
        case .name(let name): manifests(named: name).first
        }
    }
}
