public import Identity
public import Primitives

/// Peers that have a session with this node, as the composite tells of them.
extension KademliaCore {
    /// A session with an authentic peer stands, or its record or address changed. Sessions whose
    /// peer's record was not verified must not come here.
    public mutating func peerEstablished(
        _ record: NodeRecord, address: PeerAddress, roundTrip: Interval?, at now: Instant,
        into mail: inout Mail
    ) {
        precondition(record.id != own.id)
        guard peers.count < Limits.kademliaPeerCount || peers.contains(record.id) else { return }
        var peer =
            peers[record.id]
            ?? KademliaPeer(
                record: record, address: address, allowance: Limits.kademliaRequestBurst,
                allowanceAt: now)
        peer.record = record
        peer.address = address
        if let roundTrip { peer.measured(roundTrip) }
        peers[record.id] = peer
        guard !record.isTransient else { return }
        cache.insert(record)
        cache.succeed(record.id)
        admit(peer, at: now)
        if nextCheckAt == .never { nextCheckAt = now + random.jittered(settings.livenessInterval) }
    }

    /// Takes a peer with a session into the table: one that is new, or one that was dropped for its
    /// silence and answers again.
    mutating func admit(_ peer: KademliaPeer, at now: Instant) {
        guard !peer.record.addresses.isEmpty else {
            counters.recordsUnreachable += 1
            return
        }
        let entry = TableEntry(
            record: peer.record, address: peer.address, lastHeard: now,
            roundTrip: peer.roundTrip?.smoothed)
        switch table.admit(entry) {
        case .added:
            counters.entriesAdmitted += 1
            joinSoon(at: now)
        case .refused: counters.entriesRefused += 1
        case .known, .waiting: break
        }
    }

    /// The session with this peer is gone; the node may well live on.
    public mutating func peerClosed(_ id: NodeID, at now: Instant, into mail: inout Mail) {
        peers.remove(id)
    }

    /// A letter's recipient could not be connected to.
    public mutating func peerUnreachable(_ id: NodeID, at now: Instant, into mail: inout Mail) {
        peers.remove(id)
        let lost = requests.keys.filter { requests[$0]?.peer == id }
        if let record = table.entry(of: id)?.freshest ?? cache.record(of: id) {
            cache.fail(record, at: now)
        }
        // A handshake that failed was tried for longer than a request: it weighs two misses.
        missed(id)
        if lost.isEmpty { missed(id) }
        for number in lost { failRequest(number, at: now, into: &mail) }
    }

    /// A record from elsewhere (gossip, disk), which the caller verified: a candidate for look-ups,
    /// or a later record of a node in the table.
    public mutating func learn(_ record: NodeRecord, at now: Instant, into mail: inout Mail) {
        guard record.id != own.id, !record.isTransient else { return }
        adopt(record)
        if table.count == 0, nextSelfLookupAt == .never { joinSoon(at: now) }
    }

    private mutating func joinSoon(at now: Instant) {
        guard table.count <= 1, !isSelfLookupRunning else { return }
        nextSelfLookupAt = now
        selfLookupGap = settings.joinLookupInterval
    }
}
