import Presence
import Primitives

/// What changes slowly on a machine: power, warmth, the line, who sits in front of it. Values that
/// are none are skipped.
struct MachineSensors {
    let root: String
    /// Interfaces that their owner calls metered.
    let meteredInterfaces: [String]

    /// A value, and the file it was read from.
    struct Reading<Value> {
        var value: Value
        var source: String
    }

    // MARK: power

    struct Power {
        var percent: Reading<Int>?
        var isCharging: Reading<Bool>?
        var celsius: Reading<Int>?
    }

    /// `/sys/class/power_supply`: the mains, and the batteries of the machine itself.
    func power() -> Power {
        let folder = root + "/sys/class/power_supply"
        var power = Power()
        var mains: [Reading<Bool>] = []
        var batteries: [Reading<Bool>] = []
        for name in Files.list(folder) {
            let supply = folder + "/" + name
            // The battery of a mouse is nobody's power.
            guard Files.text(supply + "/scope") != "Device", let type = Files.text(supply + "/type")
            else {
                continue
            }
            guard type == "Battery" || type == "UPS" else {
                if let online = number(supply + "/online") {
                    mains.append(Reading(value: online > 0, source: supply + "/online"))
                }
                continue
            }
            if let status = Files.text(supply + "/status"), let charges = Self.charges(status) {
                batteries.append(Reading(value: charges, source: supply + "/status"))
            }
            if let percent = number(supply + "/capacity"), (0...100).contains(percent),
                percent < power.percent?.value ?? 101
            {
                power.percent = Reading(value: percent, source: supply + "/capacity")
            }
            // Tenths of a degree.
            if let tenths = number(supply + "/temp"), (-500...1_500).contains(tenths),
                tenths / 10 > power.celsius?.value ?? -51
            {
                power.celsius = Reading(value: tenths / 10, source: supply + "/temp")
            }
        }
        power.isCharging =
            mains.first { $0.value } ?? batteries.first { $0.value } ?? mains.first
            ?? batteries.first
        return power
    }

    /// A battery that is fed and rests at its charge limit says `Not charging`: the mains decides.
    private static func charges(_ status: String) -> Bool? {
        switch status {
        case "Charging", "Full": true
        case "Discharging": false
        default: nil
        }
    }

    // MARK: warmth

    /// The hottest of `/sys/class/thermal`.
    func hottestZone() -> Reading<Int>? {
        let folder = root + "/sys/class/thermal"
        var hottest: Reading<Int>?
        for name in Files.list(folder) where name.hasPrefix("thermal_zone") {
            let source = "\(folder)/\(name)/temp"
            // Thousandths of a degree; what lies outside these bounds is a broken sensor.
            guard let milli = number(source), (-40_000...150_000).contains(milli),
                milli / 1_000 > hottest?.value ?? -41
            else { continue }
            hottest = Reading(value: milli / 1_000, source: source)
        }
        return hottest
    }

    // MARK: the line

    /// Whether the interface of the default route is metered: a cellular modem, or one its owner
    /// named. Nil where there is no such route.
    func metered() -> Reading<Bool>? {
        guard let name = defaultInterface() else { return nil }
        if meteredInterfaces.contains(name) {
            return Reading(value: true, source: "--metered " + name)
        }
        let source = "\(root)/sys/class/net/\(name)/uevent"
        let isCellular =
            Files.text(source)?.split(separator: "\n").contains("DEVTYPE=wwan") ?? false
        return Reading(value: isCellular, source: source)
    }

    private func defaultInterface() -> String? {
        // Interface, destination, gateway, flags, counts, metric, mask: in hexadecimal.
        for line in lines("/proc/net/route").dropFirst() {
            let fields = line.split(separator: "\t")
            if fields.count > 7, fields[1] == "00000000", fields[7] == "00000000" {
                return String(fields[0])
            }
        }
        for line in lines("/proc/net/ipv6_route") {
            let fields = line.split(separator: " ")
            guard fields.count == 10, fields[0].allSatisfy({ $0 == "0" }), fields[1] == "00",
                fields[9] != "lo"
            else { continue }
            return String(fields[9])
        }
        return nil
    }

    // MARK: the user

    /// Seconds since somebody last typed at a terminal or console of this machine.
    func userIdle(wallSeconds: UInt64) -> Reading<Int>? {
        var latest: Reading<Int>?
        let terminals = Files.list(root + "/dev/pts").filter { Int($0) != nil }
            .map { root + "/dev/pts/" + $0 }
        let consoles = Files.list(root + "/dev")
            .filter { $0.hasPrefix("tty") && Int($0.dropFirst(3)) != nil }
            .map { root + "/dev/" + $0 }
        for path in terminals + consoles {
            guard let accessed = Files.accessSeconds(path) else { continue }
            let idle = wallSeconds > accessed ? Int(wallSeconds - accessed) : 0
            if idle < latest?.value ?? .max { latest = Reading(value: idle, source: path) }
        }
        return latest
    }

    // MARK: files

    private func lines(_ path: String) -> [Substring] {
        Files.text(root + path)?.split(separator: "\n") ?? []
    }

    private func number(_ path: String) -> Int? { Files.text(path).flatMap { Int($0) } }
}
