public import Primitives
public import Wire

/// When a node may work for others. What is here by default is BOINC's (`lib/prefs.cpp`, its
/// Android values where the desktop has none); zone temperature, patience and rests are ours.
public struct PresencePolicy: Hashable, Sendable {
    /// BOINC's run modes.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Whatever the signals say; only a pause by hand stops the node.
        case always
        case auto
        case never
    }

    public var mode = Mode.auto
    /// Work stops above it (`suspend_cpu_usage`); nil: load does not matter.
    public var foreignLoadPercentMaximum: Int? = 25
    /// Work waits until nobody has typed for so long. Nil, as BOINC has it for work on processors
    /// (`run_if_user_active`): a user at the keyboard does not matter, the load does.
    public var userIdleMinimum: Interval?
    /// Work stops below it (`battery_charge_min_pct`).
    public var batteryPercentMinimum = 90
    /// Whether to work while the battery feeds the machine (`run_on_batteries`).
    public var runsOnBattery = false
    /// Work stops above it (`battery_max_temperature`).
    public var batteryCelsiusMaximum = 40
    public var zoneCelsiusMaximum = 85
    public var runsOnMeteredLine = false
    /// Everything sent and received in one day (`daily_xfer_limit_mb`); nil: no limit.
    public var dailyByteLimit: UInt64?
    /// Work happens only within one of them; none: at any time.
    public var hours: [Hours] = []
    public var runsWhileMoving = false

    /// How long load must last before it counts: a page that loads is no reason to leave.
    public var loadPatience = Interval.seconds(2)
    /// How long all must be calm before work begins again, doubled for each reclaim that no idle
    /// hour has made good, up to the limit.
    public var restTime = Interval.seconds(60)
    public var restLimit = Interval.minutes(15)

    public init() {}

    /// The reasons in the order in which they are named, where several hold.
    public static let reasons: [Presence] = [
        .paused, .outsideHours, .vehicleMoving, .notCharging, .batteryLow, .tooWarm, .meteredLine,
        .dataBudgetSpent, .userActive, .foreignLoad,
    ]

    func patience(before reason: Presence) -> Interval {
        reason == .foreignLoad ? loadPatience : .zero
    }

    /// What a hand, a clock or a calendar ends does not flicker.
    func restTime(after reason: Presence) -> Interval {
        switch reason {
        case .paused, .outsideHours, .dataBudgetSpent, .userActive: .zero
        default: restTime
        }
    }
}

/// A part of each day, from one minute up to another; past midnight where the end comes first.
public struct Hours: Hashable, Sendable, CustomStringConvertible {
    public var start: Int
    public var end: Int

    /// Minutes since midnight, each below 1,440.
    public init(start: Int, end: Int) {
        precondition((0..<1_440).contains(start) && (0..<1_440).contains(end))
        self.start = start
        self.end = end
    }

    /// `22:00-07:00` or `22-7`; nil for everything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let start = Self.minute(parts[0]), let end = Self.minute(parts[1])
        else { return nil }
        self.init(start: start, end: end)
    }

    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy(isClock),
            let hour = UInt8(parts[0]), let minute = parts.count == 2 ? UInt8(parts[1]) : 0,
            minute < 60, hour < 24 || (hour == 24 && minute == 0)
        else { return nil }
        return Int(hour) % 24 * 60 + Int(minute)
    }

    private static func isClock(_ text: Substring) -> Bool {
        (1...2).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Equal ends stand for the whole day.
    public func contains(_ minute: Int) -> Bool {
        if start == end { return true }
        return start < end
            ? (start..<end).contains(minute) : !(end..<start).contains(minute)
    }

    public var description: String { Self.clock(start) + "-" + Self.clock(end) }

    static func clock(_ minute: Int) -> String {
        let (hour, rest) = minute.quotientAndRemainder(dividingBy: 60)
        return (hour < 10 ? "0" : "") + "\(hour):" + (rest < 10 ? "0" : "") + "\(rest)"
    }
}
