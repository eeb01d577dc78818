internal import Identity
internal import Primitives
internal import Wire

/// The signed states of the neighbourhood: told on change two hops far, kept alive by digests,
/// mended by pulls.
extension GossipCore {
    /// What became of a state that came in.
    enum Verdict {
        case adopted(isNewOwner: Bool)
        case departed
        case known
        case refused
        case forged
    }
    mutating func receiveStates(
        _ items: [StateItem], _ answerCount: Int?, from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) {
        take(items, from: peer, at: now, into: &mail)
        guard let answerCount, var question = asking[peer] else { return }
        // Parts overtake each other: the answer is whole when all of them are here.
        question.stateCount += items.count
        let isWhole = question.stateCount >= answerCount
        asking[peer] = isWhole ? nil : question
        if isWhole { tell(.statesAnswered(from: peer, count: question.stateCount)) }
    }

    /// Takes states in, and lays aside what is new to be handed on.
    mutating func take(
        _ items: [StateItem], from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        for item in items {
            let owner = item.signed.record.id
            switch adopt(item, from: peer, at: now, into: &mail) {
            case .adopted(let isNewOwner):
                counters.statesAdopted += 1
                tell(.stateChanged(owner))
                let isSmall = known.count <= settings.smallSwarmLimit
                if item.hopCount == 0 || (isNewOwner && isSmall) {
                    layAside(item, from: peer, at: now, into: &mail)
                }
            case .departed:
                let isSmall = known.count <= settings.smallSwarmLimit
                if item.hopCount == 0 || isSmall {
                    layAside(item, from: peer, at: now, into: &mail)
                }
            case .known: counters.stale += 1
            case .refused: counters.statesRefused += 1
            case .forged: return ban(peer, at: now)
            }
        }
    }

    /// A leaver's last state goes on at once, others a moment later with what comes meanwhile.
    private mutating func layAside(
        _ item: StateItem, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard !record.isTransient, !record.isMetered else { return }
        onward[item.signed.record.id] = (item, peer)
        let isUrgent = item.signed.state.presence == .leaving
        let isFull = onward.count >= Limits.gossipStatesPerMessage
        if isUrgent || isFull { return passOn(at: now, into: &mail) }
        schedule.passOnAt = min(schedule.passOnAt, now + settings.passOnDelay)
    }

    /// Hands on what was laid aside: one message per link.
    mutating func passOn(at now: Instant, into mail: inout Mail) {
        schedule.passOnAt = .never
        let items = onward
        onward = OrderedTable()
        for link in active.keys {
            var batch: [StateItem] = []
            for (owner, (item, bearer)) in zip(items.keys, items.values)
            where owner != link && bearer != link {
                var age = item.age
                if let entry = known[owner] {
                    if entry.toldTo.contains(link) { continue }
                    known.update(owner) { $0.tell(link) }
                    age = self.age(of: entry, at: now)
                }
                let hopCount = min(item.hopCount, 254) + 1
                batch.append(StateItem(hopCount: hopCount, age: age, signed: item.signed))
            }
            if batch.isEmpty { continue }
            send(.states(answerCount: nil, batch), to: link, into: &mail)
        }
    }

    private mutating func adopt(
        _ item: StateItem, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) -> Verdict {
        let (owner, state) = (item.signed.record.id, item.signed.state)
        if owner == id { return adoptOwn(item.signed, at: now, into: &mail) }
        if item.signed.record.isTransient {
            counters.transientRefused += 1
            return .refused
        }
        if let departure = departed[owner], state.sequence <= departure.sequence { return .known }
        let heardAt = evidence(age: item.age, isDirect: owner == peer, at: now)
        if let entry = known[owner], state.sequence <= entry.state.sequence {
            if state.sequence == entry.state.sequence {
                extend(owner, to: heardAt, from: peer)
                known.update(owner) { $0.tell(peer) }
            }
            return .known
        }
        guard now.since(heardAt) < expiry(of: item.signed) else { return .refused }
        guard adopt(item.signed.record) else { return .forged }
        counters.signaturesChecked += 1
        guard item.signed.isAuthentic(suite: keys.suite) else {
            counters.forged += 1
            return .forged
        }
        if state.presence == .leaving {
            depart(owner, sequence: state.sequence, at: now)
            return .departed
        }
        return insert(item, from: peer, heardAt: heardAt, at: now)
    }

    private mutating func insert(
        _ item: StateItem, from peer: NodeID, heardAt: Instant, at now: Instant
    ) -> Verdict {
        let owner = item.signed.record.id
        // Who is near to somebody this node has no link with is not near.
        let far = active.contains(peer) ? min(3, max(2, Int(item.hopCount) + 1)) : 3
        let hopCount = active.contains(owner) ? 1 : far
        let old = known[owner]
        // Who speaks for itself may be about to become a link.
        guard old != nil || admits(owner, hopCount: owner == peer ? 1 : hopCount)
        else { return .refused }
        known[owner] = KnownState(
            signed: item.signed, heardAt: max(heardAt, old?.heardAt ?? .origin),
            hopCount: min(hopCount, old?.hopCount ?? 3), roundTrip: old?.roundTrip, signedAt: now,
            heardFrom: peer,
            secondHopUntil: hopCount <= 2
                ? now + expiry(of: item.signed) : old?.secondHopUntil ?? .origin,
            toldTo: [peer])
        departed.remove(owner)
        return .adopted(isNewOwner: old == nil)
    }

    /// Whether an owner not known before finds a place: far ones only in a small swarm; at the
    /// limit, fewer hops win, then the smaller XOR distance.
    private mutating func admits(_ owner: NodeID, hopCount: Int) -> Bool {
        if hopCount >= 3, !record.isTransient, known.count >= settings.smallSwarmLimit {
            return false
        }
        guard known.count >= settings.neighbourhoodLimit else { return true }
        var worst = (hopCount: hopCount, distance: owner.distance(to: id))
        var victim: NodeID?
        for index in known.keys.indices where !active.contains(known.keys[index]) {
            let rank = (known.values[index].hopCount, known.keys[index].distance(to: id))
            if rank > worst {
                worst = rank
                victim = known.keys[index]
            }
        }
        guard let victim else { return false }
        known.remove(victim)
        tell(.stateGone(victim))
        return true
    }

    /// A state of this node that this node does not remember: signed before a restart, by a clock
    /// that ran ahead. It must not outlive what is true now.
    private mutating func adoptOwn(
        _ signed: SignedState, at now: Instant, into mail: inout Mail
    ) -> Verdict {
        counters.ownStatesEchoed += 1
        guard signed.state.sequence > ownState.sequence else { return .known }
        counters.signaturesChecked += 1
        guard signed.record.signingKey == keys.signingKey,
            signed.isAuthentic(suite: keys.suite), signed.state.sequence < .max / 2
        else {
            counters.forged += 1
            return .forged
        }
        ownState.sequence = signed.state.sequence
        changed(at: now, into: &mail)
        return .known
    }
}
