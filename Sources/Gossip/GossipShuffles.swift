internal import Identity
internal import Primitives

/// Samples of the views that nodes exchange, so that each reserve holds nodes from everywhere.
extension GossipCore {
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
        // Whoever passes a forgery on is taken for its maker: so it is looked at before.
        let sample = sample.filter { $0.id != id && !$0.isTransient }
        guard ([origin] + sample).allSatisfy({ adopt($0) }) else { return ban(peer, at: now) }
        let others = active.keys.filter { $0 != peer && $0 != origin.id }
        if hopsLeft > 0, let next = pick(others) {
            let onward = GossipMessage.shuffle(hopsLeft: hopsLeft - 1, origin: origin, sample)
            send(onward, to: next, into: &mail)
            return
        }
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
