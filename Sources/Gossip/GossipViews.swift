internal import Identity
internal import Primitives
internal import Wire

/// HyParView's two views: links that are kept, and records in reserve.
extension GossipCore {
    // MARK: joining

    mutating func receiveJoin(
        _ signed: SignedState, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard takeNewcomer(signed, from: peer, at: now, into: &mail) else { return }
        answerRequest(
            of: peer, isAccepted: hasRoom(for: peer), isLonely: true, at: now, into: &mail)
        guard joinMeter.take(at: now) else { return }
        let walk = GossipMessage.forwardJoin(hopsLeft: settings.joinHops, signed)
        for other in active.keys where other != peer { send(walk, to: other, into: &mail) }
    }

    /// Whether a message that brings its sender's own state is in order.
    private mutating func takeNewcomer(
        _ signed: SignedState, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) -> Bool {
        guard signed.record.id == peer else {
            counters.malformed += 1
            return false
        }
        guard !signed.record.isTransient, !record.isTransient else {
            counters.transientRefused += 1
            return false
        }
        let item = StateItem(hopCount: 0, age: 0, signed: signed)
        take([item], from: peer, at: now, into: &mail)
        return !banned.contains(peer, at: now) && records[peer] != nil
    }

    private func hasRoom(for peer: NodeID) -> Bool {
        active.contains(peer) || active.count < settings.activeLimit
    }

    /// Says yes or no to a request for a link; to who has no link yet a no brings some of whom this
    /// node knows.
    private mutating func answerRequest(
        of peer: NodeID, isAccepted: Bool, isLonely: Bool, at now: Instant, into mail: inout Mail
    ) {
        let reply = GossipMessage.neighborReply(isAccepted: isAccepted, signedOwn)
        send(reply, to: peer, into: &mail)
        if isAccepted {
            addLink(peer, at: now, into: &mail)
        } else {
            addPassive(peer)
            guard isLonely else { return }
            tellStates(to: peer, limit: Limits.gossipStatesPerMessage, at: now, into: &mail)
        }
    }

    mutating func receiveForwardJoin(
        _ hopsLeft: Int, _ signed: SignedState, from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) {
        let newcomer = signed.record.id
        guard newcomer != id, active.contains(peer) else { return }
        guard !signed.record.isTransient else {
            counters.transientRefused += 1
            return
        }
        take([StateItem(hopCount: 1, age: 0, signed: signed)], from: peer, at: now, into: &mail)
        guard records[newcomer] != nil, !banned.contains(peer, at: now) else { return }
        // What was known before was not looked at again: what goes on is what was.
        let last = departed[newcomer]?.sequence
        if let last, signed.state.sequence <= last { return }
        let signed = known[newcomer]?.signed ?? signed
        if hopsLeft == settings.passiveHops { addPassive(newcomer) }
        let hasRoom = active.count + requested.count < settings.activeLimit
        let isFree = !active.contains(newcomer) && !requested.contains(newcomer, at: now)
        if isFree, hasRoom || hopsLeft == 0 {
            addPassive(newcomer)
            if hasRoom { request(newcomer, .low, at: now, into: &mail) }
            return
        }
        let others = active.keys.filter { $0 != peer && $0 != newcomer }
        guard hopsLeft > 0, let next = pick(others) else { return }
        send(.forwardJoin(hopsLeft: hopsLeft - 1, signed), to: next, into: &mail)
    }

    // MARK: links

    mutating func request(
        _ peer: NodeID, _ priority: NeighborPriority, at now: Instant, into mail: inout Mail
    ) {
        requested.mark(peer, until: now + .seconds(2))
        send(.neighbor(priority, signedOwn), to: peer, into: &mail)
    }

    mutating func receiveNeighbor(
        _ priority: NeighborPriority, _ signed: SignedState, from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) {
        guard takeNewcomer(signed, from: peer, at: now, into: &mail) else { return }
        var isAccepted = hasRoom(for: peer)
        if !isAccepted, let victim = victim(of: priority, asker: peer, at: now) {
            isAccepted = true
            cut(victim, at: now, into: &mail)
        }
        let isLonely = priority == .high
        answerRequest(
            of: peer, isAccepted: isAccepted, isLonely: isLonely, at: now, into: &mail)
    }

    /// The link that a request of this priority may take the place of.
    private mutating func victim(
        of priority: NeighborPriority, asker: NodeID, at now: Instant
    ) -> NodeID? {
        switch priority {
        case .low: return nil
        case .high:
            let farHalf = linksByNearness().dropFirst(settings.activeLimit / 2)
            return pick(
                farHalf.filter { peer in
                    guard let link = active[peer] else { return false }
                    return now.since(link.since) > settings.newLinkTime
                })
        case .near:
            guard let expected = expectedRoundTrip(to: asker) else { return nil }
            return farthestNearLink(worseThan: expected)
        }
    }

    mutating func receiveReply(
        _ isAccepted: Bool, _ signed: SignedState, from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) {
        let wasRequested =
            requested.unmark(peer) || contacts.contains(peer) || active.contains(peer)
        guard wasRequested else {
            counters.unsolicited += 1
            if isAccepted, !active.contains(peer) { send(.disconnect, to: peer, into: &mail) }
            return
        }
        guard takeNewcomer(signed, from: peer, at: now, into: &mail) else { return }
        guard isAccepted else {
            tried.mark(peer, until: now + settings.retryInterval)
            addPassive(peer)
            if active.count < settings.joinLinkCount { schedule.promoteAt = now }
            return
        }
        addLink(peer, at: now, into: &mail)
        cutSurplus(beside: peer, at: now, into: &mail)
    }

    /// One link too many: two requests were accepted at once, or a near link takes a place.
    mutating func cutSurplus(beside peer: NodeID, at now: Instant, into mail: inout Mail) {
        guard active.count > settings.activeLimit else { return }
        let byNearness = linksByNearness().filter { $0 != peer }
        let half = settings.activeLimit / 2
        let surplus =
            byNearness.count > half ? byNearness[max(0, half - 1)] : byNearness[0]
        cut(surplus, at: now, into: &mail)
    }

    mutating func receiveDisconnect(from peer: NodeID, at now: Instant) {
        guard active.contains(peer) else { return }
        dropLink(peer, isAgreed: true, at: now)
        tried.mark(peer, until: now + settings.retryInterval)
    }

    mutating func addLink(_ peer: NodeID, at now: Instant, into mail: inout Mail) {
        requested.unmark(peer)
        passive.remove(peer)
        guard !active.contains(peer) else { return }
        active[peer] = Link(at: now)
        known.update(peer) { $0.hopCount = 1 }
        tell(.neighborUp(peer))
        // A digest of all that is known here: the peer asks for what it lacks.
        probe(peer, farCount: Limits.gossipDigestItemCount, at: now, into: &mail)
    }

    /// Ends a link and says so.
    private mutating func cut(_ peer: NodeID, at now: Instant, into mail: inout Mail) {
        send(.disconnect, to: peer, into: &mail)
        dropLink(peer, isAgreed: true, at: now)
        tried.mark(peer, until: now + settings.retryInterval)
    }

    /// - Parameter isAgreed: one of the two gave the link up for a better one; else it was lost.
    mutating func dropLink(_ peer: NodeID, isAgreed: Bool = false, at now: Instant) {
        active.remove(peer)
        known.update(peer) {
            $0.hopCount = 3
            $0.toldTo.removeAll { $0 == peer }
        }
        tell(.neighborDown(peer))
        schedule.promoteGap = nil
        if !isAgreed { schedule.hasten(at: now, by: settings) }
        addPassive(peer)
        schedule.promoteAt = min(schedule.promoteAt, now)
    }
}
