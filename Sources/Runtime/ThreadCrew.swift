public import Primitives
import Synchronization
public import Tensors

/// Persistent threads that share out the parts of a loop.
///
/// Parts come from one counter, and the caller takes them too. Whoever comes late finds none left,
/// so a member whose core is busy elsewhere delays nobody. Of local parts each member has a counter
/// of its own, and goes on with the others' when it is at its end. Members and caller look for a
/// short while and then sleep: a caller that span at the end would keep a preempted member off its
/// core. Members that are waited for longer than they save rest for a while (`CrewRoster`).
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
    public func run(
        partCount: Int, work loopWork: Int, isLocal: Bool, _ part: @Sendable (Int) -> Void
    ) {
        guard memberCount > 1, partCount > 1, work.claim() else {
            for index in 0..<partCount where !isAbandoned { part(index) }
            return
        }
        withoutActuallyEscaping(part) { part in
            work.run(
                CrewWork.Job(
                    partCount: partCount, work: loopWork, isLocal: isLocal, part: part))
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
        var work: Int
        var isLocal: Bool
        var part: @Sendable (Int) -> Void
        /// Equal ranges of parts, each with a counter.
        var shareCount = 1
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
    /// Where members wait that rest.
    private let bench = Gate()
    private let activeCount: Atomic<Int>
    /// Nanoseconds of the clock at which the first of those who ran parts found none left.
    private let firstDone = Atomic(UInt64.max)
    // Written only while the door is shut and nobody is inside; read only inside.
    nonisolated(unsafe) private var job: Job?
    // The caller's, who has claimed the crew.
    nonisolated(unsafe) private var roster: CrewRoster

    init(memberCount: Int) {
        counters = (0..<memberCount).map { _ in Counter() }
        activeCount = Atomic(memberCount)
        unsafe roster = CrewRoster(memberCount: memberCount)
    }

    func claim() -> Bool {
        isClaimed.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    }

    func release() { isClaimed.store(false, ordering: .releasing) }

    /// The caller's side.
    func run(_ newJob: Job) {
        let start = SystemClock.now()
        let memberCount = muster(at: start)
        var newJob = newJob
        newJob.shareCount = newJob.isLocal ? memberCount : 1
        for share in 0..<newJob.shareCount { counters[share].taken.store(0, ordering: .relaxed) }
        guard memberCount > 1 else {
            return note(newJob, from: start, ownPartCount: takeParts(of: newJob, as: 0))
        }
        // Nobody is inside: see the type's description.
        unsafe job = newJob
        firstDone.store(.max, ordering: .relaxed)
        door.store(Self.isOpen, ordering: .sequentiallyConsistent)
        begin.advance()
        let ownPartCount = takeParts(of: newJob, as: 0)
        var mark = end.value
        var inside = door.bitwiseAnd(~Self.isOpen, ordering: .sequentiallyConsistent).newValue
        while inside > 0 {
            end.wait(whileAt: mark, spinCount: Limits.crewSpinCount)
            mark = end.value
            inside = door.load(ordering: .sequentiallyConsistent)
        }
        unsafe job = nil
        note(newJob, from: start, ownPartCount: ownPartCount)
    }

    private func note(_ job: Job, from begin: Instant, ownPartCount: Int) {
        if isAbandoned { return }
        let end = SystemClock.now()
        let firstDone = Instant(nanoseconds: firstDone.load(ordering: .relaxed))
        unsafe roster.note(
            CrewRoster.JobTimes(
                begin: begin, firstDone: min(firstDone, end), end: end, work: job.work,
                partCount: job.partCount, ownPartCount: ownPartCount))
    }

    /// How many take part in the next job, as its members will see.
    private func muster(at now: Instant) -> Int {
        unsafe roster.callBack(at: now)
        let count = unsafe roster.activeCount
        let before = activeCount.exchange(count, ordering: .acquiringAndReleasing)
        if before < count { bench.advance() }
        return count
    }

    /// A member's life.
    func serve(_ member: Int) {
        var seen: UInt32 = 0
        while true {
            let mark = bench.value
            if isDismissed.load(ordering: .acquiring) { return }
            if member >= activeCount.load(ordering: .acquiring) {
                bench.wait(whileAt: mark, spinCount: 0)
                continue
            }
            begin.wait(whileAt: seen, spinCount: Limits.crewSpinCount)
            seen = begin.value
            guard enter() else { continue }
            // Inside, the job is there and does not change.
            if let job = unsafe job { _ = takeParts(of: job, as: member) }
            let left = door.subtract(1, ordering: .sequentiallyConsistent).newValue
            if left == 0 { end.advance() }
        }
    }

    /// Ends the members' lives and waits for them.
    func dismiss(_ threads: [PlainThread]) {
        isDismissed.store(true, ordering: .releasing)
        begin.advance()
        bench.advance()
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

    /// The member's own share first, then what others have not begun. How many parts it ran.
    private func takeParts(of job: Job, as member: Int) -> Int {
        var count = 0
        for step in 0..<job.shareCount {
            let share = (member + step) % job.shareCount
            let begin = job.partCount * share / job.shareCount
            let end = job.partCount * (share + 1) / job.shareCount
            while true {
                let index = begin + counters[share].taken.add(1, ordering: .relaxed).oldValue
                guard index < end else { break }
                if isAbandoned { return count }
                job.part(index)
                count += 1
            }
        }
        if count > 0 {
            // Whoever is not the first changes nothing.
            _ = firstDone.compareExchange(
                expected: .max, desired: SystemClock.now().nanoseconds, ordering: .relaxed)
        }
        return count
    }
}
