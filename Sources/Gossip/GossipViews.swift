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
        guard active.count > settings.activeLimit else { return }
        // One too many: two requests were accepted at once, or a near link takes a place.
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

    // MARK: nearness

    func expectedRoundTrip(to peer: NodeID) -> Interval? {
        if let measured = active[peer]?.smoothed { return measured }
        guard let entry = known[peer] else { return nil }
        if let measured = entry.roundTrip { return measured }
        let (own, other) = (vivaldi.coordinate, entry.state.coordinate)
        return own.isKnown && other.isKnown ? own.predictedRoundTrip(to: other) : nil
    }

    /// Links, nearest first; those never measured last.
    private func linksByNearness() -> [NodeID] {
        active.keys.sorted { left, right in
            let leftTrip = active[left]?.smoothed ?? .seconds(60)
            let rightTrip = active[right]?.smoothed ?? .seconds(60)
            return (leftTrip, left) < (rightTrip, right)
        }
    }

    /// The last of the near half, where a candidate would be clearly better.
    private func farthestNearLink(worseThan expected: Interval) -> NodeID? {
        let near = linksByNearness().prefix(settings.activeLimit / 2)
        guard let last = near.last, let trip = active[last]?.smoothed else { return nil }
        guard trip > expected * 2, trip > expected + settings.optimiseGain else { return nil }
        return last
    }

    /// X-BOT's exchange (Leitao 2009), reduced: asks the nearest stranger for the place of the
    /// farthest near link.
    mutating func optimise(at now: Instant, into mail: inout Mail) {
        schedule.optimiseAt = now + random.jittered(settings.optimiseInterval)
        guard !record.isTransient, active.count >= settings.activeLimit else { return }
        var best: (trip: Interval, peer: NodeID)?
        for peer in known.keys where isCandidate(peer, at: now) {
            guard let trip = expectedRoundTrip(to: peer) else { continue }
            if best.map({ trip < $0.trip }) ?? true { best = (trip, peer) }
        }
        guard let best, farthestNearLink(worseThan: best.trip) != nil else { return }
        request(best.peer, .near, at: now, into: &mail)
    }

    // MARK: filling the views

    func isCandidate(_ peer: NodeID, at now: Instant) -> Bool {
        !active.contains(peer) && !requested.contains(peer, at: now)
            && !tried.contains(peer, at: now) && !banned.contains(peer, at: now)
            && records[peer] != nil
    }

    /// Fills free places of the active view, and tries the first contacts while there is nobody.
    mutating func promote(at now: Instant, into mail: inout Mail) {
        let gap = schedule.promoteGap ?? settings.promoteInterval
        schedule.promoteAt = now + random.jittered(gap)
        guard !record.isTransient else { return }
        if active.isEmpty { retryContacts(at: now, into: &mail) }
        bridge(at: now, into: &mail)
        var wanted = min(
            settings.promoteCount, settings.activeLimit - active.count - requested.count)
        guard wanted > 0 else { return }
        // Where nobody has a place left, a node with some links can wait for one.
        schedule.promoteGap =
            active.count < settings.joinLinkCount
            ? nil : min(gap * 2, settings.promoteIntervalMaximum)
        var candidates = known.keys.filter { isCandidate($0, at: now) }
        candidates += passive.keys.filter { !known.contains($0) && isCandidate($0, at: now) }
        while wanted > 0, !candidates.isEmpty {
            let peer = candidates.remove(at: random.below(candidates.count))
            request(peer, active.isEmpty ? .high : .low, at: now, into: &mail)
            wanted -= 1
        }
    }

    /// Who has found links only among those that came with it is cut off from the others, though it
    /// knows them: of a small swarm it then sees more than half neither among its links nor among
    /// theirs. It asks one of these for a link, and that one makes room.
    private mutating func bridge(at now: Instant, into mail: inout Mail) {
        guard known.count <= settings.smallSwarmLimit, !active.isEmpty, !record.isMetered,
            schedule.bridgeAt <= now
        else { return }
        let far = zip(known.keys, known.values).filter { $1.hopCount > 2 }.map(\.0)
        guard far.count * 2 > known.count else { return }
        schedule.promoteAt = min(schedule.promoteAt, now + settings.bridgeInterval)
        let newest = active.values.reduce(Instant.origin) { max($0, $1.since) }
        guard now.since(newest) >= settings.bridgeInterval else { return }
        // Also whoever has just refused: not for want of this node's trying.
        let candidates = far.filter {
            !requested.contains($0, at: now) && !banned.contains($0, at: now) && records[$0] != nil
        }
        guard let peer = pick(candidates) else { return }
        schedule.bridgeAt = now + settings.bridgeInterval
        request(peer, .high, at: now, into: &mail)
    }

    private mutating func retryContacts(at now: Instant, into mail: inout Mail) {
        for peer in contacts.keys {
            guard let contact = contacts[peer], contact.nextTryAt <= now else { continue }
            let wait = min(contact.wait * 2, .seconds(30))
            contacts[peer] = Contact(nextTryAt: now + wait, wait: wait)
            send(.join(signedOwn), to: peer, into: &mail)
        }
    }

    mutating func addPassive(_ peer: NodeID) {
        guard peer != id, !active.contains(peer), passive[peer] == nil, let record = records[peer],
            !record.isTransient
        else { return }
        if passive.count >= settings.passiveLimit {
            passive.remove(passive.keys[random.below(passive.count)])
        }
        passive[peer] = 0
    }

    // MARK: shuffles

    mutating func shuffle(at now: Instant, into mail: inout Mail) {
        let gap = schedule.shuffleGap ?? settings.shuffleInterval
        schedule.shuffleAt = now + random.jittered(gap)
        schedule.shuffleGap = min(gap * 2, settings.shuffleIntervalMaximum)
        guard !record.isTransient, let target = pick(active.keys) else { return }
        let message = GossipMessage.shuffle(
            hopsLeft: settings.shuffleHops, origin: record, sample(without: target))
        send(message, to: target, into: &mail)
    }

    /// Tries somebody outside the neighbourhood: the other side of a partition that has healed
    /// answers, and in a large swarm the reserve is kept fresh.
    mutating func reachOut(at now: Instant, into mail: inout Mail) {
        let gap = schedule.reachOutGap ?? settings.reachOutInterval
        schedule.reachOutAt = now + random.jittered(gap)
        schedule.reachOutGap =
            known.count < settings.smallSwarmLimit
            ? nil : min(gap * 2, settings.reachOutIntervalMaximum)
        guard !record.isTransient else { return }
        let strangers =
            passive.keys.filter { !known.contains($0) }
            + contacts.keys.filter {
                !known.contains($0) && !active.contains($0) && !passive.contains($0)
            }
        guard let peer = pick(strangers) else { return }
        reached.mark(peer, until: now + .seconds(5))
        let message = GossipMessage.shuffle(
            hopsLeft: 0, origin: record, sample(without: peer))
        send(message, to: peer, into: &mail)
    }

    private mutating func sample(without peer: NodeID) -> [NodeRecord] {
        var links = active.keys.filter { $0 != peer }
        var reserve = passive.keys.filter { $0 != peer }
        var sample: [NodeRecord] = []
        for _ in 0..<min(settings.shuffleActiveCount, links.count) {
            let link = links.remove(at: random.below(links.count))
            if let record = records[link] { sample.append(record) }
        }
        for _ in 0..<min(settings.shufflePassiveCount, reserve.count) {
            let other = reserve.remove(at: random.below(reserve.count))
            if let record = records[other] { sample.append(record) }
        }
        return sample
    }

    mutating func receiveShuffle(
        _ hopsLeft: Int, _ origin: NodeRecord, _ sample: [NodeRecord], from peer: NodeID,
        at now: Instant, into mail: inout Mail
    ) {
        guard origin.id != id, !origin.isTransient, !record.isTransient else { return }
        guard hopsLeft == 0 || active.contains(peer) else {
            counters.unsolicited += 1
            return
        }
        let others = active.keys.filter { $0 != peer && $0 != origin.id }
        if hopsLeft > 0, let next = pick(others) {
            let onward = GossipMessage.shuffle(hopsLeft: hopsLeft - 1, origin: origin, sample)
            send(onward, to: next, into: &mail)
            return
        }
        guard adopt(origin) else { return ban(peer, at: now) }
        send(.shuffleReply(self.sample(without: origin.id)), to: origin.id, into: &mail)
        keep([origin] + sample, from: peer, at: now)
    }

    mutating func receiveShuffleReply(
        _ sample: [NodeRecord], from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        keep(sample, from: peer, at: now)
        guard reached.unmark(peer), isCandidate(peer, at: now), known[peer] == nil else { return }
        // Somebody alive whom the neighbourhood does not know. In a small swarm that is a split;
        // in a large one it is the rule, and one link in eight goes there to keep the graph random.
        let isSmall = known.count < settings.smallSwarmLimit
        if isSmall || random.below(8) == 0 { request(peer, .high, at: now, into: &mail) }
    }

    private mutating func keep(_ sample: [NodeRecord], from peer: NodeID, at now: Instant) {
        for record in sample where record.id != id && !record.isTransient {
            guard adopt(record) else { return ban(peer, at: now) }
            addPassive(record.id)
        }
    }
}
