internal import Identity
public import Primitives
internal import Wire

extension GossipCore {
    public mutating func receive(
        _ bytes: [UInt8], from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard !hasLeft, peer != id else { return }
        counters.received += 1
        guard !banned.contains(peer, at: now) else {
            counters.ignored += 1
            return
        }
        guard takeMessage(of: peer, at: now) else {
            counters.flooded += 1
            return
        }
        guard let message = try? GossipMessage(decoding: bytes) else {
            counters.malformed += 1
            return
        }
        heard(peer, at: now)
        read(message, from: peer, at: now, into: &mail)
    }

    private mutating func takeMessage(of peer: NodeID, at now: Instant) -> Bool {
        if meters[peer] == nil {
            if meters.count >= Limits.gossipMeterCount {
                var oldest = 0
                for index in meters.keys.indices
                where meters.values[index].usedAt < meters.values[oldest].usedAt { oldest = index }
                meters.remove(meters.keys[oldest])
            }
            meters[peer] = Meter(
                burst: Limits.gossipMessageBurst,
                each: .nanoseconds(1_000_000_000 / Limits.gossipMessagesPerSecond), at: now)
        }
        var isTaken = false
        meters.update(peer) { isTaken = $0.take(at: now) }
        return isTaken
    }

    private mutating func read(
        _ message: GossipMessage, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        switch message {
        case .join(let signed): receiveJoin(signed, from: peer, at: now, into: &mail)
        case .forwardJoin(let hopsLeft, let signed):
            receiveForwardJoin(hopsLeft, signed, from: peer, at: now, into: &mail)
        case .neighbor(let priority, let signed):
            receiveNeighbor(priority, signed, from: peer, at: now, into: &mail)
        case .neighborReply(let isAccepted, let signed):
            receiveReply(isAccepted, signed, from: peer, at: now, into: &mail)
        case .disconnect: receiveDisconnect(from: peer, at: now)
        case .shuffle(let hopsLeft, let origin, let records):
            receiveShuffle(hopsLeft, origin, records, from: peer, at: now, into: &mail)
        case .shuffleReply(let records):
            receiveShuffleReply(records, from: peer, at: now, into: &mail)
        case .probe(let number, let isNeighbor, let sequence, let links, let far):
            let own = isNeighbor && active.contains(peer) ? linkDigest(for: peer, at: now) : []
            send(.probeReply(number: number, .alive, links: own), to: peer, into: &mail)
            if isNeighbor { mendSymmetry(with: peer, at: now, into: &mail) }
            if active.contains(peer) {
                if isNeighbor { probed(by: peer, at: now) }
                readDigest(sequence, links, far, from: peer, at: now, into: &mail)
            }
        case .probeReply(let number, let outcome, let links):
            if active.contains(peer) {
                readDigest(nil, links, [], from: peer, at: now, into: &mail)
            }
            receiveProbeReply(number, outcome, from: peer, at: now, into: &mail)
        case .probeRequest(let number, let target):
            receiveProbeRequest(number, target, from: peer, at: now, into: &mail)
        case .states(let answerCount, let items):
            receiveStates(items, answerCount, from: peer, at: now, into: &mail)
        case .askStates(let prefixes):
            receiveAskStates(prefixes, from: peer, at: now, into: &mail)
        case .leave(let signed): receiveLeave(signed, from: peer, at: now, into: &mail)
        }
    }

    /// Whatever an authenticated peer says, it lives.
    private mutating func heard(_ peer: NodeID, at now: Instant) {
        var wasSuspect = false
        active.update(peer) { link in
            link.lastHeard = now
            link.indirectRounds = 0
            if case .suspect = link.stage { wasSuspect = true }
            if case .waiting = link.stage { return }
            link.stage = .idle
        }
        if wasSuspect { counters.refutations += 1 }
        known.update(peer) {
            $0.heardAt = now
            $0.heardFrom = peer
        }
    }

    /// A peer passed on something whose signature does not hold: it checks before it passes on, so
    /// it lied.
    mutating func ban(_ peer: NodeID, at now: Instant) {
        banned.mark(peer, until: now + settings.banTime)
        if active.contains(peer) { dropLink(peer, at: now) }
        passive.remove(peer)
        contacts.remove(peer)
    }
}
