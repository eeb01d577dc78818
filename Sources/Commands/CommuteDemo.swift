import Glibc
import MeshNode
import Primitives
import Runtime
import Tensors
import Transformers
import Wire

/// `bored demo --commute`: texts go on while owners drive away in the middle of them and others
/// park. Real processes; every departure hits a node that is at work on the text.
enum CommuteDemo {
    static func run(_ settings: Settings) throws -> Int32 {
        let nodeCount = try settings.integer("nodes", in: 4...64) ?? 8
        let layers = try settings.integer("layers", in: 1...Limits.layerCount) ?? 2
        let pace = try settings.integer("pace", in: 0...1_000) ?? 45
        let textCount = try settings.integer("texts", in: 1...100) ?? 3
        let place = try TemporaryDirectory(prefix: "bored-commute")
        let fleet = Fleet(directory: place.path, swarm: "commute-\(getpid())", layers: layers)
        defer { fleet.stop() }
        let screen = CommuteScreen(isJSON: settings.wantsJSON)
        screen.line("\(nodeCount) cars park and lend at most \(layers) layers each.")
        try fleet.start(count: nodeCount)
        let address = try fleet.address()
        let asked = try fleet.visitorSettings(settings, text: "Tell me a story", peer: address)
        _ = try DemoCommand.waitUntilCovered(asked, fleet, address, holderCount: 2)
        screen.line("Every layer of the model has two holders. A reader asks for a text, and")
        screen.line("takes a token of it every \(pace) ms: at full speed it would be over at once.")
        let drive = CommuteDrive(fleet: fleet, screen: screen)
        let reading = try Reading(asked, fleet, drive, screen, pace: .milliseconds(pace))
        let answers = try reading.run(prompt: asked.operands[0], count: textCount)
        return conclude(answers, drive, screen)
    }

    private static func conclude(
        _ answers: [(mesh: Answer, alone: Answer)], _ drive: CommuteDrive, _ screen: CommuteScreen
    ) -> Int32 {
        let isEqual = answers.allSatisfy { mesh, alone in
            mesh.ids == alone.ids && mesh.text == alone.text
        }
        let tokenCount = answers.reduce(0) { $0 + $1.mesh.ids.count }
        let all = drive.stalls()
        let (median, longest) = (all.isEmpty ? 0 : all[all.count / 2], all.last ?? 0)
        screen.line(
            "\n\(tokenCount) tokens, one every \(decimal(drive.usual.seconds * 1_000, 0)) ms. "
                + "\(drive.departures.count) cars at work on them left, "
                + "\(drive.arrivalCount) others parked.")
        screen.line(
            "Stalls of the text: median \(decimal(median, 0)) ms, longest "
                + "\(decimal(longest, 0)) ms.")
        for way in CommuteDrive.Way.allCases {
            let stalls = drive.stalls(way).map { decimal($0, 0) }
            if !stalls.isEmpty {
                screen.line("  \(way.rawValue): \(stalls.joined(separator: ", ")) ms")
            }
        }
        screen.line(
            isEqual
                ? "One machine alone writes the same text, token for token."
                : "ONE MACHINE ALONE WRITES ANOTHER TEXT: \(answers.map(\.alone.text))")
        screen.object(object(answers, drive, isEqual: isEqual, median, longest))
        return isEqual ? 0 : 1
    }

    private static func object(
        _ answers: [(mesh: Answer, alone: Answer)], _ drive: CommuteDrive, isEqual: Bool,
        _ median: Double, _ longest: Double
    ) -> JSONLine {
        var line = JSONLine()
        line.add("texts", answers.map(\.mesh.text))
        line.add("tokens", answers.reduce(0) { $0 + $1.mesh.ids.count })
        line.add("equal", isEqual)
        line.add("usualMilliseconds", drive.usual.seconds * 1_000)
        line.add("medianStallMilliseconds", median)
        line.add("longestStallMilliseconds", longest)
        line.add(
            "departures",
            drive.departures.map { departure in
                var object = JSONLine()
                object.add("car", departure.car)
                object.add("how", departure.way.rawValue)
                object.add("layers", [departure.layers.lower, departure.layers.upper])
                object.add("heirs", departure.heirs)
                if let stall = departure.stall {
                    object.add("stallMilliseconds", stall.seconds * 1_000)
                }
                return object
            })
        line.add("arrivals", drive.arrivalCount)
        return line
    }
}

/// One who reads several texts of the mesh, one after another.
struct Reading {
    private let asked: Settings
    private let fleet: Fleet
    private let drive: CommuteDrive
    private let screen: CommuteScreen
    private let pace: Interval
    private let store: ModelStore

    init(
        _ asked: Settings, _ fleet: Fleet, _ drive: CommuteDrive, _ screen: CommuteScreen,
        pace: Interval
    ) throws {
        self.asked = asked
        self.fleet = fleet
        self.drive = drive
        self.screen = screen
        self.pace = pace
        let directory = try asked.dataDirectory()
        store = ModelStore(in: directory)
        try EmbeddedModel.add(to: store, keys: try directory.keys())
    }

    /// Each text with what this process writes alone.
    func run(prompt: String, count: Int) throws -> [(mesh: Answer, alone: Answer)] {
        var loop = try Visitor.loop(asked, store: store, contacts: [try fleet.address()])
        let model = try EntryModel.find(
            EmbeddedModel.name, loop: &loop, store: store, settings: asked, patience: .seconds(5))
        let local = try AloneAnswer.load(model, store: store)
        let promptIDs = try model.promptIDs(for: prompt, isRaw: false)
        let seed = try asked.seed("seed") ?? 7
        var answers: [(mesh: Answer, alone: Answer)] = []
        for number in 0..<UInt64(count) {
            let generation = GenerationSettings(
                sampling: try SamplingSettings(
                    temperature: 0.7, topP: 0.9, seed: seed &+ number),
                maximumTokenCount: 250, stopIDs: model.stopIDs)
            screen.line("\nreader>  \(prompt)")
            drive.begin()
            let mesh: Answer
            let tell = { (piece: String) in
                if piece.first?.isWhitespace == true { drive.betweenWords() }
                screen.text(piece)
            }
            do {
                mesh = try MeshAnswer(
                    model, promptIDs: promptIDs, settings: generation, draftedBy: nil,
                    patience: .seconds(20), pace: pace, tell: tell
                ).run(on: &loop, watch: drive.take)
            } catch { throw PromptCommand.sentence(for: error, model: model.manifest) }
            drive.end()
            let alone = try AloneAnswer.run(
                model, local, promptIDs: promptIDs, settings: generation,
                kernels: Kernels(level: .detected), crew: SerialCrew(), tell: { _ in })
            answers.append((mesh, alone))
            guard mesh.finish != .cancelled else {
                throw CommandError("Interrupted.", exitCode: 130)
            }
        }
        try loop.leave()
        return answers
    }
}
