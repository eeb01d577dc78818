import Glibc
import Presence
import Primitives
import Runtime

/// A `/proc`, a `/sys` and a `/dev` made of ordinary files.
struct FakeMachine {
    let scratch = Scratch()
    var root: String { scratch.path }

    init() {
        // The files' folders are made as they are written.
        _ = unsafe mkdir(scratch.path, 0o700)
    }

    /// Writes a file below the root, with its folders.
    func write(_ text: String, to path: String) {
        var folder = scratch.path
        for part in path.split(separator: "/").dropLast() {
            folder += "/" + part
            _ = unsafe mkdir(folder, 0o700)
        }
        scratch.write(Array(text.utf8), to: path)
    }

    /// `/proc/stat`, in ticks.
    func setTicks(user: Int, nice: Int = 0, system: Int = 0, idle: Int) {
        write(
            "cpu  \(user) \(nice) \(system) \(idle) 0 0 0 0 0 0\ncpu0 1 1 1 1\nctxt 5\n",
            to: "proc/stat")
    }

    /// One thread of this process.
    func setThread(_ number: Int, user: Int, system: Int, nice: Int) {
        write(
            "\(number) (odd ) name) S 1 1 1 0 -1 4194304 98 0 0 0 \(user) \(system) 0 0 20 "
                + "\(nice) 1 0 78265 3133440 360",
            to: "proc/self/task/\(number)/stat")
    }

    func supply(_ name: String, _ values: [String: String]) {
        for (file, value) in values {
            write(value + "\n", to: "sys/class/power_supply/\(name)/\(file)")
        }
    }

    /// Sensors that look at this machine, and one look of theirs.
    func sensors(_ change: (inout PresenceSettings) -> Void = { _ in }) -> PresenceSensors {
        var settings = PresenceSettings(root: root)
        change(&settings)
        return PresenceSensors(settings: settings, directory: nil)
    }

    func look(_ change: (inout PresenceSettings) -> Void = { _ in }) -> Signals {
        var sensors = sensors(change)
        return sensors.look(at: .origin, wall: Self.wall, trafficByteCount: 0)
    }

    static let wall = WallTime(seconds: 1_000_000, day: 11, minuteOfDay: 800)
}
