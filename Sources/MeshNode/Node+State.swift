internal import Gossip
public import Identity
internal import Kademlia
internal import Pipelines
internal import Placement
public import Primitives
internal import Sessions
internal import Shards
public import Wire

/// What the node tells others of itself, and what it knows of them.
extension Node {
    // MARK: verbs of the shell

    /// Addresses to begin with: given by a person, resolved from a name.
    public mutating func meet(
        _ addresses: [PeerAddress], at now: Instant, into outbox: inout Outbox
    ) {
        for address in addresses where !record.addresses.contains(address) {
            bootstrap.add(address, at: now)
        }
        fireOwn(at: now, into: &outbox)
        settle(at: now, into: &outbox)
    }

    /// Records kept on disk from an earlier run.
    public mutating func meet(
        _ records: [NodeRecord], at now: Instant, into outbox: inout Outbox
    ) {
        let isGood = { [settings] (record: NodeRecord) in
            record.isAuthentic(suite: settings.suite, puzzleBitCount: settings.puzzleBitCount)
        }
        for record in records.prefix(Limits.seedCount) where record.id != id && isGood(record) {
            book.add(record)
            sessions.connect(to: record, address: nil, at: now, into: &outbox)
        }
        settle(at: now, into: &outbox)
    }

    /// Leaves in order: peers hear of it at once, stages end with a reason, sessions close.
    public mutating func leave(at now: Instant, into outbox: inout Outbox) {
        isLeaving = true
        bootstrap.contacts = []
        pipelines.refuseAll(into: &mail)
        gossip.leave(at: now, into: &mail)
        settle(at: now, into: &outbox)
        sessions.closeAll(at: now, into: &outbox)
    }

    /// Asks a peer for every state it knows: an observer's question.
    public mutating func askStates(
        of peer: NodeID, at now: Instant, into outbox: inout Outbox
    ) {
        gossip.askStates(of: peer, at: now, into: &mail)
        settle(at: now, into: &outbox)
    }

    /// Makes a session with a node that is known by its state, to measure the way to it.
    public mutating func reach(_ peer: NodeID, at now: Instant, into outbox: inout Outbox) {
        if let record = knownRecord(of: peer) {
            sessions.connect(to: record, address: nil, at: now, into: &outbox)
        }
        settle(at: now, into: &outbox)
    }

    // MARK: what a shell may look at

    /// Every state known, in the order of ids.
    public var knownStates: [SignedState] { gossip.known.values.map(\.signed) }
    public var ownState: NodeState { gossip.ownState }
    public var peerCount: Int { sessions.establishedPeers.count }
    /// Requests of this node's own prompters, and those that it serves as a stage.
    public var requestCounts: (own: Int, served: Int) {
        (pipelines.requestCount, pipelines.stageCount)
    }
    /// Handshakes that this node began, renewals of keys included.
    public var handshakeCount: UInt64 { sessions.counters.handshakesStarted }
    public var nodeCountEstimate: Int { kademlia.nodeCountEstimate }
    /// Choices of layers since the start, first ones included.
    public var placementMoveCount: Int { placement.moveCount }
    public func roundTrip(to peer: NodeID) -> Interval? { sessions.roundTrip(to: peer) }
    public func manifest(_ model: Digest) -> SignedManifest? { shards.manifest(model) }
    public func hasPeer(_ peer: NodeID) -> Bool { sessions.isEstablished(peer) }

    /// Measured round trip, else predicted by coordinates, else a guess; microseconds.
    func roundTripMicroseconds(_ peer: NodeID) -> Int {
        if let measured = sessions.roundTrip(to: peer) { return Int(measured.microseconds) }
        guard let known = gossip.known[peer] else { return Limits.unknownRoundTripMicroseconds }
        return predictedMicroseconds(gossip.ownState.coordinate, known.signed.state.coordinate)
    }

    func predictedMicroseconds(_ one: Coordinate, _ other: Coordinate) -> Int {
        guard one.isKnown, other.isKnown else { return Limits.unknownRoundTripMicroseconds }
        return Int(one.predictedRoundTrip(to: other).microseconds)
    }

    // MARK: events

    mutating func handle(
        _ event: GossipEvent, at now: Instant, into outbox: inout Outbox
    ) {
        switch event {
        case .stateChanged(let peer):
            neighborsChanged = true
            guard let signed = gossip.known[peer]?.signed else { return }
            sessions.learn(signed.record, at: now, into: &outbox)
            learnManifests(signed.state, at: now)
        case .stateGone: neighborsChanged = true
        case .neighborUp(let peer):
            if let record = gossip.record(of: peer) {
                kademlia.learn(record, at: now, into: &mail)
            }
        case .neighborDown(let peer): note(.lost(peer))
        case .statesAnswered(let peer, let count):
            emit(.statesArrived(from: peer, count: count))
        }
    }

    mutating func handle(_ event: KademliaEvent, at now: Instant) {
        switch event {
        case .foundNodes(_, let records):
            guard !isTransient else { return }
            for record in records where !record.isTransient {
                gossip.join(through: record, at: now, into: &mail)
            }
        case .foundAds(_, let ads):
            for ad in ads {
                book.add(ad.record)
                adHolders.add(ad, at: now)
            }
            searchManifests(at: now)
            offerSources(at: now)
            advanceRequests(at: now)
        case .published: break
        }
    }

    /// Names of the models around are learnt from their holders, so that people can use them.
    private mutating func learnManifests(_ state: NodeState, at now: Instant) {
        for holding in state.holdings where shards.manifest(holding.model) == nil {
            shards.findManifest(.digest(holding.model), from: [state.id], at: now, into: &mail)
        }
    }

    /// Signs and pushes what has changed about this node.
    mutating func publishState(at now: Instant) {
        guard !isTransient else { return }
        var state = gossip.ownState
        let entries = models.values.filter { $0.isServed || $0.hasAllPieces }
        state.holdings = entries.map(\.holding)
        state.demands = entries.map(\.demand.told)
        state.pending = pendingHoldings(of: entries)
        state.presence = isLeaving ? .leaving : presence
        state.activeRequestCount = pipelines.stageCount
        state.memoryMebibytes = Int(settings.memoryByteCount >> 20)
        let used = entries.reduce(UInt64(0)) { $0 + $1.loadedByteCount }
        state.memoryUsedMebibytes = Int((used + 0xF_FFFF) >> 20)
        state.layerMicroseconds = entries.map(\.layerMicroseconds).max() ?? 0
        let changed = state != gossip.ownState
        pipelines.setHoldings(state.holdings, acceptsStages: !isLeaving && presence == .idle)
        if changed { gossip.setState(state, at: now, into: &mail) }
    }

    /// Puts this node's ads into the DHT, under each block of layers and under the model's name;
    /// of a model that many hold, so many of them do as a topic has room for.
    mutating func publishAds(at now: Instant) {
        let interval =
            record.isMetered ? Limits.meteredAdPublishInterval : Limits.adPublishInterval
        deadlines.publish = now + random.jittered(interval)
        guard !isTransient, !isLeaving else { return }
        for entry in models.values where entry.loaded != nil || entry.hasAllPieces {
            let holding = entry.holding
            let isTold = entry.advertised.map { $0 == holding } ?? true
            guard !isTold || publishes(holding) else { continue }
            adSequence += 1
            let ad = Ad(
                holding: holding, sequence: adSequence, lifetimeSeconds: Limits.adLifetimeSeconds,
                record: record, keys: keys)
            // Where earlier ads lie, the truth replaces them.
            let layers = Topic.layers(of: holding)
            let earlier = entry.adTopics.filter { !layers.contains($0) }
            models.update(holding.model) { entry in
                entry.adTopics = layers
                entry.advertised = holding
            }
            let topics = layers + earlier + [Topic.name(entry.name)]
            kademlia.publish(ad, topics: topics, at: now, into: &mail)
        }
    }

    /// Whether an ad is worth its way: always where few hold what it says. Where a layer has more
    /// holders in the whole swarm, as the neighbourhood lets expect, than its topic can name, each
    /// publishes by chance, another part of them each time.
    private mutating func publishes(_ holding: Holding) -> Bool {
        let others = gossip.known.values.compactMap { $0.signed.state.holding(of: holding.model) }
        let counts = holding.layers.range.map { layer in
            1 + others.count { $0.layers.contains(layer) }
        }
        let near = counts.min() ?? 1 + others.count
        // Ids chosen to lie close to a topic make the swarm look as large as a number can be.
        let expected = near.scaled(
            by: kademlia.nodeCountEstimate, over: gossip.known.count + 1)
        return random.below(max(expected, 1)) < Limits.advertisersPerLayer
    }
}

extension ModelEntry {
    var loadedByteCount: UInt64 {
        guard let loaded else { return 0 }
        return loaded.range.reduce(0) { $0 + manifest.manifest.pieces[$1 + 1].byteCount }
    }
}
