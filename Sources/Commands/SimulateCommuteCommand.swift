import Primitives
import Runtime
import Simulation

/// `bored simulate --commute`: a day in which half of all nodes drive away within an hour, twice.
enum SimulateCommuteCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let first = try settings.seed("seed") ?? 1
        let count = try settings.integer("seeds", in: 1...1_000_000) ?? 1
        var exitCode: Int32 = 0
        for offset in 0..<count {
            let commute = try commuteSettings(settings, seed: first &+ UInt64(offset))
            let seed = commute.world.seed
            if !settings.wantsJSON {
                Console.line(SimulateCommand.repeatCommand(settings, seed: seed))
            }
            let start = SystemClock.now()
            let report = Commute(commute).run()
            let took = SystemClock.now().since(start)
            print(report, seed: seed, took: took.seconds, settings)
            exitCode = max(exitCode, report.exitCode)
        }
        return exitCode
    }

    private static func commuteSettings(
        _ settings: Settings, seed: UInt64
    ) throws -> CommuteSettings {
        let world = try SimulateCommand.worldSettings(settings, seed: seed)
        var commute = CommuteSettings(nodeCount: world.nodeCount, seed: seed)
        commute.world.layerCount = world.layerCount
        commute.world.usesRealCurves = world.usesRealCurves
        commute.world.activeViewCount = world.activeViewCount
        commute.world.neighbourhoodCount = world.neighbourhoodCount
        commute.lossPerMillion = settings.flag("calm") ? 0 : world.lossPerMillion
        let minutes = try settings.number("minutes", in: 0.1...10_000) ?? 1
        commute.hour = .milliseconds(Int(minutes * 60_000 / 24))
        // As busy for each node, whatever the world's size.
        commute.promptInterval = .milliseconds(max(1, 60_000 / world.nodeCount))
        return commute
    }

    private static func print(
        _ report: CommuteReport, seed: UInt64, took: Double, _ settings: Settings
    ) {
        guard !settings.wantsJSON else { return Console.line(object(report, seed, took).text) }
        let verdict = report.fault.map { "WRONG: \($0)" } ?? "kept its word"
        let share = decimal(Double(report.failedPerMillion) / 10_000, 3)
        Console.line(
            "  \(verdict); \(report.departures) departures (\(report.suddenDepartures) without a "
                + "word); prompts: \(report.promptsFinished) of \(report.promptsAsked) answered, "
                + "\(report.promptsGoneWithEntry) gone with their entry, "
                + "\(report.promptsUncovered) failed for layers nobody held (\(share) %), "
                + "\(report.promptsFailedCovered) otherwise")
        Console.line(
            "  some layer without a holder for \(decimal(report.uncoveredSeconds, 1)) s of "
                + "\(decimal(report.virtualSeconds, 0)); \(report.placementMoves) choices; "
                + "per node and hour: gossip \(kilobytes(report.gossipBytesPerNodeHour)), ads and "
                + "lookups \(kilobytes(report.dhtBytesPerNodeHour)), requests "
                + "\(kilobytes(report.requestBytesPerNodeHour)), packets and all "
                + "\(kilobytes(report.bytesPerNodeHour)); digest "
                + String(report.digest, radix: 16) + "; \(decimal(took, 0)) s")
    }

    private static func kilobytes(_ count: Int) -> String {
        "\(decimal(Double(count) / 1_000, 0)) kB"
    }

    private static func object(_ report: CommuteReport, _ seed: UInt64, _ took: Double) -> JSONLine
    {
        var line = JSONLine()
        line.add("seed", raw: String(seed))
        line.add("fault", raw: report.fault.map { JSONText.quoted($0) } ?? "null")
        line.add("digest", String(report.digest, radix: 16))
        line.add("nodes", report.nodeCount)
        line.add("virtualSeconds", report.virtualSeconds)
        line.add("departures", report.departures)
        line.add("suddenDepartures", report.suddenDepartures)
        line.add("promptsAsked", report.promptsAsked)
        line.add("promptsFinished", report.promptsFinished)
        line.add("promptsGoneWithEntry", report.promptsGoneWithEntry)
        line.add("promptsUncovered", report.promptsUncovered)
        line.add("promptsFailedCovered", report.promptsFailedCovered)
        line.add("promptsHung", report.promptsHung)
        line.add("failedPerMillion", report.failedPerMillion)
        line.add("stagesLeaked", report.stagesLeaked)
        line.add("uncoveredSeconds", report.uncoveredSeconds)
        line.add("placementMoves", report.placementMoves)
        line.add("gossipBytesPerNodeHour", report.gossipBytesPerNodeHour)
        line.add("dhtBytesPerNodeHour", report.dhtBytesPerNodeHour)
        line.add("pieceBytesPerNodeHour", report.pieceBytesPerNodeHour)
        line.add("requestBytesPerNodeHour", report.requestBytesPerNodeHour)
        line.add("bytesPerNodeHour", report.bytesPerNodeHour)
        line.add("seconds", took)
        return line
    }
}
