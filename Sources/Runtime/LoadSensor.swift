import Glibc
import Primitives

/// Processor time that other people's foreground work takes: `/proc/stat` without what runs at a
/// raised nice value, and without this process.
///
/// Our own stages run at nice 19, and so do those of other nodes on this machine, and everything
/// else whose owner said that it may wait.
struct LoadSensor: ~Copyable {
    /// Ticks of the kernel's clock since the machine started.
    private struct Sample {
        var at: Instant
        var foreground: Int
        var all: Int
    }

    private let root: String
    private var samples: [Sample] = []

    init(root: String) { self.root = root }

    /// Percent of all cores over the last second; nil where nothing can be read, and until a second
    /// has passed.
    mutating func read(at now: Instant) -> Int? {
        guard let bytes = try? File(root + "/proc/stat", O_RDONLY).read(at: 0, count: 512),
            let sample = Self.parse(bytes, at: now, own: ownForeground())
        else { return nil }
        while samples.count > 1, now.since(samples[1].at) >= .seconds(1) { samples.removeFirst() }
        samples.append(sample)
        if samples.count > Limits.loadSampleCount { samples.remove(at: 1) }
        let first = samples[0]
        guard now.since(first.at) >= .seconds(1), sample.all > first.all else { return nil }
        let busy = max(0, sample.foreground - first.foreground)
        return min(100, (busy * 100 + (sample.all - first.all) / 2) / (sample.all - first.all))
    }

    /// `cpu  user nice system idle iowait irq softirq steal ...` (proc_stat(5)).
    private static func parse(_ bytes: [UInt8], at now: Instant, own: Int) -> Sample? {
        let line = String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
        let fields = line.split(separator: " ")
        let ticks = fields.dropFirst().prefix(8).compactMap { Int($0) }
        guard fields.first == "cpu", ticks.count >= 7, ticks.allSatisfy({ $0 >= 0 }) else {
            return nil
        }
        // User, system, interrupts; not nice, not idle, not waiting, not another machine's.
        let busy = ticks[0] &+ ticks[2] &+ ticks[5] &+ ticks[6]
        return Sample(at: now, foreground: busy - own, all: ticks.reduce(0, &+))
    }

    /// This process's part of what `parse` counts: user time of threads that are not nice, system
    /// time of all.
    private func ownForeground() -> Int {
        let folder = root + "/proc/self/task"
        var ticks = 0
        for thread in Files.list(folder) {
            guard
                let bytes = try? File("\(folder)/\(thread)/stat", O_RDONLY).read(at: 0, count: 512)
            else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            // The name in parentheses may hold anything.
            guard let end = text.lastIndex(of: ")") else { continue }
            let fields = text[text.index(after: end)...].split(separator: " ")
            guard fields.count > 16, let user = Int(fields[11]), let system = Int(fields[12]),
                let nice = Int(fields[16])
            else { continue }
            ticks &+= system &+ (nice > 0 ? 0 : user)
        }
        return ticks
    }
}
