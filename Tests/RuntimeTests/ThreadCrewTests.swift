import Primitives
import Runtime
import Synchronization
import Tensors
import Testing

/// How often each index was run.
private final class Tally: Sendable {
    private let counts: Mutex<[Int]>
    init(_ count: Int) { counts = Mutex(Array(repeating: 0, count: count)) }
    func add(_ index: Int) { counts.withLock { $0[index] += 1 } }
    var all: [Int] { counts.withLock { $0 } }
}

@Suite(.serialized) struct ThreadCrewTests {
    @Test(arguments: [1, 2, 3, 8])
    func `every part runs exactly once, job after job`(memberCount: Int) throws {
        let crew = try ThreadCrew(memberCount: memberCount)
        #expect(crew.memberCount == memberCount)
        for partCount in [0, 1, 2, 3, 64, 1_000] {
            let tally = Tally(partCount)
            crew.run(partCount: partCount) { tally.add($0) }
            crew.run(partCount: partCount, isLocal: true) { tally.add($0) }
            #expect(tally.all == Array(repeating: 2, count: partCount))
        }
        for round in 0..<5_000 {
            let sum = Atomic(0)
            crew.run(partCount: 7, isLocal: round % 2 == 0) {
                sum.add($0 + 1, ordering: .relaxed)
            }
            try #require(sum.load(ordering: .relaxed) == 28, "round \(round)")
        }
    }

    @Test(arguments: [2, 3])
    func `a member that is held up leaves its share to the others`(memberCount: Int) throws {
        let crew = try ThreadCrew(memberCount: memberCount)
        let done = Atomic(0)
        crew.run(partCount: 60, isLocal: true) { index in
            // The first part of all is the caller's, and waits for every other.
            while index == 0, done.load(ordering: .acquiring) < 59 { PlainThread.yield() }
            done.add(1, ordering: .acquiringAndReleasing)
        }
        #expect(done.load(ordering: .acquiring) == 60)
    }

    @Test func `callers that come while it works are served one after the other`() throws {
        let crew = try ThreadCrew(memberCount: 3)
        let tally = Tally(400)
        let threads = try (0..<4).map { caller in
            try PlainThread(name: "caller") {
                for _ in 0..<200 {
                    crew.run(partCount: 100) { tally.add(caller * 100 + $0) }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(tally.all == Array(repeating: 200, count: 400))
    }

    @Test func `a part may use the crew again`() throws {
        let crew = try ThreadCrew(memberCount: 2)
        let sum = Atomic(0)
        crew.run(partCount: 4) { _ in
            crew.run(partCount: 4) { _ in sum.add(1, ordering: .relaxed) }
        }
        #expect(sum.load(ordering: .relaxed) == 16)
    }

    @Test(arguments: [1, 3])
    func `an abandoned crew leaves out parts until it is resumed`(memberCount: Int) throws {
        let crew = try ThreadCrew(memberCount: memberCount)
        let count = Atomic(0)
        crew.run(partCount: 1_000) { index in
            if index == 3 { crew.abandon() }
            while index > 3, !crew.isAbandoned { PlainThread.yield() }
            count.add(1, ordering: .relaxed)
        }
        // Those under way when it was told to stop still end.
        #expect((1...3 + memberCount).contains(count.load(ordering: .relaxed)))
        #expect(crew.isAbandoned)
        crew.run(partCount: 5) { _ in count.store(-1, ordering: .relaxed) }
        #expect(count.load(ordering: .relaxed) > 0)
        crew.resume()
        count.store(0, ordering: .relaxed)
        crew.run(partCount: 1_000) { _ in count.add(1, ordering: .relaxed) }
        #expect(count.load(ordering: .relaxed) == 1_000)
    }

    @Test func `crews come and go while their members sleep or spin`() throws {
        for round in 0..<50 {
            let crew = try ThreadCrew(memberCount: 4)
            let sum = Atomic(0)
            for _ in 0..<(round % 3) {
                crew.run(partCount: 9) { _ in sum.add(1, ordering: .relaxed) }
            }
            #expect(sum.load(ordering: .relaxed) == 9 * (round % 3))
        }
    }

    @Test func `jobs of the compute thread run in order, and a full queue refuses`() throws {
        let thread = try ComputeThread(capacity: 2)
        let isFree = Atomic(false)
        let order = Mutex<[Int]>([])
        thread.submit { while !isFree.load(ordering: .acquiring) { PlainThread.yield() } }
        while thread.waitingCount > 0 { PlainThread.yield() }
        #expect(thread.submit { order.withLock { $0.append(1) } })
        #expect(thread.submit { order.withLock { $0.append(2) } })
        #expect(!thread.submit { order.withLock { $0.append(3) } })
        // What frees something is never refused.
        for job in 4..<104 { thread.require { order.withLock { $0.append(job) } } }
        #expect(!thread.submit { order.withLock { $0.append(3) } })
        isFree.store(true, ordering: .releasing)
        thread.finish()
        #expect(order.withLock { $0 } == [1, 2] + Array(4..<104))
        #expect(!thread.submit {})
    }

    @Test func `a round that waits comes at its moment, or when somebody wakes the thread`() throws
    {
        let moments = Mutex<[Instant]>([])
        let thread = try ComputeThread {
            let now = SystemClock.now()
            let count = moments.withLock { moments in
                moments.append(now)
                return moments.count
            }
            return count == 1
                ? .wait(until: now + .milliseconds(20)) : .wait(until: now + .seconds(600))
        }
        while moments.withLock(\.count) < 2 { PlainThread.yield() }
        #expect(moments.withLock { $0[1].since($0[0]) } >= .milliseconds(20))
        thread.wake()
        while moments.withLock(\.count) < 3 { PlainThread.yield() }
        thread.finish()
    }
}
