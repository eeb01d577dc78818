public import Primitives

/// When the gossip has something to do.
extension GossipCore {
    public var nextDeadline: Instant {
        guard !hasLeft else { return .never }
        var earliest = schedule.next
        for link in active.values {
            earliest = min(earliest, min(link.nextProbeAt, link.stage.until))
        }
        for relay in relays.values { earliest = min(earliest, relay.until) }
        return earliest
    }

    public mutating func fire(at now: Instant, into mail: inout Mail) {
        guard !hasLeft else { return }
        excuseStall(at: now)
        fireProbes(at: now, into: &mail)
        if schedule.sweepAt <= now { sweep(at: now, into: &mail) }
        if schedule.promoteAt <= now { promote(at: now, into: &mail) }
        if schedule.shuffleAt <= now { shuffle(at: now, into: &mail) }
        if schedule.reachOutAt <= now { reachOut(at: now, into: &mail) }
        if schedule.optimiseAt <= now { optimise(at: now, into: &mail) }
        if schedule.refreshAt <= now { refresh(at: now, into: &mail) }
        if schedule.pushAt <= now { pushOwn(at: now, into: &mail) }
        if schedule.passOnAt <= now { passOn(at: now, into: &mail) }
    }

    /// A node that slept (a closed lid, a stopped process) must not take its own absence for the
    /// others': it moves what it remembers, and the timeouts it runs, by the time it missed.
    private mutating func excuseStall(at now: Instant) {
        defer { hasFired = true }
        guard hasFired, nextDeadline != .never else { return }
        let late = now.since(nextDeadline)
        guard late > .seconds(2) else { return }
        counters.stalls += 1
        health = min(settings.healthLimit, health + 1)
        for index in known.keys.indices {
            known.update(at: index) {
                $0.heardAt = $0.heardAt + late
                $0.signedAt = $0.signedAt + late
                $0.secondHopUntil = $0.secondHopUntil + late
            }
        }
        for index in active.keys.indices {
            active.update(at: index) {
                $0.stage = .idle
                $0.lastHeard = now
                $0.nextProbeAt = now
            }
        }
        schedule.postpone(by: late)
    }
}
