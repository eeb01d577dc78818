import Identity
import Pipelines
import Primitives
import Testing
import Wire

/// A stage leaves in the middle of a text, and hands its KV cache to another node.
@Suite struct HandoffTests {
    /// The seat that is handed over, and who gets it.
    private static let giver = 2
    private static let heir = 5

    /// Three stages of two layers each, and a spare node beside each. Members 4, 5 and 6 hold what
    /// 1, 2 and 3 hold; 7, 8 and 9 too.
    private func rig(prompt: [Int] = [40, 30], decodeCount: Int = 100) -> Rig {
        let stages = (0..<3).map { LayerRange(2 * $0, 2 * $0 + 2) }
        let rig = Rig(layerCount: 6, stages + stages + stages)
        rig.ask(rig.members[1...3].map(\.link), prompt: prompt, decodeCount: decodeCount)
        return rig
    }

    @Test(arguments: [1, 2, 3], [2, 60, 150, 233])
    func `a leaving stage hands over, and the text goes on at once`(
        stage: Int, milliseconds: Int
    ) {
        let rig = rig()
        rig.after(.milliseconds(milliseconds)) { $0.drain(stage) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.rewindCount == 0)
        guard milliseconds > 2 else { return }
        #expect(rig.losses.isEmpty && rig.handoffs == [[stage, stage + 3]])
        // A step takes 5 ms through this chain.
        #expect(rig.longestStall < .milliseconds(20))
    }

    /// What was guessed and did not hold may have been on its way to the heir.
    @Test(arguments: [1, 4], [0, 1, 20])
    func `a handoff amid drafts that are overwritten leaves nothing of them`(
        drafts: Int, serve: Int
    ) {
        for milliseconds in stride(from: 100, to: 160, by: 3) {
            let rig = rig()
            rig.draftCount = drafts
            rig.after(.milliseconds(milliseconds)) { $0.drain(Self.giver, serve: serve) }
            rig.run(.seconds(20)) { $0.isDone }
            #expect(rig.isRight, "\(drafts) drafts, \(milliseconds) ms")
            #expect(rig.losses.isEmpty && rig.handoffs.count == 1 && rig.rewindCount == 0)
        }
    }

    @Test func `who goes back behind what the heir has loses the stage and gets the right text`() {
        let rig = rig()
        rig.after(.milliseconds(150)) { $0.drain(Self.giver) }
        // Most of the cache is with the heir by then, and no handoff has ended.
        rig.after(.milliseconds(152)) { rig in
            rig.alone.truncate(to: 5)
            rig.addStep(Array(repeating: 9, count: Rig.rowByteCount))
        }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.handoffs.isEmpty)
        #expect(rig.losses.map(\.cause) == [.failed(.leaving)])
    }

    @Test func `the bytes that move are those of the positions, each once`() {
        let rig = rig()
        rig.after(.milliseconds(150)) { $0.drain(Self.giver) }
        rig.run(.seconds(20)) { $0.isDone }
        let given = rig.members[Self.giver].core.counters.cacheBytesGiven
        let taken = rig.members[Self.heir].core.counters.cacheBytesTaken
        let positionCount = rig.inheritedPositions
        #expect(rig.isRight && positionCount > 70)
        #expect(given == taken && given == UInt64(positionCount * 2 * 8))
        rig.close()
        rig.run(.seconds(1))
        // Every position was run once at each place of the chain: nothing was computed again.
        let heirs = rig.accounts.first { $0.seat == 4 }
        #expect(heirs?.positionCount == 170 - positionCount)
    }

    @Test func `a stage that may not compute any more hands over what it has`() {
        let rig = rig()
        rig.after(.milliseconds(150)) { $0.drain(Self.giver, serve: 0) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.losses.isEmpty && rig.handoffs.count == 1)
        #expect(rig.longestStall < .milliseconds(20))
    }

    @Test(arguments: [0, 4])
    func `a step that is abandoned is the heir's`(drafts: Int) {
        let rig = rig()
        rig.draftCount = drafts
        rig.members[Self.giver].stepTime = .milliseconds(50)
        rig.after(.milliseconds(1_500)) { rig in
            rig.drain(Self.giver, serve: 0)
            rig.members[Self.giver].abandons = true
        }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.losses.isEmpty && rig.handoffs.count == 1)
    }

    @Test func `without an heir a stage serves as long as it may, then its part is mended`() {
        let rig = rig()
        rig.heirs = { _, _ in nil }
        rig.after(.milliseconds(150)) { $0.drain(Self.giver, serve: 100, keep: 300) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.handoffs.isEmpty && rig.rewindCount == 0)
        #expect(rig.losses.map(\.cause) == [.failed(.leaving)])
    }

    @Test func `every stage may leave, one after the other and all at once`() {
        for gap in [0, 1, 7, 40] {
            let rig = rig()
            for (index, stage) in [2, 1, 3].enumerated() {
                rig.after(.milliseconds(150 + gap * index)) { $0.drain(stage) }
            }
            rig.run(.seconds(30)) { $0.isDone }
            #expect(rig.isRight && rig.handoffs.count == 3 && rig.rewindCount == 0)
        }
    }

    @Test func `an heir that is lost is followed by another`() {
        let rig = rig()
        var named = 0
        rig.heirs = { rig, layers in
            named += 1
            if named == 1 {
                rig.kill(Self.heir)
                rig.after(.milliseconds(30)) { $0.tellLost(Self.heir) }
            }
            return rig.spareHeir(for: layers, besides: named == 1 ? [] : [Self.heir])
        }
        rig.after(.milliseconds(150)) { $0.drain(Self.giver) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.handoffs == [[Self.giver, Self.giver + 6]] && named == 2)
        #expect(rig.losses.isEmpty && rig.lostHeirs == [Self.heir])
    }

    @Test func `an heir that refuses is followed by another at once`() {
        let rig = rig()
        rig.members[Self.heir].core.setHoldings([], acceptsStages: true)
        rig.heirs = { rig, layers in rig.spareHeir(for: layers, besides: rig.lostHeirs) }
        rig.after(.milliseconds(150)) { $0.drain(Self.giver) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.handoffs == [[Self.giver, Self.giver + 6]])
        #expect(rig.losses.isEmpty && rig.lostHeirs == [Self.heir])
        #expect(rig.longestStall < .milliseconds(20))
    }

    @Test func `an heir that is silent is followed by another while the stage keeps its cache`() {
        let rig = rig()
        rig.heirs = { rig, layers in
            if rig.lostHeirs.isEmpty { rig.pause(Self.heir) }
            return rig.spareHeir(for: layers, besides: rig.lostHeirs)
        }
        // No step is begun any more after 150 ms, as where an owner is back.
        rig.after(.milliseconds(150)) { $0.drain(Self.giver, serve: 150, keep: 1_500) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.handoffs == [[Self.giver, Self.giver + 6]])
        #expect(rig.losses.isEmpty && rig.lostHeirs == [Self.heir])
        #expect(rig.longestStall < .milliseconds(600))
    }

    @Test(arguments: [1, 2], [0, 3])
    func `a stage lost behind an heir costs no work but the heir's`(stage: Int, drafts: Int) {
        let rig = rig()
        rig.draftCount = drafts
        rig.after(.milliseconds(150)) { $0.drain(stage) }
        rig.after(.milliseconds(250)) { $0.kill(stage + 1) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.handoffs == [[stage, stage + 3]])
        #expect(rig.rewindCount == 0)
        // Then the stage that left is asked, in vain.
        #expect(rig.losses.map(\.cause).prefix(2) == [.silent, .givenUp])
    }

    @Test func `heirs in a row make the rows of a stage lost behind them again`() {
        let rig = rig()
        for (index, stage) in [1, 2].enumerated() {
            rig.after(.milliseconds(150 + 60 * index)) { $0.drain(stage) }
        }
        rig.after(.milliseconds(350)) { $0.kill(3) }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.handoffs.count == 2 && rig.rewindCount == 0)
    }

    /// Letters between the first word of a handoff and the last, in the order of their sending.
    private static let kinds: Set<UInt8> = Set(
        [
            MessageKind.stageLeaving, .openStage, .stageOpened, .handOver, .cachePart,
            .cacheTaken, .handoffEnd, .stageStatus, .relinkStage, .stageRelinked, .closeStage,
        ].map(\.rawValue))

    /// Either side, or a stage beside them, dies when the n-th letter of the handoff is sent,
    /// before or after it is out.
    @Test(arguments: [giver, heir, giver - 1, giver + 1], [true, false])
    func `whoever dies at whichever message, the text is the same`(
        victim: Int, isSent: Bool
    ) {
        var letter = 0
        var killCount = 0
        while true {
            let rig = rig(decodeCount: 60)
            var seen = 0
            var hasDrained = false
            var isKilled = false
            rig.onLetter = { rig, kind, from, to in
                guard hasDrained, Self.kinds.contains(kind), !isKilled,
                    [from, to].contains(Self.giver) || [from, to].contains(Self.heir)
                else { return true }
                defer { seen += 1 }
                guard seen == letter else { return true }
                isKilled = true
                // A letter of the victim's own that is not out yet never is.
                rig.kill(victim)
                rig.after(.milliseconds(letter % 2 == 0 ? 1 : 400)) { $0.tellLost(victim) }
                return isSent || from != victim
            }
            rig.after(.milliseconds(150)) { rig in
                hasDrained = true
                rig.drain(Self.giver)
            }
            rig.run(.seconds(30)) { $0.isDone }
            #expect(rig.isRight, "letter \(letter)")
            guard isKilled else { break }
            killCount += 1
            letter += 1
        }
        #expect(killCount >= 10, "every message of a handoff was tried")
    }

    /// Three stages, and an heir for each.
    private func rigOfPairs() -> Rig {
        let stages = (0..<3).map { LayerRange(2 * $0, 2 * $0 + 2) }
        return Rig(layerCount: 6, stages + stages)
    }

    /// One of three stages leaves within so many microseconds, and the text is waited for. It has
    /// time to go on or hardly any; at times the last step is given up.
    private func drainSomebody(of rig: Rig, within time: Int, _ random: inout SeededRandom) {
        let (giver, serve) = (1 + random.below(3), random.below(3) == 0 ? random.below(20) : 500)
        let isAbandoning = random.below(2) == 0
        rig.after(.microseconds(5_000 + random.below(time))) { rig in
            rig.drain(giver, serve: serve)
            rig.members[giver].abandons = isAbandoning
        }
        rig.run(.seconds(30)) { $0.isDone }
    }

    /// With and without guessed rows.
    @Test(arguments: [UInt64](1...200)) func `no text waits for a drain at any moment`(
        seed: UInt64
    ) {
        var random = SeededRandom(seed: seed)
        let rig = rigOfPairs()
        rig.draftCount = random.below(4)
        rig.ask(
            rig.members[1...3].map(\.link), prompt: [1 + random.below(40), 1 + random.below(40)],
            decodeCount: 100 + random.below(100))
        drainSomebody(of: rig, within: 400_000, &random)
        #expect(rig.isRight && rig.longestStall < .milliseconds(100), "seed \(seed)")
    }

    /// A shell that has the next step already runs it, gives it up, or never begins it.
    @Test(arguments: [UInt64](1...200)) func `a prompt goes on through a drain at any moment`(
        seed: UInt64
    ) {
        var random = SeededRandom(seed: seed)
        let rig = rigOfPairs()
        for member in rig.members { member.stepTime = .milliseconds(10) }
        rig.ask(
            rig.members[1...3].map(\.link), prompt: (0..<20).map { _ in 1 + random.below(20) },
            decodeCount: 5)
        drainSomebody(of: rig, within: 200_000, &random)
        #expect(rig.isRight && rig.losses.isEmpty, "seed \(seed)")
        #expect(rig.longestStall < .milliseconds(100), "seed \(seed)")
        #expect(rig.members.map(\.handedMaximum).max() == 2, "seed \(seed)")
    }

    @Test func `what a handoff's messages must not hold is dropped`() {
        let rig = rig()
        rig.run(.milliseconds(150))
        let request = rig.request
        var hostile: [[UInt8]] = []
        for kind in [0x50, 0x51, 0x52, 0x53, 0x54] as [UInt8] {
            hostile.append([kind])
            hostile.append([kind] + Array(repeating: 0xFF, count: 80))
            hostile.append([kind] + Array(repeating: 0, count: 43))
        }
        // handoffEnd with a result of no rows.
        hostile.append([0x54] + Array(repeating: 0, count: 43) + [1, 0, 0, 0, 0, 0, 0])
        for bytes in hostile {
            for (from, to) in [(0, 2), (2, 0), (1, 2), (9, 2), (9, 0)] {
                rig.speak(to) { core, now, mail in
                    core.receive(
                        bytes, from: rig.members[from].keys.id, at: now, into: &mail)
                }
            }
        }
        rig.run(.seconds(20)) { $0.isDone }
        #expect(rig.isRight && rig.request == request && rig.losses.isEmpty)
    }
}
