internal import Identity
internal import Primitives
internal import Wire

/// SWIM's probe and indirect probe on the links of this node; Lifeguard's health stretches them.
extension GossipCore {
    mutating func fireProbes(at now: Instant, into mail: inout Mail) {
        for peer in active.keys {
            guard let link = active[peer] else { continue }
            if link.stage.until <= now { advance(peer, link, at: now, into: &mail) }
            guard active.contains(peer), link.nextProbeAt <= now else { continue }
            probe(peer, farCount: settings.digestFarCount, at: now, into: &mail)
        }
        for number in relays.keys {
            guard let relay = relays[number], relay.until <= now else { continue }
            relays.remove(number)
            let nack = GossipMessage.probeReply(number: relay.askerNumber, .unreached)
            send(nack, to: relay.asker, into: &mail)
        }
    }

    /// - Parameter farCount: how many owners beside this node's links the digest lists.
    mutating func probe(_ peer: NodeID, farCount: Int, at now: Instant, into mail: inout Mail) {
        let number = drawNumber()
        // The other end's turn comes first.
        let next = now + random.jittered(probeInterval(of: peer) * 3 / 2)
        let timeout = probeTimeout(of: peer)
        active.update(peer) { link in
            link.nextProbeAt = next
            guard case .idle = link.stage else { return }
            link.stage = .waiting(number: number, sentAt: now, until: now + timeout)
        }
        counters.probesSent += 1
        let (links, far) = digest(for: peer, farCount: farCount, at: now)
        let sequence = UInt32(truncatingIfNeeded: ownState.sequence)
        let probe = GossipMessage.probe(
            number: number, isNeighbor: true, sequence: sequence, links: links, far: far)
        send(probe, to: peer, into: &mail)
    }

    /// A link of this node probed it: this end's turn is next.
    mutating func probed(by peer: NodeID, at now: Instant) {
        let next = now + random.jittered(probeInterval(of: peer))
        active.update(peer) { $0.nextProbeAt = next }
    }

    private func probeInterval(of peer: NodeID) -> Interval {
        let isMetered = record.isMetered || self.record(of: peer)?.isMetered ?? false
        return isMetered ? settings.meteredProbeInterval : settings.probeInterval
    }

    private func probeTimeout(of peer: NodeID) -> Interval {
        var timeout = settings.probeTimeoutMinimum
        if let link = active[peer], let smoothed = link.smoothed {
            timeout = max(timeout, smoothed + link.deviation * 4)
        }
        return min(timeout, settings.probeTimeoutMaximum) * (health + 1)
    }

    /// A stage ran out of time: direct probe, then others, then suspicion, then the link goes.
    private mutating func advance(
        _ peer: NodeID, _ link: Link, at now: Instant, into mail: inout Mail
    ) {
        switch link.stage {
        case .idle: break
        case .waiting(_, let sentAt, _) where link.lastHeard > sentAt:
            counters.probesMissed += 1
            active.update(peer) { $0.stage = .idle }
        case .waiting(let number, _, _):
            counters.probesMissed += 1
            let helpers = pickHelpers(beside: peer)
            for helper in helpers {
                send(.probeRequest(number: number, target: peer), to: helper, into: &mail)
            }
            let until = now + probeTimeout(of: peer) * 2
            active.update(peer) {
                $0.stage = .indirect(
                    number: number, until: until, helperCount: helpers.count, nackCount: 0)
            }
        case .indirect(let number, _, let helperCount, let nackCount):
            // Lifeguard, local health: silence of the helpers too says that the fault is here.
            if helperCount > 0, nackCount == 0 { health = min(settings.healthLimit, health + 1) }
            counters.suspicions += 1
            let until = now + settings.suspicionTimeout * (health + 1)
            active.update(peer) { $0.stage = .suspect(number: number, until: until) }
        case .suspect:
            counters.downs += 1
            dropLink(peer, at: now)
            tried.mark(peer, until: now + settings.retryInterval)
        }
    }

    private mutating func pickHelpers(beside peer: NodeID) -> [NodeID] {
        var candidates = active.keys.filter { $0 != peer }
        var helpers: [NodeID] = []
        while helpers.count < settings.indirectProbeCount, !candidates.isEmpty {
            helpers.append(candidates.remove(at: random.below(candidates.count)))
        }
        return helpers
    }

    mutating func receiveProbeReply(
        _ number: UInt32, _ outcome: ProbeOutcome, from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) {
        switch outcome {
        case .alive: receiveAlive(number, from: peer, at: now, into: &mail)
        case .reached, .unreached:
            guard let target = indirectTarget(of: number) else {
                counters.unsolicited += 1
                return
            }
            if outcome == .reached {
                reachedIndirectly(target, at: now)
            } else {
                active.update(target) { link in
                    guard case .indirect(let number, let until, let helpers, let nacks) = link.stage
                    else { return }
                    link.stage = .indirect(
                        number: number, until: until, helperCount: helpers, nackCount: nacks + 1)
                }
            }
        }
    }

    private mutating func receiveAlive(
        _ number: UInt32, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        if let relay = relays[number], relay.target == peer {
            relays.remove(number)
            let reply = GossipMessage.probeReply(number: relay.askerNumber, .reached)
            send(reply, to: relay.asker, into: &mail)
            return
        }
        guard let link = active[peer], case .waiting(let own, let sentAt, _) = link.stage,
            own == number
        else { return }
        let roundTrip = now.since(sentAt)
        active.update(peer) {
            $0.stage = .idle
            $0.measured(roundTrip)
        }
        health = max(0, health - 1)
    }

    private func indirectTarget(of number: UInt32) -> NodeID? {
        for index in active.keys.indices {
            switch active.values[index].stage {
            case .indirect(number, _, _, _), .suspect(number, _): return active.keys[index]
            default: continue
            }
        }
        return nil
    }

    /// Others reach it, we do not: it lives; but a link that stays one-sided is none.
    private mutating func reachedIndirectly(_ peer: NodeID, at now: Instant) {
        counters.refutations += 1
        let heardAt = Instant(nanoseconds: now.since(.origin + settings.hopAllowance).nanoseconds)
        known.update(peer) { $0.heardAt = max($0.heardAt, heardAt) }
        var rounds = 0
        active.update(peer) {
            $0.stage = .idle
            $0.indirectRounds += 1
            rounds = $0.indirectRounds
        }
        guard rounds >= settings.indirectRoundLimit else { return }
        dropLink(peer, at: now)
        tried.mark(peer, until: now + settings.retryInterval * 4)
    }

    /// Probes for a peer that can't reach its own; only whom this node has a reason to know.
    mutating func receiveProbeRequest(
        _ number: UInt32, _ target: NodeID, from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) {
        guard active.contains(peer) else {
            counters.unsolicited += 1
            return
        }
        guard target != id else {
            send(.probeReply(number: number, .reached), to: peer, into: &mail)
            return
        }
        guard record(of: target) != nil, relays.count < Limits.gossipMarkCount else {
            send(.probeReply(number: number, .unreached), to: peer, into: &mail)
            return
        }
        let own = drawNumber()
        relays[own] = Relay(
            asker: peer, askerNumber: number, target: target,
            until: now + settings.probeTimeoutMinimum)
        let probe = GossipMessage.probe(
            number: own, isNeighbor: false, sequence: 0, links: [], far: [])
        send(probe, to: target, into: &mail)
    }

    /// A peer counts this node among its links. If this node does not count it, one of both views
    /// changes: links are symmetric.
    mutating func mendSymmetry(with peer: NodeID, at now: Instant, into mail: inout Mail) {
        // A request is under way, and this overtook its answer.
        if requested.contains(peer, at: now) {
            addLink(peer, at: now, into: &mail)
            return cutSurplus(beside: peer, at: now, into: &mail)
        }
        guard !active.contains(peer) else { return }
        guard active.count < settings.activeLimit, let record = records[peer],
            !record.isTransient, !self.record.isTransient
        else {
            send(.disconnect, to: peer, into: &mail)
            return
        }
        addLink(peer, at: now, into: &mail)
    }
}
