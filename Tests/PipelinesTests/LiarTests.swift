import Foundation
import Identity
import Pipelines
import Primitives
import Testing
import Wire

/// `BORED_LIAR_MOVES` sets how many moves each seed makes.
private let moveCount =
    ProcessInfo.processInfo.environment["BORED_LIAR_MOVES"].flatMap { Int($0) } ?? 20_000

/// A node between liars: its own shell is honest, if slow.
private struct Victim: ~Copyable {
    var liar: Liar
    var core: PipelineCore
    var now = Instant.origin + .seconds(1)
    private var mail = Mail()
    /// What the shell has still to answer.
    private var pending: [PipelineEvent] = []
    /// Of the victim's own requests: where the next step begins.
    private var positions: [RequestID: Int] = [:]
    private(set) var doneCount = 0

    init(seed: UInt64) {
        liar = Liar(seed: seed)
        core = PipelineCore(
            keys: liar.nodes[0].keys, record: liar.nodes[0].record, puzzleBitCount: 0,
            firstNumber: 1, keptByteLimit: 400)
        serve()
    }

    private mutating func serve() {
        let holding = Holding(
            model: liar.model, layers: LayerRange(0, Liar.layerCount),
            layerCount: Liar.layerCount, hasEnds: true)
        core.setHoldings([holding], acceptsStages: true)
    }

    private mutating func below(_ bound: Int) -> Int { liar.random.below(bound) }

    mutating func turn() {
        now = now + .microseconds(below(200) == 0 ? below(5_000_000) : below(4_000))
        switch below(100) {
        case 0: open()
        case 1: core.peerLost(liar.nodes[liar.someone()].keys.id, at: now, into: &mail)
        case 2 where below(20) == 0:
            core.drain(
                computeUntil: now + .milliseconds(50), until: now + .seconds(1), at: now,
                into: &mail)
        case 3 where below(20) == 0: serve()
        case 4, 5: send()
        case 6...30: answerPending()
        default:
            let message = liar.message()
            core.receive(message.bytes, from: message.from, at: now, into: &mail)
        }
        settle()
        if core.nextDeadline <= now { core.fire(at: now, into: &mail) }
        settle()
    }

    private mutating func open() {
        guard core.requestCount < 3 else { return }
        let chain = [liar.link(LayerRange(0, 3)), liar.link(LayerRange(3, 6))]
        let id = core.open(
            model: liar.model, chain: chain, hiddenSize: Liar.hiddenSize, positionLimit: 64,
            at: now, into: &mail)
        positions[id] = 0
    }

    private mutating func send() {
        let ids = positions.keys.sorted { $0.number < $1.number }
        guard let id = ids.randomElement(using: &liar.random) else { return }
        let position = min(positions[id] ?? 0, 50)
        let rowCount = 1 + below(4)
        let isSent = core.step(
            id, position: position, rowCount: rowCount, resultCount: below(rowCount + 1),
            rows: [UInt8](repeating: 9, count: rowCount * 4 * Liar.hiddenSize),
            mayBeKept: below(2) == 0, at: now, into: &mail)
        if isSent { positions[id] = position + rowCount }
    }

    /// Takes letters and events.
    private mutating func settle() {
        while let event = core.nextEvent() { take(event) }
        while let letter = mail.next() { liar.note(letter) }
    }

    private mutating func take(_ event: PipelineEvent) {
        switch event {
        case .openCache, .compute, .exportCache, .importCache: pending.append(event)
        case .closeCache(let id):
            pending.removeAll { event in
                if case .compute(_, let step) = event { return step.request == id }
                return false
            }
        case .broken(let id, let losses):
            for loss in losses {
                let isFilled = core.replace(
                    id, layers: loss.layers, with: [liar.link(loss.layers)], at: now, into: &mail)
                guard !isFilled || below(8) == 0 else { continue }
                core.cancel(id, into: &mail)
                positions[id] = nil
                return
            }
        case .leaving(let id, let node, let layers):
            core.appoint(id, heir: liar.link(layers), of: node, at: now, into: &mail)
        case .rewound(let id): positions[id] = 0
        case .stepDone: doneCount += 1
        case .failed(let id, _): positions[id] = nil
        default: break
        }
    }

    private mutating func answerPending() {
        guard !pending.isEmpty else { return }
        switch pending.remove(at: below(pending.count)) {
        case .openCache(let offer):
            core.cacheOpened(
                offer.request, refusal: below(10) == 0 ? .memory : nil, keepsRows: below(2) == 0,
                at: now, into: &mail)
        case .compute(_, let step):
            if step.isNamed, below(2) == 0 {
                core.rowsNotKnown(step.request, step: step, at: now, into: &mail)
                return
            }
            let output = [UInt8](repeating: 7, count: step.outputCount * 4 * Liar.hiddenSize)
            core.computed(
                step.request, step: step, output: below(30) == 0 ? nil : output, microseconds: 5,
                at: now, into: &mail)
        case .exportCache(let id, let from, let end):
            let bytes: [UInt8]? = below(10) == 0 ? nil : [1, 2, 3]
            core.cacheExported(
                id, from: from, upTo: from + 1 + below(max(1, end - from)), bytes: bytes, at: now,
                into: &mail)
        case .importCache(let id, let from, _):
            core.cacheImported(
                id, position: below(10) == 0 ? nil : from + 1 + below(3), at: now, into: &mail)
        default: break
        }
    }
}

@Suite struct `a node between liars` {
    @Test(arguments: 0..<40) func `lives on, whatever they say in whatever order`(seed: Int) {
        var victim = Victim(seed: UInt64(seed))
        for _ in 0..<moveCount { victim.turn() }
        let counters = victim.core.counters
        // It was no quarrel about form: work was done on both sides.
        #expect(counters.stagesOpened > 20 && counters.stepsRun > 20, "\(counters)")
        #expect(victim.doneCount > 5 && counters.requestsMended > 0, "\(counters)")
    }
}
