import Foundation
import Presence
import Primitives
import Testing
import Wire

/// `BORED_LIAR_MOVES` sets how many moves each seed makes.
private let moveCount =
    ProcessInfo.processInfo.environment["BORED_LIAR_MOVES"].flatMap { Int($0) } ?? 2_000

/// Sensors that are broken, and a vehicle that says anything of itself.
private struct Liar {
    var random: SeededRandom
    private var vehicle = VehicleSignals()

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func pick<Item>(_ items: [Item]) -> Item { items[random.below(items.count)] }
    private mutating func number() -> Int? { pick([nil, 0, 40, 91, -1, 1_000, .max, .min]) }
    private mutating func truth() -> Bool? { pick([nil, true, false]) }

    private mutating func value() -> VehicleValue {
        let number = pick([0, 17.5, -0.0, 1e300, -1e300, .nan, .infinity, 99.999])
        let text = pick(["ON", "OFF", "true", "", "nan", "-inf", "1e999", "55", "0x1p9"])
        return pick([.bool(true), .bool(false), .number(number), .text(text)])
    }

    mutating func signals() -> Signals {
        var signals = Signals()
        signals.foreignLoadPercent = number()
        signals.userIdleSeconds = number()
        signals.batteryPercent = number()
        signals.isCharging = truth()
        signals.batteryCelsius = number()
        signals.zoneCelsius = number()
        signals.isMetered = truth()
        signals.trafficByteCount = pick([nil, 0, .max])
        signals.minuteOfDay = number()
        signals.isMoving = truth()
        signals.pause = pick([nil, nil, .untilResumed, .secondsLeft(.max), .secondsLeft(.min)])
        vehicle.take(pick(VehicleSignals.names + ["Vehicle.Horn"]), value())
        if random.below(2) == 0 { vehicle.write(into: &signals) }
        return signals
    }

    mutating func policy() -> PresencePolicy {
        var policy = PresencePolicy()
        policy.userIdleMinimum = pick([nil, .minutes(3)])
        policy.dailyByteLimit = pick([nil, 0, .max])
        policy.hours = pick([[], [Hours(start: 1_400, end: 20)], [Hours(start: 0, end: 0)]])
        policy.runsOnBattery = pick([true, false])
        return policy
    }
}

@Suite struct `an owner whose sensors lie` {
    @Test(arguments: 0..<40) func `gets a verdict that its reasons bear out, and rest in the end`(
        seed: Int
    ) {
        var liar = Liar(seed: UInt64(seed))
        var now = Instant.origin + .seconds(100)
        var core = PresenceCore(policy: liar.policy(), at: now)
        var changeCount = 0
        for _ in 0..<moveCount {
            now = now + .milliseconds(liar.pick([0, 1, 900, 3_000, 100_000, 20_000_000]))
            let before = core.presence
            let hasChanged = core.observe(liar.signals(), at: now)
            #expect(hasChanged == (core.presence != before))
            changeCount += hasChanged ? 1 : 0
            let judgements = core.judgements(at: now)
            let first = judgements.first { $0.outcome == .held || $0.outcome == .resting }
            #expect(core.presence == first?.reason ?? .idle)
            #expect(core.nextDeadline > now)
        }
        #expect(changeCount > moveCount / 10)
        // Broken for good, they keep nobody from work for ever.
        _ = core.observe(Signals(), at: now)
        for _ in 0..<1_000 where core.nextDeadline != .never {
            now = core.nextDeadline
            _ = core.observe(Signals(), at: now)
            #expect(core.nextDeadline > now)
        }
        #expect(core.presence == .idle)
    }
}
