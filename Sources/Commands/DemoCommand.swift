import Glibc
import MeshNode
import Primitives
import Runtime
import Tensors
import Transformers
import Wire

/// `bored demo`: the main job on one machine, with real processes.
enum DemoCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        if settings.flag("commute") { return try CommuteDemo.run(settings) }
        let nodeCount = try settings.integer("nodes", in: 1...64) ?? 5
        let layers = try settings.integer("layers", in: 1...Limits.layerCount) ?? 2
        let place = try TemporaryDirectory(prefix: "bored-demo")
        let fleet = Fleet(directory: place.path, swarm: "demo-\(getpid())", layers: layers)
        defer { fleet.stop() }
        say(
            settings, "Starting \(nodeCount) nodes on loopback, each with at most \(layers) layers."
        )
        let start = SystemClock.now()
        try fleet.start(count: nodeCount)
        let first = try fleet.address()
        let asked = try fleet.visitorSettings(settings, text: "What is a mesh?", peer: first)
        let report = try waitUntilCovered(asked, fleet, first, holderCount: 1)
        let covered = SystemClock.now().since(start).seconds
        say(settings, "Every layer is covered after \(decimal(covered, 1)) s:\n")
        if !settings.wantsJSON { Console.out(report.table) }
        return try answer(settings, asked, fleet, first, coveredSeconds: covered)
    }

    private static func say(_ settings: Settings, _ text: String) {
        if !settings.wantsJSON { Console.line(text) }
    }

    /// Looks at the mesh until every node is seen and every layer has so many holders.
    ///
    /// - Parameter asked: settings of a visitor.
    static func waitUntilCovered(
        _ asked: Settings, _ fleet: Fleet, _ address: PeerAddress, holderCount: Int
    ) throws -> HealthReport {
        let nodeCount = fleet.members.count
        var loop = try Visitor.loop(asked, store: nil, contacts: [address])
        let deadline = SystemClock.now() + .seconds(60)
        var report: HealthReport?
        while SystemClock.now() < deadline, !loop.isSignalled {
            report = try HealthCommand.look(&loop, patience: .milliseconds(300))
            let isCovered = report?.models.allSatisfy { model in
                model.holderCounts.allSatisfy { $0 >= holderCount }
            }
            if let report, isCovered == true, !report.models.isEmpty,
                report.nodes.count >= nodeCount
            {
                try loop.leave()
                return report
            }
            loop.with { node, now, outbox in node.meet([address], at: now, into: &outbox) }
        }
        throw CommandError(
            "The nodes did not cover the model in 60 s. The last they said:\n\(fleet.lastWords)")
    }

    private static func answer(
        _ settings: Settings, _ asked: Settings, _ fleet: Fleet, _ address: PeerAddress,
        coveredSeconds: Double
    ) throws -> Int32 {
        let directory = try asked.dataDirectory()
        let store = ModelStore(in: directory)
        try EmbeddedModel.add(to: store, keys: try directory.keys())
        guard let stored = store.models(matching: EmbeddedModel.name).first else {
            throw CommandError("The embedded model is not in the store.")
        }
        let model = try TextModel(stored.manifest, store: store)
        let prompt = try model.promptIDs(for: asked.operands[0], isRaw: false)
        let sampling = try SamplingSettings(
            temperature: 0.7, topP: 0.9, seed: try asked.seed("seed") ?? 7)
        let generation = GenerationSettings(
            sampling: sampling, maximumTokenCount: 200, stopIDs: model.stopIDs)
        say(settings, "\nprompt> \(asked.operands[0])\n")
        var loop = try Visitor.loop(asked, store: store, contacts: [address])
        loop.with { node, now, outbox in
            node.addModel(
                stored.signed, pieces: store.statuses(of: stored.manifest), isServed: false,
                at: now, into: &outbox)
        }
        let printer = AnswerPrinter(settings)
        let overMesh = try MeshAnswer(
            model, promptIDs: prompt, settings: generation, patience: .seconds(20),
            tell: printer.tell
        ).run(on: &loop) { effect in
            if case .requestOpened(_, let seats) = effect { show(seats, settings) }
        }
        try loop.leave()
        let alone = try AloneAnswer.run(
            model, try AloneAnswer.load(model, store: store), promptIDs: prompt,
            settings: generation, kernels: Kernels(level: .detected), crew: SerialCrew(),
            tell: { _ in })
        return conclude(settings, overMesh, alone, coveredSeconds: coveredSeconds)
    }

    private static func show(_ seats: [StageSeat], _ settings: Settings) {
        let stages = seats.map { "\($0.node.short) runs layers \($0.layers)" }
        say(settings, "(chain: \(stages.joined(separator: ", then ")))")
    }

    private static func conclude(
        _ settings: Settings, _ overMesh: Answer, _ alone: Answer, coveredSeconds: Double
    ) -> Int32 {
        let isEqual = overMesh.ids == alone.ids && overMesh.text == alone.text
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("text", overMesh.text)
            line.add("equal", isEqual)
            line.add("coveredSeconds", coveredSeconds)
            line.add("tokensPerSecond", overMesh.stats.tokensPerSecond)
            line.add("aloneTokensPerSecond", alone.stats.tokensPerSecond)
            line.add("stages", overMesh.chain.count)
            Console.line(line.text)
        } else {
            Console.line(
                "\n\n\(overMesh.ids.count) tokens over \(overMesh.chain.count) stages at "
                    + "\(decimal(overMesh.stats.tokensPerSecond, 0)) tokens/s; alone "
                    + "\(decimal(alone.stats.tokensPerSecond, 0)) tokens/s.")
            Console.line(
                isEqual
                    ? "One machine alone gives the same text, token for token."
                    : "ONE MACHINE ALONE GIVES ANOTHER TEXT: \(alone.text)")
        }
        return isEqual ? 0 : 1
    }
}
