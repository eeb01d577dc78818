import Presence
import Primitives
import Runtime

/// An owner's policy, from the settings of a command.
extension Settings {
    func presence() throws -> PresenceSettings {
        var policy = PresencePolicy()
        let mode = string("run") ?? "auto"
        guard let known = PresencePolicy.Mode(rawValue: mode) else {
            throw UsageError("--run takes auto, always or never, not '\(mode)'.")
        }
        policy.mode = known
        policy.foreignLoadPercentMaximum = try orOff("foreign-load") {
            try integer("foreign-load", in: 0...100)
        }
        policy.userIdleMinimum = try orOff("user-idle") {
            try number("user-idle", in: 0...10_000).map { .milliseconds(Int($0 * 60_000)) }
        }
        policy.batteryPercentMinimum = try integer("battery", in: 0...100) ?? 90
        policy.batteryCelsiusMaximum = try integer("battery-celsius", in: 0...100) ?? 40
        policy.zoneCelsiusMaximum = try integer("zone-celsius", in: 0...150) ?? 85
        policy.runsOnBattery = flag("on-battery")
        policy.runsOnMeteredLine = flag("on-metered")
        policy.runsWhileMoving = flag("while-moving")
        policy.dailyByteLimit = try byteCount("daily-data").map { UInt64($0) }
        policy.hours = try list("hours").map { text in
            guard let hours = Hours(text) else {
                throw UsageError(
                    "--hours takes a part of the day such as 22:00-07:00, not '\(text)'.")
            }
            return hours
        }
        return PresenceSettings(
            policy: policy, meteredInterfaces: list("metered"), signalFile: string("signals"))
    }

    private func orOff<Value>(_ name: String, _ read: () throws -> Value?) throws -> Value? {
        string(name) == "off" ? nil : try read()
    }

    /// `90s`, `30m`, `8h`, `2d`; a bare number counts minutes.
    func time(_ name: String) throws -> Interval? {
        guard let text = string(name) else { return nil }
        let seconds = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        let unit = text.last.flatMap { seconds[String($0)] }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard let count = UInt32(digits), count > 0 else {
            throw UsageError("--\(name) takes a time such as 90s, 30m, 8h or 2d, not '\(text)'.")
        }
        return .seconds(Int(count) * (unit ?? 60))
    }
}
