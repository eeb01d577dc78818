import Identity
import Pipelines
import Primitives
import Testing
import Wire

/// Stages disappear in the middle of a text: it goes on, the same to the bit.
@Suite struct MendingTests {
    /// Three stages of two layers each, and as many spare nodes beside each as `spares`.
    private func rig(spares: Int = 2, keptByteLimit: Int = Limits.keptByteCount) -> Rig {
        let stages = (0..<3).map { LayerRange(2 * $0, 2 * $0 + 2) }
        let layers = (0...spares).flatMap { _ in stages }
        let rig = Rig(layerCount: 6, layers, keptByteLimit: keptByteLimit)
        rig.ask(rig.members[1...3].map(\.link), prompt: [40, 30], decodeCount: 100)
        return rig
    }

    @Test(arguments: [1, 2, 3], [2, 31, 150])
    func `a killed stage is replaced, wherever it stands and whenever it happens`(
        stage: Int, milliseconds: Int
    ) {
        let rig = rig()
        rig.after(.milliseconds(milliseconds)) { $0.kill(stage) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight)
        #expect(rig.losses.map(\.cause) == [.silent] && rig.rewindCount == 0)
        // A chain whose times are known is asked soon; one that is being opened, a little later.
        #expect(rig.longestStall < .milliseconds(milliseconds < 10 ? 1_600 : 700))
    }

    @Test(arguments: [1, 2], 0..<12)
    func `a stage is replaced whose first results come back while its place is filled`(
        stage: Int, moment: Int
    ) {
        let rig = rig()
        for member in rig.members { member.stepTime = .milliseconds(3) }
        rig.after(.milliseconds(4 + moment)) { rig in
            rig.kill(stage)
            rig.tellLost(stage)
        }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.mendCount == 1 && rig.rewindCount == 0)
    }

    @Test(arguments: [1, 2, 3], [20, 101, 205, 333])
    func `a stage that is lost while drafts are overwritten is replaced`(
        stage: Int, milliseconds: Int
    ) {
        let rig = rig()
        rig.draftCount = 4
        rig.after(.milliseconds(milliseconds)) { $0.kill(stage) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.mendCount == 1 && rig.rewindCount == 0)
    }

    @Test(arguments: [1, 3]) func `an entry can't turn a stage's results to where they never went`(
        stage: Int
    ) throws {
        let rig = rig()
        rig.run(.milliseconds(100))
        let request = try #require(rig.request)
        // The last stage is told of one behind it, the first one that it is the last.
        var relink = ByteWriter()
        relink.write([0x49] + request.entry.bytes)
        relink.write(request.number)
        relink.writeVarint(stage)
        relink.write(UInt8(1))
        relink.writeBlob(stage == 3 ? rig.members[4].record.encoded : [])
        relink.writeVarint(stage == 3 ? 4 : 0)
        relink.writeVarint(0)
        relink.writeVarint(stage == 3 ? 1 : 0)
        rig.speak(stage) { core, now, mail in
            core.receive(relink.bytes, from: rig.members[0].keys.id, at: now, into: &mail)
        }
        #expect(rig.members[stage].core.counters.malformed == 1)
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.losses.isEmpty)
    }

    @Test func `stages that are sound work no position twice`() {
        let rig = rig()
        rig.after(.milliseconds(200)) { $0.kill(2) }
        rig.run(.seconds(20)) { $0.isDone }
        rig.close()
        rig.run(.seconds(1))
        #expect(rig.isRight && rig.mendCount == 1)
        let positions = rig.accounts.map { [$0.seat, $0.positionCount] }.sorted { $0[0] < $1[0] }
        #expect(positions == [[1, 170], [3, 170], [4, 170]])
    }

    @Test(arguments: [[1, 2], [2, 3], [1, 3], [1, 2, 3]])
    func `stages lost at one moment are replaced together`(stages: [Int]) {
        let rig = rig()
        rig.after(.milliseconds(100)) { rig in for stage in stages { rig.kill(stage) } }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight)
        #expect(rig.longestStall < .milliseconds(700))
    }

    @Test func `an ended session tells sooner than silence`() {
        let rig = rig()
        rig.after(.milliseconds(100)) { rig in
            rig.kill(2)
            rig.tellLost(2)
        }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight)
        #expect(rig.losses.map(\.cause) == [.unreachable])
        #expect(rig.longestStall < .milliseconds(60))
    }

    @Test(arguments: [1, 2, 3], [0, 1, 2, 3, 5, 8, 13])
    func `a replacement that is lost while it rebuilds is replaced in turn`(
        stage: Int, milliseconds: Int
    ) {
        let rig = rig()
        rig.after(.milliseconds(150)) { rig in
            rig.kill(stage)
            rig.tellLost(stage)
        }
        rig.after(.milliseconds(150 + milliseconds)) { $0.kill(stage + 3) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight)
        #expect(rig.rewindCount == 0)
    }

    @Test(arguments: [1, 2, 3], [0, 1, 2, 3, 5, 8])
    func `a stage beside a gap may be lost while the gap is filled`(
        stage: Int, milliseconds: Int
    ) {
        let rig = rig()
        rig.after(.milliseconds(150)) { rig in
            rig.kill(2)
            rig.tellLost(2)
        }
        rig.after(.milliseconds(150 + milliseconds)) { rig in
            let number = stage == 2 ? 5 : stage
            rig.kill(number)
            rig.tellLost(number)
        }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight)
    }

    @Test func `one lost stage becomes two, and two become one`() {
        let rig = Rig(
            layerCount: 6,
            [
                LayerRange(0, 2), LayerRange(2, 6), LayerRange(2, 3), LayerRange(3, 6),
                LayerRange(2, 6), LayerRange(0, 6),
            ])
        rig.ask(rig.members[1...2].map(\.link), prompt: [40, 30], decodeCount: 200)
        rig.filler = { rig, gap in
            gap == LayerRange(2, 6) && rig.members[3].isAlive
                ? [rig.members[3].link, rig.members[4].link] : rig.spare(for: gap)
        }
        rig.after(.milliseconds(100)) { $0.kill(2) }
        rig.after(.milliseconds(900)) { rig in
            rig.kill(3)
            rig.kill(4)
        }
        rig.after(.milliseconds(1_700)) { rig in
            rig.kill(1)
            rig.kill(5)
        }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight)
        #expect(rig.mendCount == 3)
    }

    @Test func `a slow stage that answers is waited for`() {
        let rig = rig()
        rig.members[2].stepTime = .seconds(4)
        rig.run(.minutes(8)) { $0.results.count > 60 }
        #expect(rig.losses.isEmpty)
        #expect(rig.results == Array(rig.expected.prefix(rig.results.count)))
    }

    @Test func `a stage that answers and never gets on is replaced in the end`() {
        let rig = rig()
        rig.after(.milliseconds(100)) { $0.members[2].stepTime = .hours(1) }
        rig.run(.minutes(5)) { $0.isDone }
        #expect(rig.isRight)
        #expect(rig.losses.map(\.cause) == [.stuck])
        #expect(rig.longestStall < Limits.stuckTimeout + .seconds(2))
    }

    @Test func `a paused stage is replaced, and what it says when it wakes changes nothing`() {
        let rig = rig()
        rig.after(.milliseconds(100)) { $0.pause(2) }
        rig.after(.milliseconds(800)) { $0.wake(2) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight)
        #expect(rig.losses.map(\.cause) == [.silent] && rig.mendCount == 1)
        rig.run(.seconds(1))
        #expect(rig.members[2].core.stageCount == 0 && rig.members[2].caches.isEmpty)
    }

    @Test func `a paused stage that nobody can replace goes on when it wakes`() {
        let rig = rig(spares: 0)
        rig.after(.milliseconds(100)) { $0.pause(2) }
        rig.after(.seconds(10)) { $0.wake(2) }
        rig.filler = { _, _ in nil }
        rig.run(.seconds(30)) { $0.isDone }
        #expect(rig.isRight)
        #expect(rig.members[0].core.counters.stagesRevived == 1)
        #expect(rig.members[0].core.counters.requestsMended == 1)
    }

    @Test func `a stage that leaves says so, and costs the text a few steps' time`() {
        let rig = rig()
        rig.after(.milliseconds(100)) { rig in
            rig.speak(2) { core, _, mail in core.refuseAll(into: &mail) }
        }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight)
        #expect(rig.losses.map(\.cause) == [.failed(.leaving)])
        #expect(rig.longestStall < .milliseconds(60))
    }

    @Test func `sound stages may be given new parts, themselves included`() throws {
        let rig = Rig(
            layerCount: 6,
            [LayerRange(0, 4), LayerRange(2, 4), LayerRange(4, 6), LayerRange(0, 6)])
        let first = ChainLink(record: rig.members[1].record, layers: LayerRange(0, 2))
        rig.ask([first, rig.members[2].link, rig.members[3].link], prompt: [40], decodeCount: 90)
        rig.filler = { _, _ in nil }
        rig.after(.milliseconds(100)) { rig in
            rig.kill(2)
            guard let request = rig.request else { return }
            rig.speak(0) { core, now, mail in
                core.replace(
                    request, layers: LayerRange(0, 4), with: [rig.members[1].link], at: now,
                    into: &mail)
            }
        }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.losses.isEmpty)
        let chain = rig.members[0].core.chain(of: try #require(rig.request))
        #expect(chain.map(\.layers) == [LayerRange(0, 4), LayerRange(4, 6)])
    }

    @Test(arguments: [1, 2, 3])
    func `rows that are no longer kept are made anew from the beginning`(stage: Int) {
        let rig = rig(keptByteLimit: 80 * Rig.rowByteCount)
        rig.after(.milliseconds(200)) { $0.kill(stage) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight)
        #expect(rig.rewindCount == 1)
    }

    @Test(arguments: [UInt64](1...100))
    func `whatever happens to stages, the text is right`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let stages = (0..<3).map { LayerRange(2 * $0, 2 * $0 + 2) }
        let others = [
            LayerRange(0, 4), LayerRange(2, 6), LayerRange(1, 2), LayerRange(0, 1),
            LayerRange(4, 5), LayerRange(5, 6), LayerRange(0, 6),
        ]
        let keptRowCount = random.below(4) == 0 ? 100 : 100_000
        let rig = Rig(
            layerCount: 6, stages + stages + others + stages,
            keptByteLimit: keptRowCount * Rig.rowByteCount)
        rig.draftCount = random.below(3)
        rig.ask(
            rig.members[1...3].map(\.link), prompt: [1 + random.below(200), 1 + random.below(200)],
            decodeCount: 150)
        for _ in 0..<10 {
            let (member, at) = (1 + random.below(rig.members.count - 1), random.below(4_000))
            let kind = random.below(6)
            let (serve, back) = (random.below(200), random.below(3_000))
            rig.after(.milliseconds(at)) { rig in
                switch kind {
                case 0: rig.kill(member)
                case 1:
                    rig.kill(member)
                    rig.tellLost(member)
                case 2, 3: rig.pause(member)
                default:
                    if rig.isUp(member) { rig.drain(member, serve: serve, keep: serve + back) }
                }
            }
            guard kind > 1 else { continue }
            rig.after(.milliseconds(at + back)) { rig in
                if kind < 4 { rig.wake(member) } else { rig.accept(member) }
            }
        }
        rig.run(.minutes(3)) { $0.isDone || $0.failure != nil }
        #expect(rig.isRight, "seed \(seed): \(rig.results.count) of \(rig.expected.count)")
        rig.close()
        rig.run(Limits.stageIdleTimeout + .seconds(1))
        for member in rig.members where member.isAlive {
            #expect(member.core.stageCount == 0 && member.caches.isEmpty, "seed \(seed)")
        }
    }
}
