public import Primitives
public import Wire

/// From signals to a verdict: idle, or the reason why not.
///
/// A reason that begins to hold is believed at once (load, after its patience); one that ends is
/// believed after a rest. A value near its threshold has to come some way back first.
public struct PresenceCore: Sendable {
    /// How one reason stands.
    enum Standing: Hashable, Sendable {
        case clear
        /// The condition is met, but not for long enough.
        case pending(since: Instant)
        case held
        /// The condition has ended; the rest runs.
        case resting(until: Instant)

        var holds: Bool {
            switch self {
            case .clear, .pending: false
            case .held, .resting: true
            }
        }
    }

    public let policy: PresencePolicy
    public private(set) var signals = Signals()
    /// Idle, or the first reason of `PresencePolicy.reasons` that holds.
    public private(set) var presence = Presence.idle
    /// Since when the verdict is what it is.
    public private(set) var since: Instant
    private(set) var standings: [Standing]
    /// Reclaims, less one for each hour that the node was idle since: rests double with it.
    private var unrest = 0

    public init(policy: PresencePolicy, at now: Instant) {
        self.policy = policy
        since = now
        standings = Array(repeating: .clear, count: PresencePolicy.reasons.count)
    }

    /// Whether the line costs money and is to be spared: also where another reason stands before
    /// that one.
    public var isLineSpared: Bool {
        PresencePolicy.reasons.firstIndex(of: .meteredLine).map { standings[$0].holds } ?? false
    }

    /// Judges a new look at the machine; true where the verdict has changed.
    public mutating func observe(_ signals: Signals, at now: Instant) -> Bool {
        self.signals = signals
        for (index, reason) in PresencePolicy.reasons.enumerated() {
            standings[index] = next(standings[index], of: reason, at: now)
        }
        let index = standings.firstIndex { $0.holds }
        let verdict = index.map { PresencePolicy.reasons[$0] } ?? .idle
        guard verdict != presence else { return false }
        if presence == .idle { noteReclaim(verdict, at: now) }
        presence = verdict
        since = now
        return true
    }

    /// When time alone may change the verdict.
    public var nextDeadline: Instant {
        var earliest = Instant.never
        for (index, standing) in standings.enumerated() {
            switch standing {
            case .pending(let since):
                let patience = policy.patience(before: PresencePolicy.reasons[index])
                earliest = min(earliest, since + patience)
            case .resting(let until): earliest = min(earliest, until)
            case .clear, .held: break
            }
        }
        return earliest
    }

    private func next(_ standing: Standing, of reason: Presence, at now: Instant) -> Standing {
        let condition = policy.condition(reason, signals, isHeld: standing.holds)
        let isMet = condition == .met
        switch standing {
        case .clear, .pending:
            guard isMet else { return .clear }
            var since = now
            if case .pending(let earlier) = standing { since = earlier }
            return now.since(since) >= policy.patience(before: reason)
                ? .held : .pending(since: since)
        case .held:
            if isMet { return .held }
            // A policy that no longer asks, or a sensor that is gone, needs no rest.
            guard condition == .fine else { return .clear }
            let rest = rest(after: reason)
            return rest == .zero ? .clear : .resting(until: now + rest)
        case .resting(let until):
            if isMet { return .held }
            return until <= now ? .clear : standing
        }
    }

    private func rest(after reason: Presence) -> Interval {
        var rest = policy.restTime(after: reason)
        for _ in 1..<max(1, unrest) where rest < policy.restLimit { rest = rest * 2 }
        return min(rest, policy.restLimit)
    }

    /// Only what may flicker makes rests longer.
    private mutating func noteReclaim(_ reason: Presence, at now: Instant) {
        guard policy.restTime(after: reason) > .zero else { return }
        let idleHours = now.since(since).nanoseconds / Interval.hours(1).nanoseconds
        unrest = max(0, unrest - Int(idleHours)) + 1
    }
}
