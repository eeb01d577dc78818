import Presence
import Primitives
import Testing
import Wire

@Suite struct PresenceCoreTests {
    /// A machine that is free in every respect.
    private static let calm: Signals = {
        var signals = Signals()
        signals.foreignLoadPercent = 3
        signals.userIdleSeconds = 4_000
        signals.batteryPercent = 100
        signals.isCharging = true
        signals.batteryCelsius = 25
        signals.zoneCelsius = 40
        signals.isMetered = false
        signals.trafficByteCount = 0
        signals.minuteOfDay = 60
        signals.isMoving = false
        return signals
    }()

    /// Every condition is asked for.
    private static let strict: PresencePolicy = {
        var policy = PresencePolicy()
        policy.userIdleMinimum = .minutes(3)
        policy.dailyByteLimit = 1_000
        policy.hours = [Hours(start: 0, end: 120)]
        return policy
    }()

    private static func at(_ seconds: Int) -> Instant { .origin + .seconds(seconds) }

    private static func changed(_ change: (inout Signals) -> Void) -> Signals {
        var signals = calm
        change(&signals)
        return signals
    }

    @Test func `a machine whose sensors say nothing is idle`() {
        var core = PresenceCore(policy: PresencePolicy(), at: .origin)
        let changed = core.observe(Signals(), at: .origin)
        #expect(!changed && core.presence == .idle && core.nextDeadline == .never)
        #expect(core.judgements(at: .origin).allSatisfy { $0.outcome != .held })
    }

    /// On each side of every threshold: the value that is still good, the one that is not, and the
    /// one that is good again.
    private static let thresholds: [(Presence, good: Signals, bad: Signals, back: Signals)] = [
        (
            .outsideHours, changed { $0.minuteOfDay = 119 }, changed { $0.minuteOfDay = 120 },
            changed { $0.minuteOfDay = 0 }
        ),
        (.vehicleMoving, calm, changed { $0.isMoving = true }, calm),
        (.notCharging, calm, changed { $0.isCharging = false }, calm),
        (
            .batteryLow, changed { $0.batteryPercent = 90 }, changed { $0.batteryPercent = 89 },
            changed { $0.batteryPercent = 92 }
        ),
        (
            .tooWarm, changed { $0.batteryCelsius = 40 }, changed { $0.batteryCelsius = 41 },
            changed { $0.batteryCelsius = 37 }
        ),
        (
            .tooWarm, changed { $0.zoneCelsius = 85 }, changed { $0.zoneCelsius = 86 },
            changed { $0.zoneCelsius = 80 }
        ),
        (.meteredLine, calm, changed { $0.isMetered = true }, calm),
        (
            .dataBudgetSpent, changed { $0.trafficByteCount = 999 },
            changed { $0.trafficByteCount = 1_000 }, changed { $0.trafficByteCount = 0 }
        ),
        (
            .userActive, changed { $0.userIdleSeconds = 180 },
            changed { $0.userIdleSeconds = 179 }, changed { $0.userIdleSeconds = 180 }
        ),
        (
            .foreignLoad, changed { $0.foreignLoadPercent = 25 },
            changed { $0.foreignLoadPercent = 26 }, changed { $0.foreignLoadPercent = 15 }
        ),
        (.paused, calm, changed { $0.pause = .untilResumed }, calm),
    ]

    @Test(arguments: thresholds.indices)
    func `each reason begins at its threshold and ends behind it, after a rest`(_ index: Int) {
        let (reason, good, bad, back) = Self.thresholds[index]
        var core = PresenceCore(policy: Self.strict, at: .origin)
        _ = core.observe(good, at: Self.at(0))
        #expect(core.presence == .idle)
        let patience = reason == .foreignLoad ? 2 : 0
        _ = core.observe(bad, at: Self.at(10))
        #expect(core.presence == (patience == 0 ? reason : .idle))
        let changed = core.observe(bad, at: Self.at(10 + patience))
        #expect(changed == (patience > 0) && core.presence == reason)
        #expect(core.since == Self.at(10 + patience))
        _ = core.observe(back, at: Self.at(100))
        let rests = ![.paused, .outsideHours, .dataBudgetSpent, .userActive].contains(reason)
        guard rests else {
            #expect(core.presence == .idle)
            return
        }
        #expect(core.presence == reason && core.nextDeadline == Self.at(160))
        _ = core.observe(back, at: Self.at(159))
        #expect(core.presence == reason)
        _ = core.observe(back, at: Self.at(160))
        #expect(core.presence == .idle && core.nextDeadline == .never)
    }

    @Test func `a line that costs money is spared whatever else keeps the node from work`() {
        var signals = Signals()
        (signals.isMoving, signals.isMetered) = (true, true)
        for mayWork in [false, true] {
            var policy = PresencePolicy()
            policy.runsOnMeteredLine = mayWork
            var core = PresenceCore(policy: policy, at: .origin)
            _ = core.observe(signals, at: .origin)
            #expect(core.presence == .vehicleMoving && core.isLineSpared == !mayWork)
        }
    }

    @Test(arguments: thresholds.indices)
    func `a mode of always stops for a pause alone, never stops at once`(_ index: Int) {
        let (reason, _, bad, _) = Self.thresholds[index]
        for (mode, expected) in [
            (PresencePolicy.Mode.always, reason == .paused ? reason : .idle), (.never, .paused),
        ] {
            var policy = Self.strict
            policy.mode = mode
            var core = PresenceCore(policy: policy, at: .origin)
            for second in 0..<5 { _ = core.observe(bad, at: Self.at(second)) }
            #expect(core.presence == expected)
        }
    }

    @Test func `what the policy does not ask keeps nobody from working`() {
        var policy = PresencePolicy()
        policy.runsOnBattery = true
        policy.runsOnMeteredLine = true
        policy.runsWhileMoving = true
        policy.batteryPercentMinimum = 0
        policy.foreignLoadPercentMaximum = nil
        var core = PresenceCore(policy: policy, at: .origin)
        var signals = Self.calm
        signals.isCharging = false
        signals.isMetered = true
        signals.isMoving = true
        signals.batteryPercent = 1
        signals.foreignLoadPercent = 100
        signals.userIdleSeconds = 0
        signals.minuteOfDay = 1_000
        signals.trafficByteCount = .max
        for second in 0..<5 { _ = core.observe(signals, at: Self.at(second)) }
        #expect(core.presence == .idle)
    }

    @Test func `of several reasons the first is named, and the next when it ends`() {
        var core = PresenceCore(policy: Self.strict, at: .origin)
        var signals = Self.calm
        signals.isCharging = false
        signals.pause = .untilResumed
        signals.zoneCelsius = 99
        _ = core.observe(signals, at: Self.at(0))
        #expect(core.presence == .paused)
        signals.pause = nil
        _ = core.observe(signals, at: Self.at(1))
        #expect(core.presence == .notCharging)
        signals.isCharging = true
        _ = core.observe(signals, at: Self.at(2))
        _ = core.observe(signals, at: Self.at(62))
        #expect(core.presence == .tooWarm)
    }

    @Test func `a short burst of load does not count, and a pause in it begins anew`() {
        var core = PresenceCore(policy: PresencePolicy(), at: .origin)
        let busy = Self.changed { $0.foreignLoadPercent = 100 }
        for milliseconds in stride(from: 0, to: 60_000, by: 100) {
            let now = Instant.origin + .milliseconds(milliseconds)
            _ = core.observe(milliseconds % 2_000 < 1_900 ? busy : Self.calm, at: now)
            #expect(core.presence == .idle)
        }
    }

    @Test func `a signal that flickers makes the node leave ever more rarely`() {
        var core = PresenceCore(policy: PresencePolicy(), at: .origin)
        var leaves: [Int] = []
        // A vehicle that rolls for ten seconds every 400, for six hours.
        for second in 0..<21_600 {
            let moving = second % 400 < 10
            let signals = Self.changed { $0.isMoving = moving }
            if core.observe(signals, at: Self.at(second)), core.presence != .idle {
                leaves.append(second)
            }
        }
        #expect(core.presence == .vehicleMoving)
        // Rests of 60, 120 and 240 s, then of 480 s: longer than the vehicle ever stands still.
        #expect(leaves == [0, 400, 800, 1_200])
    }

    @Test func `idle hours shorten the rests again`() {
        var core = PresenceCore(policy: PresencePolicy(), at: .origin)
        func rest(after second: Int) -> Int {
            _ = core.observe(Self.changed { $0.isMoving = true }, at: Self.at(second))
            _ = core.observe(Self.calm, at: Self.at(second + 1))
            let rest = core.nextDeadline.since(Self.at(second + 1))
            _ = core.observe(Self.calm, at: core.nextDeadline)
            return Int(rest.milliseconds / 1_000)
        }
        #expect([0, 1_000, 2_000, 3_000, 4_500, 6_000].map(rest) == [60, 120, 240, 480, 900, 900])
        #expect([6_000 + 901 + 4 * 3_600, 40_000].map(rest) == [240, 60])
    }

    @Test func `a rest is broken by the least relapse and begins again`() {
        var core = PresenceCore(policy: PresencePolicy(), at: .origin)
        let busy = Self.changed { $0.foreignLoadPercent = 40 }
        _ = core.observe(busy, at: Self.at(0))
        _ = core.observe(busy, at: Self.at(2))
        #expect(core.presence == .foreignLoad)
        _ = core.observe(Self.changed { $0.foreignLoadPercent = 20 }, at: Self.at(3))
        #expect(core.nextDeadline == .never, "20 % is above the way back")
        _ = core.observe(Self.calm, at: Self.at(10))
        _ = core.observe(Self.changed { $0.foreignLoadPercent = 16 }, at: Self.at(60))
        _ = core.observe(Self.calm, at: Self.at(61))
        #expect(core.nextDeadline == Self.at(121))
    }

    @Test func `it says what holds, and what would have to change`() {
        var core = PresenceCore(policy: Self.strict, at: .origin)
        var signals = Self.calm
        signals.batteryPercent = 70
        signals.zoneCelsius = nil
        signals.batteryCelsius = nil
        signals.pause = .secondsLeft(90)
        signals.foreignLoadPercent = 80
        _ = core.observe(signals, at: Self.at(0))
        func judged(_ reason: Presence, _ seconds: Int) -> Judgement? {
            core.judgements(at: Self.at(seconds)).first { $0.reason == reason }
        }
        #expect(judged(.batteryLow, 0)?.outcome == .held)
        #expect(judged(.batteryLow, 0)?.demand == "the battery has at least 90 %")
        #expect(judged(.batteryLow, 0)?.remedy == "Charge from 70 % to 92 %, or lower --battery.")
        #expect(judged(.paused, 0)?.remedy == "bored resume, or another 90 s.")
        #expect(judged(.tooWarm, 0)?.outcome == .unreadable)
        #expect(judged(.foreignLoad, 1)?.outcome == .pending)
        #expect(judged(.foreignLoad, 1)?.remedy == "Counts in 1 s unless it ends.")
        #expect(judged(.vehicleMoving, 0)?.outcome == .fine)
        _ = core.observe(Self.calm, at: Self.at(1))
        #expect(judged(.batteryLow, 21)?.outcome == .resting)
        #expect(judged(.batteryLow, 21)?.remedy == "Calm for another 40 s.")
        let plain = PresenceCore(policy: PresencePolicy(), at: .origin)
        #expect(plain.judgements(at: .origin).first { $0.reason == .userActive }?.outcome == .off)
    }

    @Test(arguments: [
        ("22:00-07:00", [1_320, 0, 419], [420, 1_319, 720]),
        ("8-17", [480, 1_019], [479, 1_020]), ("0-24", [0, 1_439], []),
        ("00:30-00:31", [30], [29, 31]),
    ])
    func `hours are parts of a day, past midnight too`(
        _ text: String, _ inside: [Int], _ outside: [Int]
    ) throws {
        let hours = try #require(Hours(text))
        #expect(inside.allSatisfy { hours.contains($0) })
        #expect(outside.allSatisfy { !hours.contains($0) })
    }

    @Test(arguments: [
        "", "-", "8", "8-", "-8", "8-25", "24:01-3", "8:60-9", "8-9-10", "a-b", "8:0:0-9", "+8-9",
        "008-9",
    ])
    func `what is no part of a day is refused`(_ text: String) {
        #expect(Hours(text) == nil)
    }
}
