import Glibc
import Presence
import Primitives
import Synchronization
public import Wire

/// The thread that watches over the owner: it looks at the sensors, serves the node's Unix socket,
/// and says when the verdict changes.
///
/// It is a thread of its own, so that neither a busy loop nor a slow driver in `/sys` delays it.
public final class PresenceWatch: Sendable {
    private let shared: Shared
    private let thread: PlainThread
    /// What is not as everybody expects it, before the thread began.
    public let first: [PresenceNews]

    /// - Parameters:
    ///   - directory: where the pause, the day's traffic and the socket are.
    ///   - board: where the loop leaves its counters, for `bored counters`.
    ///   - tell: called on the watch's own thread with all news.
    public init(
        settings: PresenceSettings, directory: DataDirectory?, board: CounterBoard,
        tell: @escaping @Sendable (PresenceNews) -> Void
    ) throws(SystemError) {
        let shared = try Shared(settings: settings, directory: directory, board: board)
        self.shared = shared
        first = shared.look(trafficByteCount: 0)
        thread = try PlainThread(name: "bored-presence") { shared.serve(tell) }
    }

    /// While the node works for others, the machine is looked at more often.
    public func note(isWorking: Bool, trafficByteCount: UInt64) {
        shared.isWorking.store(isWorking, ordering: .relaxed)
        shared.trafficByteCount.store(trafficByteCount, ordering: .relaxed)
    }

    /// What the node sent and received today, as of the last look.
    public var todayByteCount: UInt64 { shared.todayByteCount.load(ordering: .relaxed) }

    /// Ends the thread and keeps the day's traffic. Called at most once.
    public func finish() {
        shared.isEnding.store(true, ordering: .releasing)
        shared.bell.ring()
        thread.join()
    }

    /// What the thread has, and what others tell it without waiting.
    private final class Shared: Sendable {
        let isWorking = Atomic(false)
        let trafficByteCount = Atomic<UInt64>(0)
        let todayByteCount = Atomic<UInt64>(0)
        let isEnding = Atomic(false)
        let bell: Doorbell
        /// Held by the thread alone; the lock is there for the compiler.
        private let eyes: Mutex<PresenceEyes>

        init(
            settings: PresenceSettings, directory: DataDirectory?, board: CounterBoard
        ) throws(SystemError) {
            bell = try Doorbell()
            eyes = Mutex(
                try PresenceEyes(
                    settings: settings, directory: directory, board: board, bell: bell))
        }

        func look(trafficByteCount: UInt64) -> [PresenceNews] {
            eyes.withLock { eyes in
                let news = eyes.look(trafficByteCount: trafficByteCount)
                todayByteCount.store(eyes.traffic.todayByteCount, ordering: .relaxed)
                return news
            }
        }

        func serve(_ tell: (PresenceNews) -> Void) {
            eyes.withLock { eyes in
                while !isEnding.load(ordering: .acquiring) {
                    eyes.wait(isWorking: isWorking.load(ordering: .relaxed))
                    let news = eyes.look(
                        trafficByteCount: trafficByteCount.load(ordering: .relaxed))
                    todayByteCount.store(eyes.traffic.todayByteCount, ordering: .relaxed)
                    news.forEach(tell)
                }
                eyes.traffic.keep(at: .now())
            }
        }
    }
}

/// What a node hears of its owner's machine.
public enum PresenceNews: Hashable, Sendable {
    case verdict(Presence)
    case line(isSpared: Bool)
}

/// Sensors, judgement and socket together: one look after the other.
struct PresenceEyes: ~Copyable {
    private var sensors: PresenceSensors
    private(set) var core: PresenceCore
    var traffic: TrafficBook
    private var socket: SignalSocket
    private let board: CounterBoard

    init(
        settings: PresenceSettings, directory: DataDirectory?, board: CounterBoard, bell: Doorbell
    ) throws(SystemError) {
        self.board = board
        sensors = PresenceSensors(settings: settings, directory: directory)
        core = PresenceCore(policy: settings.policy, at: SystemClock.now())
        traffic = TrafficBook(directory: directory, at: .now())
        socket = try SignalSocket(in: directory, bell: bell)
    }

    /// Looks at the machine, and says what has changed.
    mutating func look(trafficByteCount: UInt64) -> [PresenceNews] {
        let (now, wall) = (SystemClock.now(), WallTime.now())
        traffic.count(trafficByteCount, at: wall)
        let signals = sensors.look(
            at: now, wall: wall, trafficByteCount: traffic.todayByteCount)
        let wasSpared = core.isLineSpared
        let isVerdictNew = core.observe(signals, at: now)
        var news: [PresenceNews] = isVerdictNew ? [.verdict(core.presence)] : []
        if core.isLineSpared != wasSpared { news.append(.line(isSpared: core.isLineSpared)) }
        return news
    }

    /// Serves the socket until it is time for the next look, or somebody said something.
    mutating func wait(isWorking: Bool) {
        let now = SystemClock.now()
        let pace =
            isWorking ? Limits.presenceLookInterval : Limits.presenceLookIntervalAtRest
        let deadline = min(now + pace, core.nextDeadline)
        socket.wait(until: deadline) { line in
            switch String(decoding: line, as: UTF8.self) {
            case "presence":
                return PresenceReport(core, sensors, at: SystemClock.now()).json
            case "counters": return CounterText.json(board.rooms)
            case "look": return "{}"
            default:
                SignalLine.read(line, into: &sensors.vehicle)
                return nil
            }
        }
    }
}

/// Bytes sent and received in one local day, over restarts.
struct TrafficBook {
    private let directory: DataDirectory?
    private var day: Int
    /// What was kept before this process counted, or 0 after midnight.
    private var base: UInt64
    /// The process's count at midnight.
    private var mark: UInt64 = 0
    private var total: UInt64 = 0
    private var keptByteCount: UInt64
    private var nextKeepSeconds: UInt64

    init(directory: DataDirectory?, at wall: WallTime) {
        self.directory = directory
        day = wall.day
        base = directory?.traffic(onDay: wall.day) ?? 0
        keptByteCount = base
        nextKeepSeconds = wall.seconds + Limits.trafficKeepSeconds
    }

    var todayByteCount: UInt64 { base + (total - mark) }

    /// Takes what the process has sent and received since it started.
    mutating func count(_ total: UInt64, at wall: WallTime) {
        self.total = max(self.total, total)
        if wall.day != day {
            day = wall.day
            base = 0
            mark = self.total
        }
        if wall.seconds >= nextKeepSeconds { keep(at: wall) }
    }

    /// Writes it down, where it has changed: a killed process loses what came since.
    mutating func keep(at wall: WallTime) {
        nextKeepSeconds = wall.seconds + Limits.trafficKeepSeconds
        guard let directory, todayByteCount != keptByteCount else { return }
        keptByteCount = todayByteCount
        // A full disk: the count goes on in memory.
        try? directory.keep(traffic: todayByteCount, onDay: day)
    }
}
