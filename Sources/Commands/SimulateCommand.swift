import Primitives
import Simulation

/// `bored simulate`: worlds of production nodes in virtual time.
enum SimulateCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        if settings.flag("commute") { return try SimulateCommuteCommand.run(settings) }
        let first = try settings.seed("seed") ?? 1
        let count = try settings.integer("seeds", in: 1...1_000_000) ?? 1
        var exitCode: Int32 = 0
        for offset in 0..<count {
            let world = try worldSettings(settings, seed: first &+ UInt64(offset))
            let command = repeatCommand(settings, seed: world.seed)
            if !settings.wantsJSON { Console.line(command) }
            let report = World(world).run()
            print(report, seed: world.seed, settings)
            exitCode = max(exitCode, report.verdict.exitCode)
        }
        return exitCode
    }

    static func worldSettings(_ settings: Settings, seed: UInt64) throws -> WorldSettings {
        let nodeCount = try settings.integer("nodes", in: 2...100_000) ?? 100
        var world = WorldSettings(nodeCount: nodeCount, seed: seed)
        world.roughFor = .seconds(Int(60 * (try settings.number("minutes", in: 0...10_000) ?? 1)))
        world.lossPerMillion = Int(10_000 * (try settings.number("loss", in: 0...50) ?? 5))
        world.layerCount = try settings.integer("layers", in: 1...256) ?? 8
        world.isCalm = settings.flag("calm")
        world.usesRealCurves = settings.flag("curves")
        if let seconds = try settings.number("lose", in: 0.01...10_000) {
            world.stageLossInterval = .milliseconds(Int(1_000 * seconds))
        }
        if let view = try settings.integer("view", in: 2...64) {
            world.activeViewCount = view
            world.neighbourhoodCount = 4 * view
        }
        return world
    }

    /// What somebody types to see the same world again.
    static func repeatCommand(_ settings: Settings, seed: UInt64) -> String {
        var words = ["bored simulate"]
        for option in settings.command.options where option.name != "seed" && option.name != "seeds"
        {
            guard let value = settings.string(option.name), option.name != "json" else { continue }
            words.append(option.kind == .flag ? "--\(option.name)" : "--\(option.name) \(value)")
        }
        return (words + ["--seed \(seed)"]).joined(separator: " ")
    }

    private static func print(_ report: WorldReport, seed: UInt64, _ settings: Settings) {
        let words: String
        switch report.verdict {
        case .converged: words = "converged"
        case .stuck(let what): words = "stuck: \(what)"
        case .wrong(let what): words = "wrong: \(what)"
        }
        let digest = String(report.digest, radix: 16)
        guard settings.wantsJSON else {
            Console.line(
                "  \(words) \(decimal(report.healSeconds, 0)) s after the heal; digest \(digest); "
                    + "\(report.eventCount) events, \(report.crashCount) crashes, "
                    + "\(report.partitionCount) partitions; prompts \(report.promptsFinished) "
                    + "answered, \(report.promptsFailed) not (\(report.promptsFailedCovered) of "
                    + "these with every layer held); \(report.stagesLostCount) stages lost, "
                    + "longest stall \(decimal(report.longestStallSeconds, 1)) s; "
                    + "\(report.bytesPerNodeSecond) bytes per node and second")
            return
        }
        var line = JSONLine()
        line.add("seed", raw: String(seed))
        line.add("verdict", words)
        line.add("digest", digest)
        line.add("healSeconds", report.healSeconds)
        line.add("virtualSeconds", report.virtualSeconds)
        line.add("events", raw: String(report.eventCount))
        line.add("datagrams", raw: String(report.datagramCount))
        line.add("crashes", report.crashCount)
        line.add("partitions", report.partitionCount)
        line.add("promptsFinished", report.promptsFinished)
        line.add("promptsFailed", report.promptsFailed)
        line.add("promptsFailedCovered", report.promptsFailedCovered)
        line.add("stagesLost", report.stagesLostCount)
        line.add("longestStallSeconds", report.longestStallSeconds)
        line.add("bytesPerNodeSecond", report.bytesPerNodeSecond)
        Console.line(line.text)
    }
}
