internal import Identity
internal import Primitives

/// Where new links and the reserve come from while places are free.
extension GossipCore {
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
}
