internal import Identity
internal import Primitives
internal import Wire

/// Which links are near, and X-BOT's exchange of far ones for nearer ones.
extension GossipCore {
    func expectedRoundTrip(to peer: NodeID) -> Interval? {
        if let measured = active[peer]?.smoothed { return measured }
        guard let entry = known[peer] else { return nil }
        if let measured = entry.roundTrip { return measured }
        let (own, other) = (vivaldi.coordinate, entry.state.coordinate)
        return own.isKnown && other.isKnown ? own.predictedRoundTrip(to: other) : nil
    }

    /// Links, nearest first; those never measured last.
    func linksByNearness() -> [NodeID] {
        active.keys.sorted { left, right in
            let leftTrip = active[left]?.smoothed ?? .seconds(60)
            let rightTrip = active[right]?.smoothed ?? .seconds(60)
            return (leftTrip, left) < (rightTrip, right)
        }
    }

    /// The last of the near half, where a candidate would be clearly better.
    func farthestNearLink(worseThan expected: Interval) -> NodeID? {
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
}
