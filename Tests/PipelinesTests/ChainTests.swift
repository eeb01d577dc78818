import Identity
import Pipelines
import Primitives
import Testing
import Wire

/// Requests over chains of which nothing is lost, and who may do what to them.
@Suite struct ChainTests {
    private func line(_ stageCount: Int) -> Rig {
        let layers = (0..<stageCount).map { LayerRange(2 * $0, 2 * $0 + 2) }
        return Rig(layerCount: 2 * stageCount, layers)
    }

    @Test func `steps run through every stage and come back in order, and accounts are signed`() {
        let rig = line(3)
        rig.ask(rig.members.dropFirst().map(\.link), prompt: [5, 3, 4], decodeCount: 10)
        rig.run(.seconds(1)) { $0.isDone }
        #expect(rig.isRight)
        rig.close()
        rig.run(.seconds(1))
        #expect(rig.accounts.count == 3)
        for account in rig.accounts {
            #expect(account.stepCount == 13 && account.positionCount == 22)
            let key = rig.members[account.seat].keys.signingKey
            let signature = Signature(Array(account.encoded.suffix(64)))
            let body = Array(account.encoded.dropLast(64))
            #expect(CryptoSuite.sodium.verify(signature, of: body, by: key))
        }
        #expect(rig.members.allSatisfy { $0.core.stageCount == 0 && $0.caches.isEmpty })
    }

    @Test func `a stage has the step that comes next while it runs one, and never a third`() {
        let rig = line(2)
        for member in rig.members { member.stepTime = .milliseconds(10) }
        rig.ask(
            rig.members.dropFirst().map(\.link), prompt: [5, 3, 4, 2, 6, 1], decodeCount: 4)
        rig.run(.seconds(1)) { $0.isDone }
        #expect(rig.isRight)
        #expect(rig.members.map(\.handedMaximum) == [0, 2, 1])
        // The first runs six steps without a pause, the second ends one later.
        let promptTime = rig.resultTimes[5].since(.init(nanoseconds: 1_000_000_000))
        #expect(promptTime < .milliseconds(74))
    }

    @Test func `a node that does not hold the layers refuses, and the entry is told who and why`() {
        let rig = line(2)
        rig.filler = { _, _ in nil }
        let wrong = ChainLink(record: rig.members[1].record, layers: LayerRange(0, 4))
        rig.ask([wrong], prompt: [1], decodeCount: 0)
        rig.run(.milliseconds(100))
        let loss = StageLoss(
            node: wrong.record.id, layers: wrong.layers, cause: .refused(.layersNotHeld))
        #expect(rig.losses == [loss])
    }

    @Test func `a stage that a request is cancelled on forgets it`() throws {
        let rig = line(3)
        rig.ask(rig.members.dropFirst().map(\.link), prompt: [5], decodeCount: 50)
        rig.run(.milliseconds(20))
        let request = try #require(rig.request)
        rig.speak(0) { core, _, mail in core.cancel(request, into: &mail) }
        rig.run(.milliseconds(20))
        #expect(rig.members.allSatisfy { $0.core.stageCount == 0 && $0.caches.isEmpty })
    }

    @Test func `a lost entry ends its stages at once, a silent one within a stated time`() {
        for isTold in [true, false] {
            let rig = line(2)
            rig.ask(rig.members.dropFirst().map(\.link), prompt: [5], decodeCount: 1_000)
            rig.run(.milliseconds(50))
            rig.kill(0)
            if isTold { rig.tellLost(0) } else { rig.run(Limits.stageIdleTimeout + .seconds(1)) }
            #expect(rig.members.dropFirst().allSatisfy { $0.core.stageCount == 0 })
            #expect(rig.members.dropFirst().allSatisfy { $0.caches.isEmpty })
        }
    }

    @Test func `a request between two steps keeps its stages`() {
        let rig = line(2)
        rig.ask(rig.members.dropFirst().map(\.link), prompt: [5], decodeCount: 0)
        rig.run(.minutes(4))
        #expect(rig.isRight && rig.losses.isEmpty)
        #expect(rig.members.dropFirst().allSatisfy { $0.core.stageCount == 1 })
        rig.run(.minutes(2))
        #expect(rig.failure == .abandoned)
        #expect(rig.members.allSatisfy { $0.core.stageCount == 0 })
    }

    @Test func `a prompter's own node may be its first stage`() {
        let rig = Rig(layerCount: 2, [LayerRange(0, 1), LayerRange(1, 2)])
        let holding = Holding(
            model: rig.model, layers: LayerRange(0, 1), layerCount: 2, hasEnds: false)
        rig.members[0].core.setHoldings([holding], acceptsStages: true)
        let own = ChainLink(record: rig.members[0].record, layers: LayerRange(0, 1))
        rig.ask([own, rig.members[2].link], prompt: [5], decodeCount: 10)
        rig.run(.seconds(1)) { $0.isDone }
        #expect(rig.isRight)
    }

    @Test(arguments: [UInt64](1...3))
    func `no bytes of a stranger do more than count`(seed: UInt64) {
        let rig = line(1)
        rig.ask(rig.members.dropFirst().map(\.link), prompt: [5], decodeCount: 0)
        rig.run(.milliseconds(20))
        var random = SeededRandom(seed: seed)
        let stranger = NodeKeys.seeded(99).id
        for _ in 0..<5_000 {
            var bytes = [UInt8](repeating: 0, count: random.below(300))
            for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
            if !bytes.isEmpty { bytes[0] = UInt8(0x40 + random.below(15)) }
            let garbage = bytes
            for member in 0...1 {
                rig.speak(member) { core, now, mail in
                    core.receive(garbage, from: stranger, at: now, into: &mail)
                }
            }
        }
        #expect(rig.members[1].core.stageCount == 1)
        #expect(rig.members[1].core.counters.malformed > 0)
        #expect(rig.losses.isEmpty)
    }
}
