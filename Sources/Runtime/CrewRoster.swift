public import Primitives

/// How many of a crew's members take part in its jobs.
///
/// Where another program wants a member's core too, the system takes the member off it, mostly in
/// the middle of a part, and everybody waits for that part until it gives the core back: some
/// milliseconds, in which one thread alone would have run whole jobs. So a crew keeps a balance of
/// the time that its members save and cost. Once it is spent, one member less takes part for a
/// while; then it is tried again, each time later while trials fail.
///
/// What the caller alone would have taken for a job is known from jobs like it that it ran alone:
/// while others rested, or came too late for a part. Before there was one, members are trusted to
/// save half of what their parts take.
public struct CrewRoster: Sendable {
    /// What a job of a crew took.
    public struct JobTimes: Sendable {
        /// The caller began.
        public var begin: Instant
        /// The first of those who ran parts found none left: from here on somebody waited.
        public var firstDone: Instant
        /// The last part was done.
        public var end: Instant
        /// As `Crew.run` says; 0 where nobody knows.
        public var work: Int
        public var partCount: Int
        /// Those of them that the caller ran.
        public var ownPartCount: Int

        public init(
            begin: Instant, firstDone: Instant, end: Instant, work: Int, partCount: Int,
            ownPartCount: Int
        ) {
            self.begin = begin
            self.firstDone = firstDone
            self.end = end
            self.work = work
            self.partCount = partCount
            self.ownPartCount = ownPartCount
        }
    }

    /// What jobs of so much work and so many parts took the caller alone, the last ones more than
    /// those before.
    private struct AloneTime {
        var work = 0
        var partCount = 0
        var time = Interval.zero

        func isOf(_ job: JobTimes) -> Bool { work == job.work && partCount == job.partCount }

        mutating func note(_ job: JobTimes) {
            let taken = job.end.since(job.begin)
            guard isOf(job) else {
                self = AloneTime(work: job.work, partCount: job.partCount, time: taken)
                return
            }
            // One that was held up says nothing of the others.
            time = (time * 7 + min(taken, time * 2)) / 8
        }
    }

    public let memberCount: Int
    /// Members that take part, with the caller: those with the lowest numbers.
    public private(set) var activeCount: Int
    /// What members saved beyond what they cost, as far as it is remembered.
    private var saved = Limits.crewCredit
    /// What they saved and what they cost since a member was called back.
    private var (gains, costs) = (Interval.zero, Interval.zero)
    private var restTime = Limits.crewRestMinimum
    /// When a member that rests is tried again.
    private var trialAt = Instant.never
    /// By work and parts, as far as there is room.
    private var aloneTimes = [AloneTime](repeating: AloneTime(), count: Limits.crewAloneTimeCount)

    public init(memberCount: Int) {
        precondition(memberCount >= 1, "a crew has its caller")
        self.memberCount = memberCount
        activeCount = memberCount
    }

    /// Calls back a member that has rested long enough: before each job.
    public mutating func callBack(at now: Instant) {
        guard now >= trialAt else { return }
        activeCount += 1
        saved = .zero
        (gains, costs) = (.zero, .zero)
        trialAt = activeCount < memberCount ? now + restTime : .never
    }

    /// A job is done: counts what members saved and cost, and sends one to rest where they cost
    /// more.
    public mutating func note(_ job: JobTimes) {
        let slot = Self.slot(of: job, among: aloneTimes.count)
        guard job.ownPartCount < job.partCount else {
            if job.work > 0 { aloneTimes[slot].note(job) }
            return
        }
        // Of what a caller alone began and gave up, parts are missing.
        guard activeCount > 1 else { return }
        if job.work > 0, aloneTimes[slot].isOf(job) {
            count(saved: aloneTimes[slot].time, cost: job.end.since(job.begin), at: job.end)
        } else {
            let together = job.firstDone.since(job.begin)
            let others = job.partCount - job.ownPartCount
            // The caller's parts tell what the others' take, where nobody held it up.
            let equal = together * (activeCount - 1)
            let atOwnPace = job.ownPartCount > 0 ? together * others / job.ownPartCount : equal
            let waited = job.end.since(job.firstDone)
            count(
                saved: min(equal, atOwnPace) / 2,
                cost: waited >= Limits.crewStallTime ? waited : .zero, at: job.end)
        }
    }

    /// Jobs that differ lie apart, mostly (Fibonacci hashing).
    private static func slot(of job: JobTimes, among count: Int) -> Int {
        let key = UInt64(truncatingIfNeeded: job.work &+ job.partCount)
        return Int((key &* 0x9E37_79B9_7F4A_7C15) >> 32) % count
    }

    /// What members saved and cost in one job.
    private mutating func count(saved gain: Interval, cost: Interval, at now: Instant) {
        (gains, costs) = (gains + gain, costs + cost)
        saved = min(saved + gain, Limits.crewCredit + cost)
        guard saved < cost else { return saved = saved - cost }
        let wasWorthIt = gains > costs
        restTime = wasWorthIt ? Limits.crewRestMinimum : min(restTime * 2, Limits.crewRestMaximum)
        activeCount -= 1
        saved = .zero
        (gains, costs) = (.zero, .zero)
        trialAt = now + restTime
    }
}
