public import Identity
public import Primitives
public import Wire

/// What the composite tells the gossip.
extension GossipCore {
    /// This node has new addresses or flags.
    public mutating func update(record: NodeRecord, at now: Instant, into mail: inout Mail) {
        precondition(record.id == id)
        self.record = record
        settings = record.isMetered ? givenSettings.onMeteredLine : givenSettings
        changed(at: now, into: &mail)
    }

    /// Says something about this node. Id, sequence and coordinate are filled in here; what says
    /// nothing new costs nothing. At most `pushBurst` changes go out at once, then one each
    /// `pushInterval`, the latest.
    public mutating func setState(_ state: NodeState, at now: Instant, into mail: inout Mail) {
        var next = state
        next.id = id
        next.sequence = ownState.sequence
        next.coordinate = ownState.coordinate
        guard next != ownState else { return }
        ownState = next
        changed(at: now, into: &mail)
    }

    /// Enters the swarm through a contact; call with several, in any order. Asks for a link while
    /// there are free places, and else keeps the contact in reserve.
    public mutating func join(through peer: NodeRecord, at now: Instant, into mail: inout Mail) {
        guard peer.id != id, !hasLeft, adopt(peer) else { return }
        guard !peer.isTransient, !record.isTransient else { return }
        guard contacts.contains(peer.id) || contacts.count < Limits.gossipContactCount else {
            addPassive(peer.id)
            return
        }
        contacts[peer.id] = Contact(nextTryAt: now + .seconds(2), wait: .seconds(2))
        guard active.count + requested.count < settings.joinLinkCount, isCandidate(peer.id, at: now)
        else { return addPassive(peer.id) }
        requested.mark(peer.id, until: now + .seconds(2))
        send(.join(signedOwn), to: peer.id, into: &mail)
    }

    /// A session with a peer stands.
    public mutating func peerEstablished(
        _ record: NodeRecord, address: PeerAddress, at now: Instant, into mail: inout Mail
    ) {
        // Whoever comes back has forgotten what it was told.
        answered.unmark(record.id)
        guard record.id != id, adopt(record), !record.isTransient else { return }
        passive.update(record.id) { $0 = 0 }
        if !active.contains(record.id) { addPassive(record.id) }
    }

    /// A session ended. The link goes; the state stays as long as anyone hears its owner.
    public mutating func peerClosed(_ peer: NodeID, at now: Instant, into mail: inout Mail) {
        if active.contains(peer) { dropLink(peer, at: now) }
    }

    /// A letter to this peer could not be delivered: no session came about.
    public mutating func peerUnreachable(_ peer: NodeID, at now: Instant, into mail: inout Mail) {
        requested.unmark(peer)
        tried.mark(peer, until: now + settings.retryInterval)
        asking.remove(peer)
        if active.contains(peer) { dropLink(peer, at: now) }
        guard let failures = passive[peer] else { return }
        passive[peer] = failures + 1 < 4 ? failures + 1 : nil
    }

    /// The session layer's smoothed round trip to a peer.
    public mutating func measured(roundTrip: Interval, to peer: NodeID, at now: Instant) {
        active.update(peer) { $0.measured(roundTrip) }
        known.update(peer) { $0.roundTrip = roundTrip }
        guard let remote = known[peer]?.state.coordinate else { return }
        vivaldi.update(roundTrip: roundTrip, remote: remote)
    }

    /// Asks a peer for every state it knows, without joining its view. The answer comes as
    /// `stateChanged` events, then `statesAnswered`.
    public mutating func askStates(of peer: NodeID, at now: Instant, into mail: inout Mail) {
        guard !hasLeft, peer != id else { return }
        // Who never ends its answer keeps no place.
        asking.removeAll { $1.until <= now }
        if asking[peer] == nil, asking.count < Limits.gossipQuestionCount {
            asking[peer] = StateQuestion(until: now + Limits.gossipQuestionTime)
        }
        send(.askStates([]), to: peer, into: &mail)
    }

    /// Asks a peer for its own state alone: whoever answers is alive.
    public mutating func askOwnState(of peer: NodeID, into mail: inout Mail) {
        guard !hasLeft, peer != id else { return }
        send(.askStates([peer.prefix]), to: peer, into: &mail)
    }

    /// Says goodbye. Afterwards this core is deaf and dumb.
    public mutating func leave(at now: Instant, into mail: inout Mail) {
        guard !hasLeft else { return }
        ownState.presence = .leaving
        signOwn()
        for peer in active.keys { send(.leave(signedOwn), to: peer, into: &mail) }
        active = OrderedTable()
        hasLeft = true
    }
}
