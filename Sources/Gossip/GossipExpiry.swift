internal import Identity
internal import Primitives
internal import Wire

/// How long states live after their owners were last heard of, and how owners leave.
extension GossipCore {
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

    mutating func depart(_ owner: NodeID, sequence: UInt64, at now: Instant) {
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
}
