import Primitives
import Runtime
import Testing

/// A crew of two in virtual time. Another program takes the member's core for every second slice.
private struct TwoCores {
    var roster = CrewRoster(memberCount: 2)
    var now = Instant.origin + .seconds(1)
    var foreignSlice: Interval?

    /// How far two slices are, the second of which is the other program's.
    private var phase: (at: Interval, slice: Interval)? {
        foreignSlice.map { slice in
            (Interval(nanoseconds: now.nanoseconds % (slice * 2).nanoseconds), slice)
        }
    }

    /// Runs a job that takes the caller `alone`, and both together `together`.
    mutating func run(work: Int, alone: Interval, together: Interval) {
        let begin = now
        roster.callBack(at: begin)
        let isAway = phase.map { $0.at >= $0.slice } ?? false
        if roster.activeCount == 1 || isAway {
            now = begin + alone
            note(work, begin, firstDone: now, ownPartCount: 16)
            return
        }
        now = begin + together
        let firstDone = now
        if let phase, phase.at >= phase.slice {
            // In the middle of a part: it goes on when the other program has had its turn.
            now = now + (phase.slice * 2 - phase.at)
        }
        note(work, begin, firstDone: firstDone, ownPartCount: 8)
    }

    private mutating func note(
        _ work: Int, _ begin: Instant, firstDone: Instant, ownPartCount: Int
    ) {
        roster.note(
            CrewRoster.JobTimes(
                begin: begin, firstDone: firstDone, end: now, work: work, partCount: 16,
                ownPartCount: ownPartCount))
    }

    /// A layer of three products for one row, as often as it takes a caller alone some time: what
    /// it took, as a share of that.
    mutating func decode(for time: Interval) -> Double {
        let start = now
        let count = Int(time.nanoseconds / Interval.microseconds(450).nanoseconds)
        for _ in 0..<count {
            run(work: 1_000, alone: .microseconds(50), together: .microseconds(40))
            run(work: 4_000, alone: .microseconds(200), together: .microseconds(150))
            run(work: 4_000, alone: .microseconds(200), together: .microseconds(150))
        }
        return now.since(start).seconds / time.seconds
    }
}

@Suite struct `a crew's roster` {
    @Test func `keeps everybody at work where nobody is held up`() {
        var cores = TwoCores()
        #expect(cores.decode(for: .seconds(5)) < 0.77)
        #expect(cores.roster.activeCount == 2)
    }

    @Test func `makes two no slower than one beside another program`() {
        var cores = TwoCores(foreignSlice: .milliseconds(4))
        // Without rest it would be 1.5: of 8 milliseconds 4 are lost to one part.
        #expect(cores.decode(for: .seconds(20)) < 1.01)
    }

    @Test func `calls members back soon after the other program has ended`() {
        var cores = TwoCores(foreignSlice: .milliseconds(4))
        _ = cores.decode(for: .seconds(20))
        cores.foreignSlice = nil
        _ = cores.decode(for: Limits.crewRestMaximum)
        #expect(cores.decode(for: .seconds(1)) < 0.77)
    }

    @Test func `keeps members at work that save more than they are waited for`() {
        var cores = TwoCores(foreignSlice: .milliseconds(1))
        let start = cores.now
        for _ in 0..<400 {
            cores.run(work: 1 << 30, alone: .microseconds(9_800), together: .microseconds(5_500))
        }
        #expect(cores.now.since(start) < .milliseconds(400 * 8))
    }

    @Test func `sends one member after the other, and never the caller`() {
        var roster = CrewRoster(memberCount: 4)
        var now = Instant.origin
        var counts: [Int] = []
        for _ in 0..<6 {
            // Longer than a crew remembers, and shorter than a member rests.
            let stall = Interval.milliseconds(6)
            roster.note(
                CrewRoster.JobTimes(
                    begin: now, firstDone: now, end: now + stall, work: 7, partCount: 9,
                    ownPartCount: 3))
            now = now + stall
            counts.append(roster.activeCount)
        }
        #expect(counts == [3, 2, 1, 1, 1, 1])
        roster.callBack(at: now + Limits.crewRestMaximum)
        #expect(roster.activeCount == 2)
    }

    @Test func `waits longer and longer for a member that never pays`() {
        var roster = CrewRoster(memberCount: 2)
        var now = Instant.origin
        var rests: [Interval] = []
        for _ in 0..<10 {
            roster.note(
                CrewRoster.JobTimes(
                    begin: now, firstDone: now, end: now + .milliseconds(6), work: 7,
                    partCount: 9, ownPartCount: 3))
            now = now + .milliseconds(6)
            let begin = now
            while roster.activeCount == 1 {
                now = now + .milliseconds(1)
                roster.callBack(at: now)
            }
            rests.append(now.since(begin))
        }
        #expect(rests.first == .milliseconds(40))
        #expect(rests.last == Limits.crewRestMaximum)
        #expect(zip(rests, rests.dropFirst()).allSatisfy { $0 <= $1 })
    }
}
