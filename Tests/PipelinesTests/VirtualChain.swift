import Identity
import Pipelines
import Primitives

/// Stages in virtual time that run steps of one row, and requests that send the next step as soon
/// as the last one is back.
struct VirtualChain {
    enum Habit { case cohorts, allAtOnce, halves }

    struct Stage {
        var cohorts = Cohorts()
        /// In the order in which they came.
        var queue: [Int] = []
        var running: [Int] = []
        var doneAt = Instant.never
        var waitUntil = Instant.never
        var batchCount = 0
        var wasIdle = true
    }

    struct Arrival { var at: Instant; var stage: Int; var request: Int }

    let habit: Habit
    /// Of a batch of so many rows at one stage.
    let batchMicroseconds: (Int) -> Int
    /// From the last stage over the prompter to the first one, for each request.
    let wayMicroseconds: [Int]
    /// Added to each way, at most.
    let jitterMicroseconds: Int
    var stages: [Stage]
    var now = Instant.origin
    var arrivals: [Arrival] = []
    var tokenCounts: [Int]
    var stopped: Set<Int> = []
    var longestWait = Interval.zero
    private var random: SeededRandom

    init(
        stageCount: Int, wayMicroseconds: [Int], jitterMicroseconds: Int = 100, seed: UInt64 = 1,
        habit: Habit = .cohorts, batchMicroseconds: @escaping (Int) -> Int
    ) {
        self.habit = habit
        self.batchMicroseconds = batchMicroseconds
        self.wayMicroseconds = wayMicroseconds
        self.jitterMicroseconds = jitterMicroseconds
        stages = Array(repeating: Stage(), count: stageCount)
        tokenCounts = wayMicroseconds.map { _ in 0 }
        random = SeededRandom(seed: seed)
        for index in wayMicroseconds.indices { send(index, to: 0, after: index * 7_000) }
    }

    var tokenCount: Int { tokenCounts.reduce(0, +) }

    private let group = StepGroup(model: Digest(Bytes32.zero), layers: LayerRange(0, 1))

    private func id(_ index: Int) -> RequestID {
        RequestID(entry: NodeID(Bytes32.zero), number: UInt64(index))
    }

    private mutating func send(_ request: Int, to stage: Int, after microseconds: Int) {
        let time = microseconds + random.below(jitterMicroseconds + 1)
        arrivals.append(Arrival(at: now + .microseconds(time), stage: stage, request: request))
    }

    mutating func run(for time: Interval) {
        let end = now + time
        while true {
            var next = arrivals.map(\.at).min() ?? .never
            for stage in stages { next = min(next, stage.doneAt, stage.waitUntil) }
            guard next <= end else { break }
            now = next
            for index in stages.indices { finish(index) }
            for arrival in arrivals where arrival.at <= now {
                stages[arrival.stage].queue.append(arrival.request)
                stages[arrival.stage].cohorts.came(
                    id(arrival.request), rowCount: 1, group: group, at: now)
            }
            arrivals.removeAll { $0.at <= now }
            for index in stages.indices { begin(index) }
        }
        now = end
    }

    private mutating func finish(_ index: Int) {
        guard stages[index].doneAt <= now else { return }
        let done = stages[index].running
        stages[index].running = []
        stages[index].doneAt = .never
        stages[index].wasIdle = stages[index].queue.isEmpty
        stages[index].cohorts.took(
            .microseconds(batchMicroseconds(done.count)), rowCount: done.count, of: group)
        stages[index].cohorts.ran(
            done.map(id), in: .microseconds(batchMicroseconds(done.count)), at: now)
        for request in done {
            if index + 1 < stages.count {
                send(request, to: index + 1, after: 200)
            } else {
                tokenCounts[request] += 1
                guard !stopped.contains(request) else { continue }
                send(request, to: 0, after: wayMicroseconds[request])
            }
        }
    }

    private mutating func begin(_ index: Int) {
        guard stages[index].running.isEmpty, !stages[index].queue.isEmpty else { return }
        var limit = Int.max
        switch habit {
        case .allAtOnce: break
        case .halves:
            if stages[index].wasIdle { limit = (stages[index].queue.count + 1) / 2 }
        case .cohorts:
            let place = Cohorts.Place(layers: LayerRange(index, index + 1), of: stages.count)
            let wasWaiting = stages[index].waitUntil
            stages[index].waitUntil = .never
            switch stages[index].cohorts.plan(group, place, at: now) {
            case .wait(let until):
                precondition(until > now)
                if wasWaiting == .never { longestWait = max(longestWait, until.since(now)) }
                stages[index].waitUntil = until
                return
            case .run(let most): limit = most
            }
        }
        let count = min(limit, stages[index].queue.count)
        stages[index].running = Array(stages[index].queue.prefix(count))
        stages[index].queue.removeFirst(count)
        stages[index].batchCount += 1
        stages[index].wasIdle = false
        stages[index].doneAt = now + .microseconds(batchMicroseconds(count))
    }
}
