internal import Primitives
internal import Wire

/// What one reason has to say to one moment's signals.
enum Condition: Hashable, Sendable {
    /// The policy does not ask.
    case off
    /// There is no signal to judge by.
    case unreadable
    case fine
    /// The reason holds.
    case met

    init(_ isMet: Bool) { self = isMet ? .met : .fine }
}

extension PresencePolicy {
    /// - Parameter isHeld: the reason holds already. It then ends only some way off its threshold,
    ///   so that a value on the threshold does not flicker.
    func condition(_ reason: Presence, _ signals: Signals, isHeld: Bool) -> Condition {
        if reason == .paused { return Condition(mode == .never || signals.pause != nil) }
        guard mode == .auto else { return .off }
        switch reason {
        case .outsideHours:
            return judge(signals.minuteOfDay, unless: hours.isEmpty) { minute in
                !hours.contains { $0.contains(minute) }
            }
        case .vehicleMoving: return judge(signals.isMoving, unless: runsWhileMoving) { $0 }
        case .notCharging: return judge(signals.isCharging, unless: runsOnBattery) { !$0 }
        case .batteryLow:
            let floor = batteryFloor(isHeld: isHeld)
            return judge(signals.batteryPercent, unless: batteryPercentMinimum == 0) { $0 < floor }
        case .tooWarm: return warmth(signals, isHeld: isHeld)
        case .meteredLine: return judge(signals.isMetered, unless: runsOnMeteredLine) { $0 }
        case .dataBudgetSpent:
            guard let dailyByteLimit else { return .off }
            return judge(signals.trafficByteCount, unless: false) { $0 >= dailyByteLimit }
        case .userActive:
            guard let userIdleMinimum else { return .off }
            return judge(signals.userIdleSeconds, unless: false) {
                $0 < Int(userIdleMinimum.nanoseconds / 1_000_000_000)
            }
        case .foreignLoad:
            guard let ceiling = loadCeiling(isHeld: isHeld) else { return .off }
            return judge(signals.foreignLoadPercent, unless: false) { $0 > ceiling }
        case .idle, .leaving, .paused: return .off
        }
    }

    private func judge<Value>(
        _ value: Value?, unless isOff: Bool, _ isMet: (Value) -> Bool
    ) -> Condition {
        if isOff { return .off }
        return value.map { Condition(isMet($0)) } ?? .unreadable
    }

    private func warmth(_ signals: Signals, isHeld: Bool) -> Condition {
        let readings = [
            signals.batteryCelsius.map { $0 > batteryCeiling(isHeld: isHeld) },
            signals.zoneCelsius.map { $0 > zoneCeiling(isHeld: isHeld) },
        ].compactMap { $0 }
        return readings.isEmpty ? .unreadable : Condition(readings.contains(true))
    }

    // MARK: thresholds; while a reason holds, a step inwards

    func loadCeiling(isHeld: Bool) -> Int? {
        foreignLoadPercentMaximum.map { isHeld ? $0 * 3 / 5 : $0 }
    }
    func batteryFloor(isHeld: Bool) -> Int {
        isHeld ? min(100, batteryPercentMinimum + 2) : batteryPercentMinimum
    }
    func batteryCeiling(isHeld: Bool) -> Int { batteryCelsiusMaximum - (isHeld ? 3 : 0) }
    func zoneCeiling(isHeld: Bool) -> Int { zoneCelsiusMaximum - (isHeld ? 5 : 0) }
}
