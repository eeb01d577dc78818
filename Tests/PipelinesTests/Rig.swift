import Identity
import Pipelines
import Primitives
import Wire

/// One entry and nodes that run layers, in virtual time: letters take half a millisecond each way,
/// layers a millisecond. Every node is a production core; only sessions are left out.
final class Rig {
    enum Event {
        case letter(Letter, from: NodeID)
        case computed(RequestID, Step, [UInt8]?)
        case lookedUp(Step)
        case act((Rig) -> Void)
    }

    final class Member {
        let keys: NodeKeys
        let record: NodeRecord
        let layers: LayerRange
        var core: PipelineCore
        var caches: [RequestID: TinyCache] = [:]
        var isAlive = true
        /// Letters and timers wait while it is paused.
        var waiting: [Event]?
        var stepTime = Interval.milliseconds(1)
        /// The most steps of one request that it had in hand at once.
        var handedMaximum = 0
        /// Steps that are under way come to nothing.
        var abandons = false
        /// What came of rows of all requests, where the member keeps it.
        var kept: [Digest: KeptRow]?
        /// It says that it has kept rows though it has not.
        var boasts = false
        var keptStepCount = 0
        /// How long it takes to see whether what came of named rows was kept.
        var lookupTime = Interval.microseconds(10)

        init(_ number: Int, layers: LayerRange, keptByteLimit: Int) {
            keys = .seeded(UInt64(40 + number))
            record = NodeRecord(
                keys: keys, sequence: 1,
                addresses: [PeerAddress(127, 0, 0, 1, port: UInt16(7_000 + number))])
            self.layers = layers
            core = PipelineCore(
                keys: keys, record: record, puzzleBitCount: 0, firstNumber: 1,
                keptByteLimit: keptByteLimit)
        }

        var link: ChainLink { ChainLink(record: record, layers: layers) }
    }

    static let hiddenSize = 2
    static let rowByteCount = hiddenSize * 4
    let model = Digest(Bytes32(first: 1, second: 2, third: 3, fourth: 4))
    let layerCount: Int
    let members: [Member]
    var now = Instant(nanoseconds: 1_000_000_000)
    private var queue: [(at: Instant, order: Int, to: Int, event: Event)] = []
    private var order = 0
    /// Of all letters.
    var sentByteCount = 0
    var letterTime: (Letter) -> Interval = { _ in .microseconds(500) }

    // What the entry's shell does and sees.
    var request: RequestID?
    var steps: [(position: Int, rowCount: Int, rows: [UInt8])] = []
    var expected: [[UInt8]] = []
    var results: [[UInt8]] = []
    var resultTimes: [Instant] = []
    var sentCount = 0
    var decodeCount = 0
    /// Rows guessed ahead with each decoded one: by turns none of them holds and one does.
    var draftCount = 0
    private var promptCount = 0
    var alone: TinyCache
    var losses: [StageLoss] = []
    var accounts: [StageAccount] = []
    var failure: RequestFailure?
    var mendCount = 0
    var rewindCount = 0
    /// Pairs of members: who gave its cache to whom.
    var handoffs: [[Int]] = []
    /// Who was to be an heir and is none.
    var lostHeirs: [Int] = []
    /// Positions that heirs were given.
    var inheritedPositions = 0
    /// Who gets a leaving stage's cache; nil where nobody does.
    var heirs: (Rig, LayerRange) -> ChainLink? = { rig, layers in
        rig.spareHeir(for: layers, besides: [])
    }
    /// Sees each letter (its kind, from whom, to whom) as it is sent; false loses it.
    var onLetter: (Rig, UInt8, Int, Int) -> Bool = { _, _, _, _ in true }
    /// Who fills a gap; nil leaves it open until the next try.
    var filler: (Rig, LayerRange) -> [ChainLink]? = { rig, gap in rig.spare(for: gap) }

    /// Member 0 is the entry; the others hold `layers`, one each.
    init(layerCount: Int, _ layers: [LayerRange], keptByteLimit: Int = Limits.keptByteCount) {
        self.layerCount = layerCount
        alone = TinyCache(layers: LayerRange(0, layerCount))
        members = ([LayerRange(0, 0)] + layers).enumerated().map { number, layers in
            Member(number, layers: layers, keptByteLimit: keptByteLimit)
        }
        for number in members.indices.dropFirst() { accept(number) }
    }

    // MARK: the world

    func after(_ time: Interval, _ act: @escaping (Rig) -> Void) {
        add(.act(act), to: 0, after: time)
    }

    func isUp(_ number: Int) -> Bool { members[number].isAlive && members[number].waiting == nil }
    func kill(_ number: Int) { members[number].isAlive = false }
    func pause(_ number: Int) { members[number].waiting = members[number].waiting ?? [] }

    func wake(_ number: Int) {
        let waiting = members[number].waiting ?? []
        members[number].waiting = nil
        for event in waiting { add(event, to: number, after: .zero) }
    }

    /// The member's owner is back: it computes and keeps what it has for so many milliseconds.
    func drain(_ number: Int, serve: Int = 500, keep: Int = 2_000) {
        speak(number) { core, now, mail in
            core.drain(
                computeUntil: now + .milliseconds(serve), until: now + .milliseconds(keep),
                at: now, into: &mail)
        }
    }

    /// The member takes stages, again after a drain.
    func accept(_ number: Int) {
        let holding = Holding(
            model: model, layers: members[number].layers, layerCount: layerCount, hasEnds: false)
        members[number].core.setHoldings([holding], acceptsStages: true)
    }

    /// Sessions with a node end everywhere, as its neighbours come to see.
    func tellLost(_ number: Int) {
        let id = members[number].keys.id
        for member in members.indices where member != number && members[member].isAlive {
            speak(member) { core, now, mail in core.peerLost(id, at: now, into: &mail) }
        }
    }

    func add(_ event: Event, to number: Int, after time: Interval) {
        queue.append((now + time, order, number, event))
        order += 1
    }

    /// Lets time pass: events in their order, timers when they are due.
    func run(_ time: Interval, until isDone: (Rig) -> Bool = { _ in false }) {
        let end = now + time
        while !isDone(self) {
            let next = queue.indices.min {
                (queue[$0].at, queue[$0].order) < (queue[$1].at, queue[$1].order)
            }
            let timer = members.indices.filter { members[$0].isAlive && members[$0].waiting == nil }
                .min { members[$0].core.nextDeadline < members[$1].core.nextDeadline }
            let timerAt = timer.map { members[$0].core.nextDeadline } ?? .never
            if let next, queue[next].at <= timerAt, queue[next].at <= end {
                let item = queue.remove(at: next)
                now = max(now, item.at)
                handle(item.event, at: item.to)
            } else if let timer, timerAt <= end {
                now = max(now, timerAt)
                speak(timer) { core, now, mail in core.fire(at: now, into: &mail) }
            } else {
                now = end
                return
            }
        }
    }

    private func handle(_ event: Event, at number: Int) {
        if case .act(let act) = event { return act(self) }
        let member = members[number]
        guard member.isAlive else { return }
        if member.waiting != nil {
            member.waiting?.append(event)
            return
        }
        switch event {
        case .letter(let letter, let from):
            speak(number) { core, now, mail in
                core.receive(letter.bytes, from: from, at: now, into: &mail)
            }
        case .computed(let id, let step, let output): computed(id, step, output, by: number)
        case .lookedUp(let step): take(step, by: number)
        case .act: break
        }
    }

    /// A step was run: the one behind it begins, or none of them comes to anything.
    func computed(_ id: RequestID, _ step: Step, _ output: [UInt8]?, by number: Int) {
        let member = members[number]
        var given = [(step, member.abandons ? nil : output)]
        if member.caches[id]?.steps.first == step {
            if member.abandons {
                member.caches[id]?.truncate(to: step.position)
                given += member.caches[id]?.steps.dropFirst().map { ($0, nil) } ?? []
                member.caches[id]?.steps = []
            } else {
                member.caches[id]?.steps.removeFirst()
                if let next = member.caches[id]?.steps.first { run(next, by: number) }
            }
        }
        for (step, output) in given {
            speak(number) { core, now, mail in
                core.computed(
                    id, step: step, output: output, microseconds: 5, at: now, into: &mail)
            }
        }
    }

    private func run(_ step: Step, by number: Int) {
        let member = members[number]
        var output: [UInt8]?
        if let position = member.caches[step.request]?.position, position > step.position {
            member.caches[step.request]?.truncate(to: step.position)
        }
        if step.isNamed { return look(up: step, by: number) }
        if member.caches[step.request]?.position == step.position {
            let whole = member.caches[step.request]?.run(step.rows, Rig.rowByteCount) ?? []
            member.keep(whole, of: step)
            output = whole.suffix(step.outputCount * Rig.rowByteCount)
        }
        add(.computed(step.request, step, output), to: number, after: member.stepTime)
    }

    @discardableResult
    func speak<Value>(
        _ number: Int, _ body: (inout PipelineCore, Instant, inout Mail) -> Value
    ) -> Value {
        let member = members[number]
        var mail = Mail()
        let value = body(&member.core, now, &mail)
        while let event = member.core.nextEvent() { answer(event, of: number, &mail) }
        while let letter = mail.next() {
            guard let to = members.firstIndex(where: { $0.keys.id == letter.recipient }) else {
                continue
            }
            guard onLetter(self, letter.bytes[0], number, to) else { continue }
            sentByteCount += letter.bytes.count
            let time = letterTime(letter)
            add(.letter(letter, from: member.keys.id), to: to, after: time)
        }
        return value
    }

    private func answer(_ event: PipelineEvent, of number: Int, _ mail: inout Mail) {
        let member = members[number]
        switch event {
        case .openCache(let offer):
            let names = RowNames(
                entry: offer.request.entry, model: offer.model, layer: offer.layers.lower)
            member.caches[offer.request] = TinyCache(layers: offer.layers, names: names)
            member.core.cacheOpened(
                offer.request, refusal: nil,
                keepsRows: member.boasts || member.kept?.isEmpty == false, at: now, into: &mail)
        case .compute(_, let step):
            member.caches[step.request]?.steps.append(step)
            let handedCount = member.caches[step.request]?.steps.count ?? 0
            member.handedMaximum = max(member.handedMaximum, handedCount)
            if handedCount == 1 { run(step, by: number) }
        case .exportCache(let id, let from, let end):
            // Ten positions at a time.
            let end = min(end, from + 10)
            let bytes = member.caches[id]?.bytes(of: from..<end)
            member.core.cacheExported(
                id, from: from, upTo: end, bytes: bytes, at: now, into: &mail)
        case .importCache(let id, let from, let bytes):
            let position = member.caches[id]?.append(bytes, at: from)
            inheritedPositions += (position ?? from) - from
            member.core.cacheImported(id, position: position, at: now, into: &mail)
        case .leaving(let id, let node, let layers):
            guard let heir = heirs(self, layers) else { return }
            member.core.appoint(id, heir: heir, of: node, at: now, into: &mail)
        case .handedOver(_, let from, let to):
            handoffs.append(
                [from, to].compactMap { id in members.firstIndex { $0.keys.id == id } })
        case .closeCache(let id): member.caches[id] = nil
        case .opened: sendSteps(&mail)
        case .stepDone(let step): receive(step, &mail)
        case .broken(_, let lost):
            losses += lost
            fill(&mail)
        case .mended: mendCount += 1
        case .rewound:
            rewindCount += 1
            sentCount = 0
            results = []
            sendSteps(&mail)
        case .failed(_, let why): failure = why
        case .account(let account): accounts.append(account)
        case .heirLost(_, let node, _):
            lostHeirs += members.indices.filter { members[$0].keys.id == node }
        case .meet, .layersWanted, .overdue: break
        }
    }

    // MARK: the entry's shell

    /// Opens a request over `chain` and asks for a text: prompt steps of these row counts, then
    /// `decodeCount` steps of one row, each made of the result before it.
    func ask(_ chain: [ChainLink], prompt: [Int], decodeCount: Int) {
        self.decodeCount = decodeCount
        promptCount = prompt.count
        var byte = UInt8(1)
        for rowCount in prompt {
            var rows: [UInt8] = []
            for _ in 0..<rowCount * Rig.rowByteCount {
                rows.append(byte)
                byte = byte &* 5 &+ 1
            }
            addStep(rows)
        }
        request = speak(0) { core, now, mail in
            core.open(
                model: model, chain: chain, hiddenSize: Rig.hiddenSize, positionLimit: 4_096,
                at: now, into: &mail)
        }
    }

    func addStep(_ rows: [UInt8]) {
        let rowCount = rows.count / Rig.rowByteCount
        // Of drafted rows all results are wanted, of a prompt's steps some or none.
        let wanted = steps.count % 3 + (steps.count + 1 == promptCount ? 1 : 0)
        let resultCount = steps.count < promptCount ? min(rowCount, wanted) : rowCount
        steps.append((alone.position, rowCount, rows))
        expected.append(alone.run(rows, outputCount: resultCount))
    }

    private func sendSteps(_ mail: inout Mail) {
        guard let request else { return }
        while sentCount < steps.count {
            let step = steps[sentCount]
            let isSent = members[0].core.step(
                request, position: step.position, rowCount: step.rowCount,
                resultCount: expected[sentCount].count / Rig.rowByteCount, rows: step.rows,
                mayBeKept: sentCount < promptCount, at: now, into: &mail)
            guard isSent else { return }
            sentCount += 1
        }
    }

    private func receive(_ step: Step, _ mail: inout Mail) {
        results.append(step.rows)
        resultTimes.append(now)
        if results.count == steps.count, decodeCount > 0 {
            decodeCount -= 1
            let isPrompt = results.count <= promptCount
            let held = isPrompt ? step.rowCount - 1 : min(draftCount, decodeCount % 2)
            alone.truncate(to: step.position + held + 1)
            let row = Array(step.rows.dropFirst(held * Rig.rowByteCount).prefix(Rig.rowByteCount))
            let guesses = (0..<draftCount * Rig.rowByteCount).map { UInt8($0 & 0xFF) ^ row[0] }
            addStep(row + guesses)
        }
        sendSteps(&mail)
    }

    /// Fills every gap that somebody can fill; what stays open is tried again soon.
    private func fill(_ mail: inout Mail) {
        guard let request else { return }
        for gap in gaps(of: request) {
            if let links = filler(self, gap) {
                members[0].core.replace(request, layers: gap, with: links, at: now, into: &mail)
            } else {
                after(.milliseconds(200)) { rig in rig.tryAgain() }
            }
        }
    }

    private func tryAgain() {
        guard let request else { return }
        for gap in gaps(of: request) {
            guard let links = filler(self, gap) else {
                after(.milliseconds(200)) { rig in rig.tryAgain() }
                continue
            }
            speak(0) { core, now, mail in
                core.replace(request, layers: gap, with: links, at: now, into: &mail)
            }
        }
    }

    func close() {
        guard let request else { return }
        speak(0) { core, now, mail in core.close(request, at: now, into: &mail) }
    }

    /// Whether the whole text came, each row as one machine alone makes it.
    var isRight: Bool { decodeCount == 0 && results == expected }
    var isDone: Bool { decodeCount == 0 && results.count == expected.count }

    /// The longest wait between two results.
    var longestStall: Interval {
        zip(resultTimes.dropFirst(), resultTimes).map { $0.since($1) }.max() ?? .zero
    }
}
