internal import Gossip
internal import Identity
internal import Kademlia
internal import Pipelines
public import Primitives
internal import Sessions
internal import Shards
internal import Wire

/// Letters to sessions, messages to cores.
extension Node {
    mutating func deliver(_ letter: Letter, at now: Instant, into outbox: inout Outbox) {
        let peer = letter.recipient
        guard peer != id else {
            route(letter.bytes, from: id, at: now)
            return
        }
        if !sessions.isKnown(peer) {
            guard let record = knownRecord(of: peer) else {
                counters.lettersWithoutRecord += 1
                peerUnreachable(peer, at: now)
                return
            }
            sessions.connect(to: record, address: nil, at: now, into: &outbox)
        }
        let verdict = sessions.send(
            letter.bytes, to: peer, priority: letter.priority, at: now, into: &outbox)
        guard verdict != .accepted else {
            counters.sent.add(letter.bytes)
            return
        }
        counters.lettersRefused += 1
        // A step that can't be queued would never be missed by anybody but a timer.
        if letter.priority == .activation { pipelines.peerLost(peer, at: now, into: &mail) }
    }

    func knownRecord(of peer: NodeID) -> NodeRecord? {
        // A node may be a stage of its own requests, the only holder of some layer at that.
        if peer == id { return record }
        let candidates = [
            gossip.record(of: peer), kademlia.record(of: peer), sessions.record(of: peer),
            book[peer],
        ]
        return candidates.compactMap { $0 }.max { $0.sequence < $1.sequence }
    }

    mutating func handle(
        _ event: SessionEvent, at now: Instant, into outbox: inout Outbox
    ) {
        switch event {
        case .established(let record, let address): established(record, address, at: now)
        case .recordChanged(let record): kademlia.learn(record, at: now, into: &mail)
        case .message(let peer, let bytes): route(bytes, from: peer, at: now)
        case .closed(let peer, let reason): closed(peer, reason, at: now)
        case .unreachable(let peer): peerUnreachable(peer, at: now)
        case .introduced(let record, let address):
            book.add(record)
            sessions.connect(to: record, address: address, at: now, into: &outbox)
        case .silent(let address): note(.bootstrapSilent(address))
        case .observed(let address, let voter): observed(address, by: voter, at: now)
        }
    }

    private mutating func established(
        _ record: NodeRecord, _ address: PeerAddress, at now: Instant
    ) {
        book.add(record)
        bootstrap.isSatisfied = true
        let roundTrip = sessions.roundTrip(to: record.id)
        kademlia.peerEstablished(
            record, address: address, roundTrip: roundTrip, at: now, into: &mail)
        if !record.isTransient { note(.met(record.id, address)) }
        if isTransient {
            if !record.isTransient { gossip.askStates(of: record.id, at: now, into: &mail) }
        } else {
            gossip.peerEstablished(record, address: address, at: now, into: &mail)
            if !record.isTransient { gossip.join(through: record, at: now, into: &mail) }
        }
        if let roundTrip { gossip.measured(roundTrip: roundTrip, to: record.id, at: now) }
    }

    private mutating func closed(_ peer: NodeID, _ reason: CloseReason, at now: Instant) {
        kademlia.peerClosed(peer, at: now, into: &mail)
        gossip.peerClosed(peer, at: now, into: &mail)
        guard reason != .idle, reason != .evicted else { return }
        // Gossip tells nodes who has left; a visitor sees only this.
        if isTransient, reason == .left, let record = knownRecord(of: peer) {
            doubts.add(record, at: now)
        }
        shards.peerGone(peer, at: now, into: &mail)
        pipelines.peerLost(peer, at: now, into: &mail)
        restartBootstrapIfAlone(at: now)
    }

    private mutating func peerUnreachable(_ peer: NodeID, at now: Instant) {
        kademlia.peerUnreachable(peer, at: now, into: &mail)
        gossip.peerUnreachable(peer, at: now, into: &mail)
        shards.peerGone(peer, at: now, into: &mail)
        pipelines.peerLost(peer, at: now, into: &mail)
        adHolders.remove(peer)
        restartBootstrapIfAlone(at: now)
    }

    private mutating func restartBootstrapIfAlone(at now: Instant) {
        if sessions.establishedPeers.isEmpty, !isLeaving { bootstrap.restart(at: now) }
    }

    /// A whole message of an authenticated peer, as a session would deliver it: for drivers that
    /// have their own sessions, and for who tries what hostile peers may say.
    public mutating func receive(
        message bytes: [UInt8], from peer: NodeID, at now: Instant, into outbox: inout Outbox
    ) {
        route(bytes, from: peer, at: now)
        settle(at: now, into: &outbox)
    }

    /// Gives a whole message to the room its first byte names.
    private mutating func route(_ bytes: [UInt8], from peer: NodeID, at now: Instant) {
        heard(from: peer)
        guard let first = bytes.first, let kind = MessageKind(rawValue: first) else {
            counters.unknownKinds += 1
            return
        }
        switch kind.room {
        case .kademlia: kademlia.receive(bytes, from: peer, at: now, into: &mail)
        case .gossip: gossip.receive(bytes, from: peer, at: now, into: &mail)
        case .shards: shards.receive(bytes, from: peer, at: now, into: &mail)
        case .pipelines: pipelines.receive(bytes, from: peer, at: now, into: &mail)
        }
    }

    /// A peer says how it sees us; enough agreeing votes change our record.
    private mutating func observed(_ address: PeerAddress, by voter: NodeID, at now: Instant) {
        guard !isTransient, !record.addresses.contains(address),
            let origin = sessions.address(of: voter)
        else { return }
        votes.add(address, by: voter, from: origin, at: now)
        adoptAgreedAddress(at: now)
    }

    mutating func adoptAgreedAddress(at now: Instant) {
        guard let address = votes.takeAgreed(at: now) else { return }
        let addresses = Array(([address] + record.addresses).prefix(Limits.recordAddressCount))
        note(.addressLearned(address))
        changeRecord(addresses: addresses, at: now)
    }

    mutating func changeRecord(addresses: [PeerAddress], at now: Instant) {
        var flags = settings.flags
        if isLineSpared { flags.insert(.metered) }
        record = NodeRecord(
            keys: keys, sequence: record.sequence + 1, addresses: addresses, flags: flags,
            region: settings.region)
        sessions.update(record: record)
        kademlia.update(record: record)
        gossip.update(record: record, at: now, into: &mail)
        pipelines.update(record: record)
        stateChanged = true
    }
}
