public import Primitives
import Synchronization
public import Tensors

/// Persistent threads that share out the parts of a loop.
///
/// Parts come from one counter, and the caller takes them too. Whoever comes late finds none left,
/// so a member whose core is busy elsewhere delays nobody. Of local parts each member has a counter
/// of its own, and goes on with the others' when it is at its end. Members and caller look for a
/// short while and then sleep: a caller that span at the end would keep a preempted member off its
/// core.
public final class ThreadCrew: Crew {
    public let memberCount: Int
    private let work: CrewWork
    private let threads: Mutex<[PlainThread]>

    /// The caller and `memberCount - 1` threads, at most `Limits.crewMemberCount` in all.
    public init(memberCount: Int, isBackground: Bool = false) throws(SystemError) {
        let count = min(max(1, memberCount), Limits.crewMemberCount)
        self.memberCount = count
        var started: [PlainThread] = []
        let work = CrewWork(memberCount: count)
        self.work = work
        do {
            for member in 1..<max(1, count) {
                started.append(
                    try PlainThread(name: "bored-crew", isBackground: isBackground) {
                        work.serve(member)
                    })
            }
        } catch {
            work.dismiss(started)
            throw error
        }
        threads = Mutex(started)
    }

    /// Leaves out every part from now on, whoever asked for it, until `resume`: an owner is back.
    /// From any thread.
    public func abandon() { abandon(at: .origin) }

    /// As above, from a moment on, which may be yet to come.
    public func abandon(at moment: Instant) {
        work.abandonAt.store(moment.nanoseconds, ordering: .releasing)
    }

    /// Parts are run again. Called by who saw that the step was abandoned, before the next one.
    public func resume() { abandon(at: .never) }

    public var isAbandoned: Bool { work.isAbandoned }

    /// Whether parts are left out now or from some moment on.
    var isToBeAbandoned: Bool { work.abandonAt.load(ordering: .acquiring) != .max }

    deinit { work.dismiss(threads.withLock { $0 }) }

    /// Runs `part` for each index in `0..<partCount`; one after the other where there is nothing
    /// to share, or where the crew already works for somebody.
    public func run(partCount: Int, isLocal: Bool, _ part: @Sendable (Int) -> Void) {
        guard memberCount > 1, partCount > 1, work.claim() else {
            for index in 0..<partCount where !isAbandoned { part(index) }
            return
        }
        withoutActuallyEscaping(part) { part in
            work.run(
                CrewWork.Job(
                    partCount: partCount, shareCount: isLocal ? memberCount : 1, part: part))
        }
        work.release()
    }
}

/// What a crew's threads share.
///
/// `door` counts the members inside a job; its top bit says that the job is open. Members enter
/// only through an open door, and the caller goes on when the door is shut and nobody is inside:
/// so nobody ever sees a job that has ended, or half of the next.
private final class CrewWork: Sendable {
    private static let isOpen: UInt32 = 1 << 31

    struct Job: Sendable {
        var partCount: Int
        /// Equal ranges of parts, each with a counter.
        var shareCount: Int
        var part: @Sendable (Int) -> Void
    }

    /// How many parts of a share have been taken. On a line of the cache of its own.
    private final class Counter: Sendable {
        let taken = Atomic(0)
        private let line = (0, 0, 0, 0, 0, 0, 0)
    }

    private let door = Atomic<UInt32>(0)
    private let counters: [Counter]
    private let isClaimed = Atomic(false)
    private let isDismissed = Atomic(false)
    /// Nanoseconds of the monotonic clock from which on parts are left out.
    let abandonAt = Atomic(UInt64.max)

    var isAbandoned: Bool {
        let moment = abandonAt.load(ordering: .acquiring)
        return moment != .max && SystemClock.now().nanoseconds >= moment
    }
    private let begin = Gate()
    private let end = Gate()
    // Written only while the door is shut and nobody is inside; read only inside.
    nonisolated(unsafe) private var job: Job?

    init(memberCount: Int) { counters = (0..<memberCount).map { _ in Counter() } }

    func claim() -> Bool {
        isClaimed.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    }

    func release() { isClaimed.store(false, ordering: .releasing) }

    /// The caller's side.
    func run(_ newJob: Job) {
        // Nobody is inside: see the type's description.
        unsafe job = newJob
        for share in 0..<newJob.shareCount { counters[share].taken.store(0, ordering: .relaxed) }
        door.store(Self.isOpen, ordering: .sequentiallyConsistent)
        begin.advance()
        takeParts(of: newJob, as: 0)
        var mark = end.value
        var inside = door.bitwiseAnd(~Self.isOpen, ordering: .sequentiallyConsistent).newValue
        while inside > 0 {
            end.wait(whileAt: mark, spinCount: Limits.crewSpinCount)
            mark = end.value
            inside = door.load(ordering: .sequentiallyConsistent)
        }
        unsafe job = nil
    }

    /// A member's life.
    func serve(_ member: Int) {
        var seen: UInt32 = 0
        while true {
            begin.wait(whileAt: seen, spinCount: Limits.crewSpinCount)
            seen = begin.value
            if isDismissed.load(ordering: .acquiring) { return }
            guard enter() else { continue }
            // Inside, the job is there and does not change.
            if let job = unsafe job { takeParts(of: job, as: member) }
            let left = door.subtract(1, ordering: .sequentiallyConsistent).newValue
            if left == 0 { end.advance() }
        }
    }

    /// Ends the members' lives and waits for them.
    func dismiss(_ threads: [PlainThread]) {
        isDismissed.store(true, ordering: .releasing)
        begin.advance()
        for thread in threads { thread.join() }
    }

    private func enter() -> Bool {
        var value = door.load(ordering: .sequentiallyConsistent)
        while value & Self.isOpen != 0 {
            let (exchanged, original) = door.compareExchange(
                expected: value, desired: value + 1, ordering: .sequentiallyConsistent)
            if exchanged { return true }
            value = original
        }
        return false
    }

    /// The member's own share first, then what others have not begun.
    private func takeParts(of job: Job, as member: Int) {
        for step in 0..<job.shareCount {
            let share = (member + step) % job.shareCount
            let begin = job.partCount * share / job.shareCount
            let end = job.partCount * (share + 1) / job.shareCount
            while true {
                let index = begin + counters[share].taken.add(1, ordering: .relaxed).oldValue
                guard index < end else { break }
                if isAbandoned { return }
                job.part(index)
            }
        }
    }
}
