import Glibc
public import Presence
public import Primitives

/// What a node's shell is told about its owner's wishes.
public struct PresenceSettings: Sendable {
    public var policy: PresencePolicy
    /// Interfaces that their owner calls metered, beside cellular modems.
    public var meteredInterfaces: [String]
    /// A file of vehicle signals, read again when it changes.
    public var signalFile: String?
    /// Where `/proc`, `/sys` and `/dev` are: empty on a real machine.
    public var root: String

    public init(
        policy: PresencePolicy = PresencePolicy(), meteredInterfaces: [String] = [],
        signalFile: String? = nil, root: String = ""
    ) {
        self.policy = policy
        self.meteredInterfaces = meteredInterfaces
        self.signalFile = signalFile
        self.root = root
    }
}

/// Every sensor of one machine, looked at together.
public struct PresenceSensors: ~Copyable {
    let settings: PresenceSettings
    private let directory: DataDirectory?
    private let machine: MachineSensors
    private var load: LoadSensor
    private var signalFileStamp: Files.Stamp?
    private var nextSlowLook = Instant.origin
    private var slow = SlowReadings()
    public private(set) var signals = Signals()
    /// What a vehicle has said, by file or socket.
    public internal(set) var vehicle = VehicleSignals()

    /// Power, warmth and line change slowly, and some drivers answer slowly.
    private struct SlowReadings {
        var power = MachineSensors.Power()
        var zone: MachineSensors.Reading<Int>?
        var metered: MachineSensors.Reading<Bool>?
        var userIdle: MachineSensors.Reading<Int>?
    }

    public init(settings: PresenceSettings, directory: DataDirectory?) {
        self.settings = settings
        self.directory = directory
        machine = MachineSensors(
            root: settings.root, meteredInterfaces: settings.meteredInterfaces)
        load = LoadSensor(root: settings.root)
    }

    /// - Parameter trafficByteCount: what the node sent and received today.
    public mutating func look(at now: Instant, wall: WallTime, trafficByteCount: UInt64) -> Signals
    {
        if nextSlowLook <= now {
            nextSlowLook = now + Limits.slowSensorInterval
            slow = SlowReadings(
                power: machine.power(), zone: machine.hottestZone(), metered: machine.metered(),
                userIdle: machine.userIdle(wallSeconds: wall.seconds))
        }
        readSignalFile()
        signals.foreignLoadPercent = load.read(at: now)
        signals.userIdleSeconds = slow.userIdle?.value
        signals.batteryPercent = slow.power.percent?.value
        signals.isCharging = slow.power.isCharging?.value
        signals.batteryCelsius = slow.power.celsius?.value
        signals.zoneCelsius = slow.zone?.value
        signals.isMetered = slow.metered?.value
        signals.trafficByteCount = trafficByteCount
        signals.minuteOfDay = wall.minuteOfDay
        signals.pause = directory?.pause(at: wall.seconds)
        vehicle.write(into: &signals)
        return signals
    }

    /// A regular file that has changed since the last look; its end, where it is long.
    private mutating func readSignalFile() {
        guard let path = settings.signalFile, let stamp = Files.stamp(path),
            stamp != signalFileStamp
        else { return }
        signalFileStamp = stamp
        let limit = Limits.signalFileByteCount
        let start = max(0, stamp.byteCount - limit)
        guard let file = try? File(path, O_RDONLY | O_NONBLOCK),
            let bytes = try? file.read(at: start, count: limit)
        else { return }
        var lines = bytes.split(separator: 0x0A)[...]
        // Its beginning is missing.
        if start > 0 { lines = lines.dropFirst() }
        for line in lines { SignalLine.read(Array(line), into: &vehicle) }
    }

    // MARK: for people

    /// Every signal with its value and where it came from; `-` where there is none.
    public var readings: [SignalReading] {
        let fromVehicle = "vehicle"
        func reading(_ name: String, _ value: String?, _ source: String?) -> SignalReading {
            SignalReading(
                name: name, value: value ?? "-", source: value == nil ? "-" : source ?? "-")
        }
        func percent(_ value: Int?) -> String? { value.map { "\($0) %" } }
        func celsius(_ value: Int?) -> String? { value.map { "\($0) C" } }
        func yes(_ value: Bool?) -> String? { value.map { $0 ? "yes" : "no" } }
        let pause: String? =
            switch signals.pause {
            case .untilResumed: "until resumed"
            case .secondsLeft(let seconds): "for \(seconds) s"
            case nil: "no"
            }
        return [
            reading(
                "foreign load", percent(signals.foreignLoadPercent), settings.root + "/proc/stat"),
            reading(
                "user idle", signals.userIdleSeconds.map { "\($0) s" }, slow.userIdle?.source),
            reading(
                "battery", percent(signals.batteryPercent),
                vehicle.batteryPercent == nil ? slow.power.percent?.source : fromVehicle),
            reading(
                "charging", yes(signals.isCharging),
                vehicle.isCharging == nil ? slow.power.isCharging?.source : fromVehicle),
            reading(
                "battery warmth", celsius(signals.batteryCelsius),
                vehicle.batteryCelsius == nil ? slow.power.celsius?.source : fromVehicle),
            reading("hottest zone", celsius(signals.zoneCelsius), slow.zone?.source),
            reading("metered line", yes(signals.isMetered), slow.metered?.source),
            reading(
                "traffic today", signals.trafficByteCount.map { "\($0) bytes" },
                directory?.file("traffic")),
            reading("time of day", signals.minuteOfDay.map { Self.clock($0) }, "local time"),
            reading("moving", yes(signals.isMoving), fromVehicle),
            reading("paused", pause, directory?.file("pause")),
            reading(
                "vehicle lines",
                "\(vehicle.takenCount) taken, \(vehicle.unknownCount) unknown, "
                    + "\(vehicle.malformedCount) malformed", settings.signalFile ?? "socket"),
        ]
    }

    private static func clock(_ minute: Int) -> String {
        let (hour, rest) = minute.quotientAndRemainder(dividingBy: 60)
        return (hour < 10 ? "0" : "") + "\(hour):" + (rest < 10 ? "0" : "") + "\(rest)"
    }
}
