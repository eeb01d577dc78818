internal import Identity
internal import Primitives
internal import Wire

/// This node's own state: signed when it has changed and once in a while, told to every link.
extension GossipCore {
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
}
