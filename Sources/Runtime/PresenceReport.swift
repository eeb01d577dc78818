import Checkpoints
import Glibc
import Presence
import Primitives
import Wire

/// One signal as people see it.
public struct SignalReading: Hashable, Sendable {
    public var name: String
    public var value: String
    public var source: String
}

/// Everything about a machine's presence: what `bored presence` shows, as one line of JSON.
public struct PresenceReport: Hashable, Sendable {
    /// One reason, as `Judgement` has it.
    public struct Reason: Hashable, Sendable {
        public var name: String
        public var outcome: String
        public var demand: String
        public var remedy: String
    }

    /// `idle`, or the reason why not.
    public var presence: String
    /// How long the verdict has stood.
    public var seconds: Int
    public var signals: [SignalReading]
    public var reasons: [Reason]

    init(_ core: PresenceCore, _ sensors: borrowing PresenceSensors, at now: Instant) {
        presence = core.presence.word
        seconds = Int(now.since(core.since).milliseconds / 1_000)
        signals = sensors.readings
        reasons = core.judgements(at: now).map { judgement in
            Reason(
                name: judgement.reason.word, outcome: judgement.outcome.rawValue,
                demand: judgement.demand, remedy: judgement.remedy)
        }
    }

    /// Looks at this machine for somebody who runs no node: a second long, because load is a
    /// difference.
    public static func look(_ settings: PresenceSettings, _ directory: DataDirectory)
        -> PresenceReport
    {
        var sensors = PresenceSensors(settings: settings, directory: directory)
        var policy = settings.policy
        // There is no time to be patient.
        policy.loadPatience = .zero
        var core = PresenceCore(policy: policy, at: SystemClock.now())
        let end = SystemClock.now() + .milliseconds(1_100)
        while true {
            let (now, wall) = (SystemClock.now(), WallTime.now())
            let signals = sensors.look(
                at: now, wall: wall, trafficByteCount: directory.traffic(onDay: wall.day))
            _ = core.observe(signals, at: now)
            if now >= end { return PresenceReport(core, sensors, at: now) }
            usleep(100_000)
        }
    }

    public var json: String {
        let signals = signals.map { signal in
            Self.object([
                ("name", signal.name), ("value", signal.value), ("source", signal.source),
            ])
        }
        let reasons = reasons.map { reason in
            Self.object([
                ("name", reason.name), ("outcome", reason.outcome), ("demand", reason.demand),
                ("remedy", reason.remedy),
            ])
        }
        return "{\"presence\":\(JSONText.quoted(presence)),\"seconds\":\(seconds),"
            + "\"signals\":[\(signals.joined(separator: ","))],"
            + "\"reasons\":[\(reasons.joined(separator: ","))]}"
    }

    private static func object(_ members: [(String, String)]) -> String {
        "{"
            + members.map { JSONText.quoted($0.0) + ":" + JSONText.quoted($0.1) }
            .joined(separator: ",") + "}"
    }

    /// Nil for what no node of this version says.
    init?(json bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes, file: "presence"),
            let presence = value["presence"]?.string, let seconds = value["seconds"]?.integer,
            let signals = value["signals"]?.array, let reasons = value["reasons"]?.array
        else { return nil }
        self.presence = presence
        self.seconds = seconds
        func text(_ value: JSONValue, _ name: String) -> String { value[name]?.string ?? "" }
        self.signals = signals.map { signal in
            SignalReading(
                name: text(signal, "name"), value: text(signal, "value"),
                source: text(signal, "source"))
        }
        self.reasons = reasons.map { reason in
            Reason(
                name: text(reason, "name"), outcome: text(reason, "outcome"),
                demand: text(reason, "demand"), remedy: text(reason, "remedy"))
        }
    }
}
