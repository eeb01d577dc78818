internal import Identity
internal import MeshNode
internal import Pipelines
internal import Primitives
internal import Wire

/// Many production nodes in virtual time, in one thread: the same `Node` that epoll drives.
///
/// A run has two phases. While faults last, only what must never happen is checked: a wrong
/// answer, a trap. Then the world is healed, and must converge: every node has peers, every layer
/// is held, prompts are answered from everywhere, and nothing is left over.
public final class World {
    enum Event {
        case datagram([UInt8], from: PeerAddress, to: PeerAddress)
        case wake(index: Int, life: Int)
        /// Rare and large: kept aside, so that the others stay small.
        indirect case task(ShellAnswer, index: Int, life: Int)
        case crash
        case loseStage
        case restart(index: Int)
        /// The owner is gone again.
        case idle(index: Int, life: Int)
        case partition
        case rejoin
        case prompt
        case check
    }

    /// Answers of a simulated shell that take time.
    enum ShellAnswer {
        case loaded(model: Digest, LayerRange)
        case computed(RequestID, Step, output: [UInt8]?, microseconds: UInt32)
        case rowsNotKnown(RequestID, Step)
    }

    let settings: WorldSettings
    var random: SeededRandom
    var plan: FaultPlan
    var queue = EventQueue<Event>()
    var nodes: [SimulatedNode] = []
    var indexOfAddress = OrderedTable<PeerAddress, Int>()
    var outbox = Outbox()
    var now = Instant(nanoseconds: 1_000_000_000)
    let model: SimulatedModel
    var isHealed = false
    var verdict: WorldVerdict?
    var convergedAt: Instant?
    var healedAt = Instant.never
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    var eventCount: UInt64 = 0
    var datagramCount: UInt64 = 0
    var datagramByteCount: UInt64 = 0
    var promptsFinished = 0
    var promptsFailed = 0
    var promptsFailedCovered = 0
    var stagesLostCount = 0
    /// Steps that a stage had kept, so that their names were enough.
    var keptStepCount = 0
    var longestStall = Interval.zero
    /// When some layer was last held by nobody at all.
    var uncoveredAt = Instant.origin
    /// The world is whole: no more prompts, and what is under way must end and leave nothing.
    var isClosing = false
    var crashCount = 0
    var partitionCount = 0
    /// Sees every effect before it is performed.
    var watch: ((NodeEffect, Int) -> Void)?
    /// Prompts that began after the heal and ended well or not.
    var healedPrompts = (finished: 0, failed: 0)

    public init(_ settings: WorldSettings) {
        precondition(settings.nodeCount > 1)
        self.settings = settings
        random = SeededRandom(seed: settings.seed)
        plan =
            settings.isCalm
            ? .calm
            : .drawn(
                from: &random, nodeCount: settings.nodeCount,
                lossPerMillion: settings.lossPerMillion)
        let suite: CryptoSuite = settings.usesRealCurves ? .sodium : .simulated
        model = SimulatedModel(
            layerCount: settings.layerCount, hiddenSize: 4, name: "simulated",
            keys: .seeded(settings.seed, suite: suite))
        for index in 0..<settings.nodeCount {
            let keys = NodeKeys.seeded(settings.seed << 20 | UInt64(index), suite: suite)
            let node = SimulatedNode(
                keys: keys, address: World.address(index, life: 0), random: &random,
                layerLimit: settings.layersPerNode)
            nodes.append(node)
            queue.add(.restart(index: index), at: now + .milliseconds(random.below(500)))
        }
        if let interval = plan.crashInterval { schedule(.crash, about: interval) }
        if let interval = plan.partitionInterval { schedule(.partition, about: interval) }
        if let interval = settings.stageLossInterval { schedule(.loseStage, about: interval) }
        queue.add(.check, at: now + .seconds(1))
        schedule(.prompt, about: settings.promptInterval)
    }

    /// 10.x.y.z, at another port in each life: a node that comes back has moved.
    static func address(_ index: Int, life: Int) -> PeerAddress {
        PeerAddress(
            10, UInt8(index >> 16 & 255), UInt8(index >> 8 & 255), UInt8(index & 255),
            port: UInt16(7_000 + life % 1_000))
    }

    func schedule(_ event: Event, about interval: Interval) {
        queue.add(event, at: now + random.interval(interval / 2, interval + interval / 2))
    }

    /// Runs the world to its end.
    public func run() -> WorldReport {
        let start = now
        let end = now + settings.roughFor
        advance(to: end)
        if verdict == nil { heal() }
        let deadline = now + settings.healWithin
        while verdict == nil, convergedAt == nil, now < deadline {
            advance(to: min(deadline, now + .seconds(1)))
        }
        if verdict == nil {
            verdict = convergedAt == nil ? .stuck(whatIsMissing() ?? "time") : .converged
        }
        if verdict == .converged { empty() }
        let seconds = now.since(start).seconds
        return WorldReport(
            verdict: verdict ?? .converged, digest: digest, eventCount: eventCount,
            datagramCount: datagramCount, datagramByteCount: datagramByteCount,
            promptsFinished: promptsFinished, promptsFailed: promptsFailed,
            promptsFailedCovered: promptsFailedCovered,
            longestStallSeconds: longestStall.seconds, stagesLostCount: stagesLostCount,
            keptStepCount: keptStepCount,
            crashCount: crashCount, partitionCount: partitionCount,
            healSeconds: (convergedAt ?? now).since(healedAt).seconds, virtualSeconds: seconds,
            bytesPerNodeSecond: Int(
                Double(datagramByteCount) / seconds / Double(settings.nodeCount)))
    }

    func advance(to limit: Instant) {
        while verdict == nil, let (instant, event) = queue.next(before: limit) {
            now = instant
            eventCount += 1
            handle(event)
        }
        if verdict == nil { now = limit }
    }

    private func handle(_ event: Event) {
        if waits(event) { return }
        switch event {
        case .datagram(let bytes, let from, let to): arrive(bytes, from: from, to: to)
        case .wake(let index, let life): wake(index, life: life)
        case .task(let task, let index, let life): finish(task, index: index, life: life)
        case .crash: crash()
        case .loseStage: loseStage()
        case .restart(let index): start(index)
        case .idle(let index, let life): setPresence(.idle, of: index, life: life)
        case .partition: partition()
        case .rejoin: for node in nodes { node.side = 0 }
        case .prompt: prompt()
        case .check: check()
        }
    }

    /// Folds what happened into the digest (FNV-1a).
    func fold(_ value: UInt64) {
        digest = (digest ^ value) &* 0x0000_0100_0000_01B3
    }
}
