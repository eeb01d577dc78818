public import Primitives
public import Wire

/// One reason, judged: what was read, what is asked, and what would have to change.
public struct Judgement: Hashable, Sendable {
    public enum Outcome: String, Hashable, Sendable {
        /// The policy does not ask.
        case off
        /// There is no such sensor here.
        case unreadable
        case fine
        /// It holds, but not for long enough yet.
        case pending
        /// It keeps the node from working.
        case held
        /// It has ended; the node waits whether that lasts.
        case resting
    }

    public var reason: Presence
    public var outcome: Outcome
    /// What the policy asks, as a clause: `foreign load is at most 25 %`.
    public var demand: String
    /// What would have to change, as a sentence; empty where nothing has to.
    public var remedy: String
}

extension PresenceCore {
    /// Every reason in the order in which one is named.
    public func judgements(at now: Instant) -> [Judgement] {
        zip(PresencePolicy.reasons, standings).map { reason, standing in
            let condition = policy.condition(reason, signals, isHeld: standing.holds)
            let (outcome, seconds) = outcome(standing, condition, of: reason, at: now)
            let remedy: String
            switch outcome {
            case .held: remedy = policy.remedy(reason, signals)
            case .resting: remedy = "Calm for another \(seconds) s."
            case .pending: remedy = "Counts in \(seconds) s unless it ends."
            case .off, .unreadable, .fine: remedy = ""
            }
            return Judgement(
                reason: reason, outcome: outcome, demand: policy.demand(reason), remedy: remedy)
        }
    }

    private func outcome(
        _ standing: Standing, _ condition: Condition, of reason: Presence, at now: Instant
    ) -> (Judgement.Outcome, seconds: Int) {
        switch standing {
        case .held: return (.held, 0)
        case .resting(let until): return (.resting, seconds(until.since(now)))
        case .pending(let since):
            return (.pending, seconds((since + policy.patience(before: reason)).since(now)))
        case .clear:
            switch condition {
            case .off: return (.off, 0)
            case .unreadable: return (.unreadable, 0)
            case .fine, .met: return (.fine, 0)
            }
        }
    }

    private func seconds(_ interval: Interval) -> Int {
        Int((interval.nanoseconds + 999_999_999) / 1_000_000_000)
    }
}

extension PresencePolicy {
    /// What is asked, whether it holds or not.
    func demand(_ reason: Presence) -> String {
        switch reason {
        case .paused: "the owner has not paused the node"
        case .outsideHours:
            hours.isEmpty
                ? "any time of day"
                : "the clock is within " + hours.map(\.description).joined(separator: ", ")
        case .vehicleMoving: "the vehicle stands still"
        case .notCharging: "the machine is fed from outside"
        case .batteryLow: "the battery has at least \(batteryPercentMinimum) %"
        case .tooWarm:
            "the battery has at most \(batteryCelsiusMaximum) C, every zone at most "
                + "\(zoneCelsiusMaximum) C"
        case .meteredLine: "the line is not metered"
        case .dataBudgetSpent:
            dailyByteLimit.map { "today's traffic is below \($0) bytes" } ?? "any traffic"
        case .userActive:
            userIdleMinimum.map { "nobody has typed for \($0.milliseconds / 1_000) s" }
                ?? "a user may be active"
        case .foreignLoad:
            foreignLoadPercentMaximum.map { "foreign load is at most \($0) %" } ?? "any load"
        case .idle, .leaving: ""
        }
    }

    /// What has to change before the reason ends.
    func remedy(_ reason: Presence, _ signals: Signals) -> String {
        switch reason {
        case .paused:
            switch signals.pause {
            case .secondsLeft(let seconds): "bored resume, or another \(seconds) s."
            case .untilResumed: "bored resume."
            case nil: "--run auto or --run always."
            }
        case .outsideHours:
            "It is " + Hours.clock(signals.minuteOfDay ?? 0) + ": wait, or change --hours."
        case .vehicleMoving: "Park, or allow it by --while-moving."
        case .notCharging: "Plug in, or allow it by --on-battery."
        case .batteryLow:
            "Charge from \(signals.batteryPercent ?? 0) % to \(batteryFloor(isHeld: true)) %, "
                + "or lower --battery."
        case .tooWarm: warmthRemedy(signals)
        case .meteredLine: "Change to another line, or allow it by --on-metered."
        case .dataBudgetSpent: "Wait for midnight, or raise --daily-data."
        case .userActive: "Leave keyboard and pointer alone, or change --user-idle."
        case .foreignLoad:
            "Foreign load has to fall from \(signals.foreignLoadPercent ?? 0) % to "
                + "\(loadCeiling(isHeld: true) ?? 0) %, or raise --foreign-load."
        case .idle, .leaving: ""
        }
    }

    private func warmthRemedy(_ signals: Signals) -> String {
        if let battery = signals.batteryCelsius, battery > batteryCeiling(isHeld: true) {
            return
                "The battery has to cool from \(battery) C to \(batteryCeiling(isHeld: true)) C, "
                + "or raise --battery-celsius."
        }
        return "The hottest zone has to cool from \(signals.zoneCelsius ?? 0) C to "
            + "\(zoneCeiling(isHeld: true)) C, or raise --zone-celsius."
    }
}
