internal import Identity
internal import MeshNode
internal import Primitives
internal import Wire

/// Runs a world through a day of commuters, and watches what must never happen: a wrong result, a
/// request that hangs, one that fails though its layers were held, a stage or a cache left over.
public struct Commute: ~Copyable {
    private let settings: CommuteSettings
    private let world: World
    private var random: SeededRandom
    private var plan = EventQueue<Move>()
    private var nextPrompt: Instant
    private var asksPrompts = true
    private var departures = (inOrder: 0, sudden: 0)
    private var goneWithEntry = 0
    private let ledger = CommuteLedger()
    private var uncovered = Interval.zero
    private let start: Instant

    enum Move: Hashable, Sendable {
        case leave(Int)
        /// The process ends: a moment after it took leave.
        case end(Int)
        case park(Int)
    }

    /// How often coverage is looked at, and cars move.
    private static let slice = Interval.milliseconds(250)
    /// A layer that was without a holder so recently excuses a failure: the news of a new holder
    /// takes its time, and so does the search.
    private static let excuse = Interval.seconds(10)
    /// Requests still under way so long after the day hang.
    private static let endPatience = Interval.minutes(3)

    public init(_ settings: CommuteSettings) {
        self.settings = settings
        world = World(settings.world)
        world.plan.lossPerMillion = settings.lossPerMillion
        random = SeededRandom(seed: settings.world.seed ^ 0xC0_44_07E5)
        start = world.now
        nextPrompt = start + settings.hour * CommuteSettings.startHours
        for index in 0..<settings.world.nodeCount where random.below(100) < settings.commuterPercent
        {
            for wave in CommuteSettings.waves {
                let leaving = start + settings.hour * wave + random.interval(.zero, settings.hour)
                let away = random.interval(settings.hour / 2, settings.hour + settings.hour / 2)
                plan.add(.leave(index), at: leaving)
                plan.add(.park(index), at: leaving + away)
            }
        }
        let (world, ledger) = (world, ledger)
        world.watch = { [unowned world] effect, _ in
            if case .requestFailed(_, let end) = effect { ledger.failed(end, at: world.now) }
        }
    }

    /// Lives the day, then waits until everything has come to its end.
    public consuming func run() -> CommuteReport {
        let evening = start + settings.hour * CommuteSettings.hoursOfDay
        while world.now < evening, world.verdict == nil { pass() }
        asksPrompts = false
        let limit = world.now + Self.endPatience
        while promptsUnderWay > 0, world.now < limit, world.verdict == nil { pass() }
        let hung = promptsUnderWay
        let idle = world.now + Limits.stageIdleTimeout + .seconds(10)
        while world.now < idle, hung == 0, world.leftOver > 0, world.verdict == nil { pass() }
        return report(hung: hung)
    }

    private var promptsUnderWay: Int { world.nodes.reduce(0) { $0 + $1.prompts.count } }

    /// A quarter of a second: cars move, prompts are asked, coverage is looked at.
    private mutating func pass() {
        world.advance(to: world.now + Self.slice)
        while let (_, move) = plan.next(before: world.now) { make(move) }
        while asksPrompts, nextPrompt <= world.now {
            let interval = settings.promptInterval
            nextPrompt = nextPrompt + random.interval(interval / 2, interval + interval / 2)
            world.prompt()
        }
        let isEarly = world.now < start + settings.hour * CommuteSettings.startHours
        if world.noteCoverage(in: ledger), !isEarly { uncovered = uncovered + Self.slice }
    }

    private mutating func make(_ move: Move) {
        switch move {
        case .leave(let index):
            guard world.nodes[index].isAlive else { return }
            if random.below(100) < settings.suddenPercent {
                departures.sudden += 1
                end(index)
            } else {
                departures.inOrder += 1
                world.takeLeave(index)
                plan.add(.end(index), at: world.now + Limits.leaveTime)
            }
        case .end(let index): end(index)
        case .park(let index): world.start(index)
        }
    }

    private mutating func end(_ index: Int) {
        guard world.nodes[index].isAlive else { return }
        goneWithEntry += world.nodes[index].prompts.count
        world.noteTraffic(of: index, in: ledger)
        world.stop(index)
    }

    private consuming func report(hung: Int) -> CommuteReport {
        for index in world.nodes.indices { world.noteTraffic(of: index, in: ledger) }
        let leaked = hung == 0 ? world.leftOver : 0
        var fault: String?
        if case .wrong(let what)? = world.verdict { fault = what }
        if fault == nil, ledger.failedCovered > 0 {
            fault =
                "\(ledger.failedCovered) requests failed though their layers were held: "
                + (ledger.firstFailure ?? "")
        }
        if fault == nil, hung > 0 { fault = "\(hung) requests hang" }
        if fault == nil, leaked > 0 { fault = "\(leaked) stages or caches are left over" }
        let seconds = world.now.since(start).seconds
        let nodeHours = max(1e-9, ledger.nodeSeconds / 3_600)
        func perHour(_ bytes: UInt64) -> Int { Int(Double(bytes) / nodeHours) }
        return CommuteReport(
            fault: fault, digest: world.digest, nodeCount: settings.world.nodeCount,
            virtualSeconds: seconds, departures: departures.inOrder + departures.sudden,
            suddenDepartures: departures.sudden,
            promptsAsked: world.promptsFinished + ledger.failedCount + goneWithEntry + hung,
            promptsFinished: world.promptsFinished, promptsGoneWithEntry: goneWithEntry,
            promptsUncovered: ledger.uncovered, promptsFailedCovered: ledger.failedCovered,
            promptsHung: hung, stagesLeaked: leaked, uncoveredSeconds: uncovered.seconds,
            placementMoves: ledger.moves,
            gossipBytesPerNodeHour: perHour(ledger.traffic.gossip),
            dhtBytesPerNodeHour: perHour(ledger.traffic.kademlia),
            pieceBytesPerNodeHour: perHour(ledger.traffic.shards),
            requestBytesPerNodeHour: perHour(ledger.traffic.pipelines),
            bytesPerNodeHour: perHour(world.datagramByteCount))
    }
}
