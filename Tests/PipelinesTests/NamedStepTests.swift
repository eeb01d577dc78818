import Identity
import Pipelines
import Primitives
import Testing
import Wire

/// Rows that stages have kept from an earlier request are named, not sent.
@Suite struct NamedStepTests {
    /// Three stages that have answered a prompt of 70 rows, and two spare nodes for each.
    private func rig(keptByteLimit: Int = Limits.keptByteCount) -> Rig {
        let stages = (0..<3).map { LayerRange(2 * $0, 2 * $0 + 2) }
        let rig = Rig(
            layerCount: 6, (0...2).flatMap { _ in stages }, keptByteLimit: keptByteLimit)
        rig.keepRows()
        rig.ask(chain(rig), prompt: [32, 32, 6], decodeCount: 5)
        rig.run(.seconds(5)) { $0.isDone }
        precondition(rig.isRight)
        rig.end()
        return rig
    }

    private func chain(_ rig: Rig) -> [ChainLink] { rig.members[1...3].map(\.link) }

    private func counters(_ rig: Rig, _ number: Int) -> PipelineCounters {
        rig.members[number].core.counters
    }

    @Test func `a prompt that every stage has kept crosses no hop`() {
        let rig = rig()
        var rowSteps = 0
        rig.onLetter = { _, kind, _, _ in
            if kind == MessageKind.step.rawValue { rowSteps += 1 }
            return true
        }
        rig.ask(chain(rig), prompt: [32, 32, 6], decodeCount: 0)
        rig.run(.seconds(5)) { $0.isDone }
        #expect(rig.isRight && rowSteps == 0)
        #expect(rig.members.map(\.keptStepCount)[1...3] == [3, 3, 3])
        #expect((0..<3).map { counters(rig, $0).rowsNamed } == [70, 70, 70])
        #expect((0..<4).allSatisfy { counters(rig, $0).namesUnknown == 0 })
    }

    @Test func `a prompt that goes on otherwise sends the rest, once`() {
        let rig = rig()
        rig.ask(chain(rig), prompt: [32, 32, 9, 20, 20], decodeCount: 10)
        rig.run(.seconds(5)) { $0.isDone }
        #expect(rig.isRight && rig.rewindCount == 0)
        #expect(rig.members.map(\.keptStepCount)[1...3] == [2, 2, 2])
        // The entry had named all five steps before it was asked; the stages name what they kept.
        #expect((0..<3).map { counters(rig, $0).rowsNamed } == [113, 64, 64])
        #expect((0..<4).map { counters(rig, $0).namesUnknown } == [1, 0, 0, 0])
    }

    @Test func `nothing is named for a stage that has kept nothing`() {
        let rig = rig()
        rig.keepRows()
        rig.ask(chain(rig), prompt: [32, 32, 6], decodeCount: 5)
        rig.run(.seconds(5)) { $0.isDone }
        #expect(rig.isRight && counters(rig, 0).rowsNamed == 0)
    }

    @Test(arguments: [1, 2, 3])
    func `a stage that has forgotten gets the rows`(stage: Int) {
        let rig = rig()
        rig.members[stage].kept = [:]
        rig.members[stage].boasts = true
        rig.ask(chain(rig), prompt: [32, 32, 6], decodeCount: 5)
        rig.run(.seconds(5)) { $0.isDone }
        #expect(rig.isRight && rig.rewindCount == 0)
        // What the stages behind it had is not found by names that nobody tells them.
        for member in 1...3 {
            #expect(rig.members[member].keptStepCount == (member < stage ? 3 : 0))
            let unknown = counters(rig, member - 1).namesUnknown
            #expect(unknown == (member == stage ? 1 : 0))
        }
    }

    @Test(arguments: [1, 2, 3], 0..<12)
    func `a stage that is lost while rows are named is replaced`(stage: Int, moment: Int) {
        for isForgetful in [false, true] {
            let rig = rig()
            if isForgetful {
                rig.members[2].kept = [:]
                rig.members[1].kept?.removeAll()
                rig.members[1].boasts = true
            }
            rig.ask(chain(rig), prompt: [32, 32, 6, 20], decodeCount: 30)
            rig.after(.microseconds(700 + 400 * moment)) { rig in
                rig.kill(stage)
                rig.tellLost(stage)
            }
            rig.run(.seconds(20)) { $0.isDone }
            #expect(rig.isRight && rig.rewindCount == 0, "forgetful: \(isForgetful)")
        }
    }

    @Test(arguments: [1, 2, 3], 0..<12)
    func `a stage that leaves while rows are named hands over`(stage: Int, moment: Int) {
        let rig = rig()
        rig.members[2].kept?.removeAll()
        rig.ask(chain(rig), prompt: [32, 32, 6, 20], decodeCount: 60)
        rig.after(.microseconds(700 + 400 * moment)) { $0.drain(stage) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.rewindCount == 0)
    }

    @Test(arguments: 0..<150 as Range<UInt64>)
    func `whatever is known where, and however late it comes, the text is right`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let rig = rig()
        for member in rig.members[1...9] {
            let isSlow = random.below(2) == 0
            member.lookupTime = .microseconds(10 + random.below(isSlow ? 40_000 : 4_000))
            member.stepTime = .microseconds(100 + random.below(2_000))
            member.boasts = true
            if random.below(3) == 0 { member.kept = [:] }
        }
        rig.letterTime = { _ in .microseconds(300 + random.below(3_000)) }
        rig.ask(chain(rig), prompt: [32, 32, 6, 20, 20], decodeCount: 20)
        let (stage, moment) = (1 + random.below(3), 1_000 + random.below(20_000))
        let way = random.below(4)
        rig.after(.microseconds(moment)) { rig in
            switch way {
            case 0:
                rig.kill(stage)
                rig.tellLost(stage)
            case 1: rig.kill(stage)
            case 2: rig.drain(stage)
            default: break
            }
        }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.rewindCount == 0, "seed \(seed)")
        #expect(rig.longestStall < .seconds(2), "seed \(seed)")
    }

    @Test func `rows that are named and not kept to be sent again are run anew`() {
        // Room for 40 rows.
        let rig = rig(keptByteLimit: 40 * Rig.rowByteCount)
        rig.members[1].kept = [:]
        rig.members[1].boasts = true
        rig.ask(chain(rig), prompt: [32, 32, 6], decodeCount: 5)
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.rewindCount == 1)
    }

    @Test func `rows are sent again once, whoever asks how often`() throws {
        let rig = rig()
        rig.members[1].kept = [:]
        rig.members[1].boasts = true
        var wanted: [UInt8] = []
        rig.ask(chain(rig), prompt: [32, 32, 6], decodeCount: 50)
        rig.run(.milliseconds(20))
        let request = try #require(rig.request)
        // rowsWanted: the request, the entry's seat, an index.
        for index in [UInt8(0), 1, 7] {
            wanted = [MessageKind.rowsWanted.rawValue] + request.bytes
            wanted += [0, index]
            let before = (rig.sentByteCount, counters(rig, 0).oldRows)
            for sender in [1, 2] {
                rig.speak(0) { core, now, mail in
                    core.receive(wanted, from: rig.members[sender].keys.id, at: now, into: &mail)
                }
            }
            #expect(rig.sentByteCount == before.0 && counters(rig, 0).oldRows == before.1 + 1)
        }
        rig.run(.seconds(5)) { $0.isDone }
        #expect(rig.isRight && counters(rig, 0).malformed == 0)
    }
}
