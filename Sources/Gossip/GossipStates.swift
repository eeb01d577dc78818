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

    // MARK: this node's own

    mutating func signOwn() {
        ownState.sequence += 1
        ownState.coordinate = vivaldi.coordinate
        signedOwn = SignedState(ownState, record: record, keys: keys)
    }

    /// The own state has changed: it goes out at once, or as soon as the rate allows.
    mutating func changed(at now: Instant, into mail: inout Mail) {
        guard !hasLeft else { return }
        schedule.refreshGap = nil
        schedule.pushAt = min(schedule.pushAt, now)
        pushOwn(at: now, into: &mail)
    }

    mutating func pushOwn(at now: Instant, into mail: inout Mail) {
        guard pushMeter.take(at: now) else {
            schedule.pushAt = pushMeter.nextAt(now)
            return
        }
        schedule.pushAt = .never
        let gap = schedule.refreshGap ?? settings.stateRefreshFirst
        schedule.refreshAt = now + random.jittered(gap)
        schedule.refreshGap = min(gap * 2, settings.stateRefresh)
        signOwn()
        guard !record.isTransient else { return }
        let item = StateItem(hopCount: 0, age: 0, signed: signedOwn)
        for peer in active.keys {
            send(.states(answerCount: nil, [item]), to: peer, into: &mail)
        }
    }

    /// Signs what has not changed, for the coordinate moves and signatures age.
    mutating func refresh(at now: Instant, into mail: inout Mail) {
        schedule.refreshAt = .never
        pushOwn(at: now, into: &mail)
    }

    // MARK: taking states in

    mutating func receiveStates(
        _ items: [StateItem], _ answerCount: Int?, from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) {
        take(items, from: peer, at: now, into: &mail)
        guard let answerCount, let before = asking[peer] else { return }
        // Parts overtake each other: the answer is whole when all of them are here.
        let count = before + items.count
        asking[peer] = count < answerCount ? count : nil
        if count >= answerCount { tell(.statesAnswered(from: peer, count: count)) }
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
                    known.update(owner) { $0.toldTo.append(link) }
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
                known.update(owner) { if !$0.toldTo.contains(peer) { $0.toldTo.append(peer) } }
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
        let far = active.contains(peer) ? min(3, Int(item.hopCount) + 1) : 3
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

    // MARK: life and its end

    func evidence(age: UInt8, isDirect: Bool, at now: Instant) -> Instant {
        if isDirect { return now }
        let since = Age.interval(of: age) + settings.hopAllowance
        return Instant(nanoseconds: now.since(.origin + since).nanoseconds)
    }

    /// How long a state lives after its owner was last heard of.
    func expiry(of signed: SignedState) -> Interval {
        record.isMetered || signed.record.isMetered
            ? settings.meteredStateExpiry : settings.stateExpiry
    }

    mutating func extend(_ owner: NodeID, to heardAt: Instant, from peer: NodeID) {
        known.update(owner) { $0.extend(to: heardAt, from: peer) }
    }

    private mutating func depart(_ owner: NodeID, sequence: UInt64, at now: Instant) {
        if departed.count >= Limits.gossipMarkCount, departed[owner] == nil {
            var first = 0
            for index in departed.values.indices
            where departed.values[index].until < departed.values[first].until { first = index }
            departed.remove(departed.keys[first])
        }
        departed[owner] = Departure(sequence: sequence, until: now + settings.signedExpiry)
        passive.remove(owner)
        if known.remove(owner) != nil { tell(.stateGone(owner)) }
    }

    mutating func receiveLeave(
        _ signed: SignedState, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard signed.record.id == peer, signed.state.presence == .leaving else {
            counters.malformed += 1
            return
        }
        take(
            [StateItem(hopCount: 0, age: 0, signed: signed)], from: peer, at: now, into: &mail)
        guard active.contains(peer) else { return }
        dropLink(peer, at: now)
        passive.remove(peer)
        tried.mark(peer, until: now + settings.retryInterval)
    }

    /// Four times a second: what nobody heard of ends, marks end, second hops fade to third.
    mutating func sweep(at now: Instant, into mail: inout Mail) {
        schedule.sweepAt = now + .milliseconds(250)
        for peer in requested.expire(at: now) {
            tried.mark(peer, until: now + settings.retryInterval)
        }
        _ = tried.expire(at: now)
        _ = banned.expire(at: now)
        _ = pulled.expire(at: now)
        _ = answered.expire(at: now)
        _ = reached.expire(at: now)
        departed.removeAll { _, departure in departure.until <= now }
        for owner in known.keys {
            guard let entry = known[owner] else { continue }
            let isUnsigned = now.since(entry.signedAt) >= settings.signedExpiry
            if isUnsigned || now.since(entry.heardAt) >= expiry(of: entry.signed) {
                counters.statesExpired += 1
                if isUnsigned {
                    // Nor may an echo of it come back.
                    depart(owner, sequence: entry.state.sequence, at: now)
                } else {
                    known.remove(owner)
                    tell(.stateGone(owner))
                }
                if active.contains(owner) { dropLink(owner, at: now) }
            } else if entry.hopCount == 2, entry.secondHopUntil <= now {
                known.update(owner) { $0.hopCount = 3 }
            }
        }
    }

    // MARK: telling

    func item(of entry: KnownState, at now: Instant) -> StateItem {
        StateItem(
            hopCount: UInt8(entry.hopCount), age: age(of: entry, at: now), signed: entry.signed)
    }

    func age(of entry: KnownState, at now: Instant) -> UInt8 {
        Age.byte(of: now.since(entry.heardAt))
    }

    /// Tells a peer the states it has not from here, links first.
    mutating func tellStates(
        to peer: NodeID, limit: Int, at now: Instant, into mail: inout Mail
    ) {
        var owners: [NodeID] = []
        for isLink in [true, false] {
            for index in known.keys.indices where (known.values[index].hopCount == 1) == isLink {
                let owner = known.keys[index]
                if owner != peer, !known.values[index].toldTo.contains(peer) {
                    owners.append(owner)
                }
            }
        }
        owners = Array(owners.prefix(limit))
        sendStates(owners, isAnswer: false, to: peer, at: now, into: &mail)
    }

    private mutating func sendStates(
        _ owners: [NodeID], isAnswer: Bool, to peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        var items: [StateItem] = []
        if isAnswer, !record.isTransient {
            items.append(StateItem(hopCount: 0, age: 0, signed: signedOwn))
        }
        for owner in owners {
            guard let entry = known[owner] else { continue }
            items.append(item(of: entry, at: now))
            if active.contains(peer), !entry.toldTo.contains(peer) {
                known.update(owner) { $0.toldTo.append(peer) }
            }
        }
        let size = Limits.gossipStatesPerMessage
        var start = 0
        while start < items.count || (isAnswer && start == 0) {
            let end = min(items.count, start + size)
            let message = GossipMessage.states(
                answerCount: isAnswer ? items.count : nil, Array(items[start..<end]))
            send(message, to: peer, into: &mail)
            start = max(end, 1)
        }
    }

    mutating func receiveAskStates(
        _ prefixes: [UInt64], from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard prefixes.isEmpty else {
            var owners: [NodeID] = []
            for prefix in prefixes {
                if prefix == id.prefix {
                    let own = StateItem(hopCount: 0, age: 0, signed: signedOwn)
                    let message = GossipMessage.states(answerCount: nil, [own])
                    if !record.isTransient { send(message, to: peer, into: &mail) }
                } else if let owner = owner(of: prefix), !owners.contains(owner) {
                    owners.append(owner)
                }
            }
            sendStates(owners, isAnswer: false, to: peer, at: now, into: &mail)
            return
        }
        guard !answered.contains(peer, at: now) else {
            counters.flooded += 1
            return
        }
        answered.mark(peer, until: now + .milliseconds(Limits.gossipAnswerMilliseconds))
        sendStates(
            known.keys.filter { $0 != peer }, isAnswer: true, to: peer, at: now, into: &mail)
    }
}
