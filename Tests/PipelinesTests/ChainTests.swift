import Identity
import Pipelines
import Primitives
import Testing
import Wire

/// One entry and its stages, letters carried by hand.
struct Line: ~Copyable {
    let keys: [NodeKeys]
    let records: [NodeRecord]
    let model = Digest(Bytes32(first: 1, second: 2, third: 3, fourth: 4))
    private let cores: [Box]
    var now = Instant(nanoseconds: 1_000_000_000)
    var events: [PipelineEvent] = []
    /// Letters to these nodes are lost.
    var isSilent: [NodeID] = []

    final class Box {
        var core: PipelineCore
        init(_ core: consuming PipelineCore) { self.core = core }
    }

    /// The entry first, then stages of two layers each.
    init(stageCount: Int) {
        keys = (0...stageCount).map { NodeKeys.seeded(UInt64(40 + $0)) }
        records = keys.enumerated().map { index, keys in
            NodeRecord(
                keys: keys, sequence: 1,
                addresses: [PeerAddress(127, 0, 0, 1, port: UInt16(7_000 + index))])
        }
        cores = zip(keys, records).map { keys, record in
            Box(PipelineCore(keys: keys, record: record, puzzleBitCount: 0, firstNumber: 1))
        }
        for index in 1...stageCount {
            let layers = LayerRange(2 * index - 2, 2 * index)
            let holding = Holding(
                model: model, layers: layers, layerCount: 2 * stageCount, hasEnds: false)
            cores[index].core.setHoldings([holding], acceptsStages: true)
        }
    }

    var chain: [ChainLink] {
        records.dropFirst().enumerated().map { index, record in
            ChainLink(record: record, layers: LayerRange(2 * index, 2 * index + 2))
        }
    }

    /// Lets one core speak, then carries letters and answers stages until all are quiet.
    mutating func with<Result>(_ index: Int, _ body: (inout PipelineCore, inout Mail) -> Result)
        -> Result
    {
        var letters: [(from: NodeID, Letter)] = []
        func speak<Value>(_ index: Int, _ body: (inout PipelineCore, inout Mail) -> Value) -> Value
        {
            var mail = Mail()
            let value = body(&cores[index].core, &mail)
            while let letter = mail.next() { letters.append((keys[index].id, letter)) }
            return value
        }
        let result = speak(index, body)
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for index in cores.indices {
                while let event = cores[index].core.nextEvent() {
                    isQuiet = false
                    switch event {
                    case .openCache(let offer):
                        speak(index) { core, mail in
                            core.cacheOpened(
                                offer.request, isOpen: true, at: now, into: &mail)
                        }
                    case .compute(let offer, let step):
                        let output = step.rows.map { $0 &+ UInt8(offer.layers.count) }
                        speak(index) { core, mail in
                            core.computed(
                                step.request, step: step, output: output, microseconds: 5,
                                at: now, into: &mail)
                        }
                    default: events.append(event)
                    }
                }
            }
            guard !letters.isEmpty else { continue }
            isQuiet = false
            let (from, letter) = letters.removeFirst()
            guard !isSilent.contains(letter.recipient),
                let target = keys.firstIndex(where: { $0.id == letter.recipient })
            else { continue }
            speak(target) { core, mail in
                core.receive(letter.bytes, from: from, at: now, into: &mail)
            }
        }
        return result
    }

    mutating func open() -> RequestID {
        let (model, chain, now) = (model, chain, now)
        return with(0) { core, mail in
            core.open(
                model: model, chain: chain, hiddenSize: 2, positionLimit: 32, at: now, into: &mail)
        }
    }

    func counters(_ index: Int) -> PipelineCounters { cores[index].core.counters }
    func stageCount(_ index: Int) -> Int { cores[index].core.stageCount }
}

@Suite struct ChainTests {
    private func failure(_ events: [PipelineEvent]) -> RequestFailure? {
        for case .failed(_, let failure) in events { return failure }
        return nil
    }

    @Test func `steps run through every stage and come back in order, and accounts are signed`() {
        var line = Line(stageCount: 3)
        let id = line.open()
        for position in 0..<4 {
            let now = line.now
            let isSent = line.with(0) { core, mail in
                core.step(
                    id, position: position, rowCount: 1, rows: Array(repeating: 1, count: 8),
                    at: now, into: &mail)
            }
            #expect(isSent)
        }
        let now = line.now
        line.with(0) { core, mail in core.close(id, at: now, into: &mail) }
        var positions: [Int] = []
        var accounts: [StageAccount] = []
        for event in line.events {
            if case .stepDone(let step) = event {
                positions.append(step.position)
                #expect(step.rows == Array(repeating: 7, count: 8))
                #expect(step.stageMicroseconds == [5, 5, 5])
            }
            if case .account(let account) = event { accounts.append(account) }
        }
        #expect(positions == [0, 1, 2, 3])
        #expect(accounts.count == 3)
        for account in accounts {
            #expect(account.stepCount == 4 && account.positionCount == 4)
            let key = line.keys[account.stageIndex + 1].signingKey
            let signature = Signature(Array(account.encoded.suffix(64)))
            let body = Array(account.encoded.dropLast(64))
            #expect(CryptoSuite.sodium.verify(signature, of: body, by: key))
        }
        #expect((1...3).allSatisfy { line.stageCount($0) == 0 })
    }

    @Test func `a node that does not hold the layers refuses, and the entry is told who and why`() {
        var line = Line(stageCount: 2)
        let now = line.now
        let wrong = [
            ChainLink(record: line.records[1], layers: LayerRange(0, 4))
        ]
        let model = line.model
        _ = line.with(0) { core, mail in
            core.open(
                model: model, chain: wrong, hiddenSize: 2, positionLimit: 8, at: now, into: &mail)
        }
        #expect(
            failure(line.events)
                == .refused(line.keys[1].id, LayerRange(0, 4), .layersNotHeld))
    }

    @Test func `a lost stage ends its request at once and frees the others`() {
        var line = Line(stageCount: 3)
        _ = line.open()
        let (lost, now) = (line.keys[2].id, line.now)
        line.with(0) { core, mail in core.peerLost(lost, at: now, into: &mail) }
        #expect(failure(line.events) == .stageLost(lost, LayerRange(2, 4)))
        #expect(line.stageCount(1) == 0 && line.stageCount(3) == 0)
    }

    @Test func `a stage whose successor is gone says so to the entry`() {
        var line = Line(stageCount: 3)
        _ = line.open()
        let (lost, now) = (line.keys[3].id, line.now)
        line.with(2) { core, mail in core.peerLost(lost, at: now, into: &mail) }
        #expect(
            failure(line.events)
                == .stageFailed(lost, LayerRange(4, 6), .nextUnreachable))
    }

    @Test func `silence ends a request by its deadline`() {
        var line = Line(stageCount: 2)
        let id = line.open()
        line.isSilent = [line.keys[2].id]
        let now = line.now
        _ = line.with(0) { core, mail in
            core.step(
                id, position: 0, rowCount: 1, rows: Array(repeating: 0, count: 8), at: now,
                into: &mail)
        }
        let later = line.now + Limits.stepTimeout
        line.with(0) { core, mail in core.fire(at: later, into: &mail) }
        #expect(failure(line.events) == .stepTimeout)
    }

    @Test func `an entry that is gone leaves nothing behind`() {
        var line = Line(stageCount: 2)
        _ = line.open()
        let (entry, now) = (line.keys[0].id, line.now)
        for stage in 1...2 {
            line.with(stage) { core, mail in core.peerLost(entry, at: now, into: &mail) }
            #expect(line.stageCount(stage) == 0)
        }
    }

    @Test(arguments: [UInt64](1...3))
    func `no bytes of a stranger do more than count`(seed: UInt64) {
        var line = Line(stageCount: 1)
        _ = line.open()
        var random = SeededRandom(seed: seed)
        let (stranger, now) = (NodeKeys.seeded(99).id, line.now)
        for _ in 0..<5_000 {
            var bytes = [UInt8](repeating: 0, count: random.below(300))
            for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
            if !bytes.isEmpty { bytes[0] = UInt8(0x40 + random.below(9)) }
            let garbage = bytes
            line.with(1) { core, mail in
                core.receive(garbage, from: stranger, at: now, into: &mail)
            }
        }
        #expect(line.stageCount(1) == 1)
        #expect(line.counters(1).malformed > 0)
    }
}
