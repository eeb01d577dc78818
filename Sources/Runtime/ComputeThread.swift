public import Primitives
import Synchronization

/// What a round of standing work says of the next.
public enum ComputeRound: Hashable, Sendable {
    /// There is more to do.
    case again
    /// There is more to do at a moment, or once somebody wakes the thread.
    case wait(until: Instant)
    /// There was nothing to do.
    case rest
}

/// One thread that does heavy work in order, so that the loop's thread never does.
///
/// Jobs wait in a bounded queue; a full queue refuses. Results go where the job sends them: into a
/// `Mailbox` of the loop. Between jobs it does rounds of standing work, as long as there is some.
public final class ComputeThread: Sendable {
    public typealias Job = @Sendable () -> Void

    private struct Queue: ~Copyable {
        var jobs: Ring<Job>
        var isClosed = false
    }

    private let shared: Shared
    private let thread: PlainThread

    /// Starts the thread; at most `capacity` jobs wait. `round` does a piece of the standing work.
    public init(
        name: String = "bored-compute", capacity: Int = Limits.computeJobCount,
        isBackground: Bool = false, round: @escaping @Sendable () -> ComputeRound = { .rest }
    ) throws(SystemError) {
        let shared = Shared(capacity: capacity, round: round)
        self.shared = shared
        thread = try PlainThread(name: name, isBackground: isBackground) { shared.serve() }
    }

    /// Adds a job; false when the queue is full or the thread is ending.
    @discardableResult
    public func submit(_ job: @escaping Job) -> Bool { shared.submit(job, isRequired: false) }

    /// Adds a job that frees what another one took: a full queue has room for it yet. Nothing comes
    /// of it where the thread is ending.
    public func require(_ job: @escaping Job) { _ = shared.submit(job, isRequired: true) }

    /// There is standing work.
    public func wake() { shared.wake() }

    /// Jobs that wait, without the one that runs.
    public var waitingCount: Int { shared.queue.withLock { $0.jobs.count } }

    /// Finishes what is running and what waits, then ends the thread. Called at most once.
    public func finish() {
        shared.close()
        thread.join()
    }

    private final class Shared: Sendable {
        let queue: Mutex<Queue>
        private let capacity: Int
        private let gate = Gate()
        private let round: @Sendable () -> ComputeRound

        init(capacity: Int, round: @escaping @Sendable () -> ComputeRound) {
            self.capacity = capacity
            queue = Mutex(Queue(jobs: Ring(capacity: capacity + Limits.requiredJobCount)))
            self.round = round
        }

        func wake() { gate.advance() }

        func submit(_ job: @escaping Job, isRequired: Bool) -> Bool {
            let isAdded = queue.withLock { queue in
                guard !queue.isClosed, isRequired || queue.jobs.count < capacity else {
                    return false
                }
                let isAdded = queue.jobs.append(job)
                precondition(isAdded, "what is freed was taken before")
                return true
            }
            if isAdded { gate.advance() }
            return isAdded
        }

        func close() {
            queue.withLock { $0.isClosed = true }
            gate.advance()
        }

        private func rest(_ round: ComputeRound, since seen: UInt32) {
            switch round {
            case .again: break
            case .rest: gate.wait(whileAt: seen, spinCount: Limits.computeSpinCount)
            case .wait(let until):
                let left = until.since(SystemClock.now())
                if left > .zero {
                    gate.wait(
                        whileAt: seen, spinCount: Limits.computeSpinCount, limit: left)
                }
            }
        }

        func serve() {
            while true {
                let seen = gate.value
                let (job, isClosed) = queue.withLock { ($0.jobs.popFirst(), $0.isClosed) }
                if let job {
                    job()
                } else if isClosed {
                    return
                } else {
                    rest(round(), since: seen)
                }
            }
        }
    }
}
