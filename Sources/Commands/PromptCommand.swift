import Glibc
import MeshNode
import Primitives
import Runtime
import Shards
import Tensors
import Transformers
import Wire

/// `bored prompt`: text in, text out, word by word.
enum PromptCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        do {
            let text = try PromptText(settings)
            let directory = try settings.dataDirectory()
            let store = ModelStore(in: directory)
            let sampling = try samplingSettings(settings)
            return settings.flag("alone")
                ? try alone(settings, text, sampling, directory, store)
                : try mesh(settings, text, sampling, directory, store)
        } catch {
            // Whoever reads JSON gets the reason as JSON, too.
            AnswerPrinter(settings).fail("\(error)")
            throw error
        }
    }

    private static func samplingSettings(_ settings: Settings) throws -> SamplingSettings {
        let drawn = SystemEntropy.bytes(6).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return try settings.sampling(seed: try settings.seed("seed") ?? drawn)
    }

    private static func generationSettings(
        _ settings: Settings, _ model: TextModel, _ sampling: SamplingSettings
    ) throws -> GenerationSettings {
        let maximum = try settings.integer("max-tokens", in: 1...Limits.positionCount) ?? 256
        return GenerationSettings(
            sampling: sampling, maximumTokenCount: maximum, stopIDs: model.stopIDs,
            stopStrings: settings.list("stop"),
            likelihoodCount: try settings.likelihoodCount())
    }

    /// Who guesses ahead: nobody, the text itself, or a small model of the store.
    private static func drafter(
        _ settings: Settings, _ model: TextModel, promptIDs: [Int],
        _ generation: GenerationSettings, _ store: ModelStore
    ) throws -> (any Drafter)? {
        switch settings.string("draft") ?? "text" {
        case "none": return nil
        case "text": return PromptLookup()
        case let name:
            guard let stored = try store.model(named: name), stored.hasAllPieces else {
                throw CommandError(
                    "The store has no complete model '\(name)' to draft with: see bored model list."
                )
            }
            let small = try TextModel(stored.manifest, store: store)
            guard small.hasVocabulary(of: model) else {
                throw CommandError(
                    "\(small.manifest.name) has another vocabulary than \(model.manifest.name), so "
                        + "it can't draft for it.")
            }
            return ModelDrafter(
                try AloneAnswer.load(small, store: store), sampling: generation.sampling,
                promptCount: promptIDs.count,
                positionCount: promptIDs.count + generation.maximumTokenCount,
                kernels: Kernels(level: try settings.kernelLevel()),
                crew: try ThreadCrew(memberCount: try settings.threadCount()))
        }
    }

    // MARK: alone

    private static func alone(
        _ settings: Settings, _ text: PromptText, _ sampling: SamplingSettings,
        _ directory: DataDirectory, _ store: ModelStore
    ) throws -> Int32 {
        let name = settings.string("model") ?? EmbeddedModel.name
        if name == EmbeddedModel.name {
            try EmbeddedModel.add(to: store, keys: try directory.keys())
        }
        guard let stored = try store.model(named: name), stored.hasAllPieces else {
            throw CommandError(
                "The store has no complete model '\(name)': see bored model list, or bring one in "
                    + "with bored model import PATH.")
        }
        let model = try TextModel(stored.manifest, store: store)
        introduce(model, settings)
        let kernels = Kernels(level: try settings.kernelLevel())
        let crew = try ThreadCrew(memberCount: try settings.threadCount())
        let writer = AnswerPrinter(settings)
        let answer: Answer
        do {
            let promptIDs = try text.ids(for: model)
            let generation = try generationSettings(settings, model, sampling)
            let drafter = try drafter(settings, model, promptIDs: promptIDs, generation, store)
            answer = try AloneAnswer.run(
                model, try AloneAnswer.load(model, store: store), promptIDs: promptIDs,
                settings: generation, draftedBy: drafter, kernels: kernels, crew: crew,
                tell: writer.tell)
        } catch let error as GenerationError {
            throw CommandError("\(error)")
        }
        writer.finish(answer)
        return 0
    }

    /// A model without a chat form is said to be one, and so is the demonstration model.
    static func introduce(_ model: TextModel, _ settings: Settings) {
        if model.manifest.name == EmbeddedModel.name {
            Console.note(
                "(\(EmbeddedModel.name) is a tiny demonstration model: expect simple talk and "
                    + "wrong facts)")
        }
        if model.template == nil, !settings.flag("raw") {
            Console.note(
                "(\(model.manifest.name) has no chat form that is known: the text is continued "
                    + "as it stands)")
        }
    }

    // MARK: over the mesh

    private static func mesh(
        _ settings: Settings, _ text: PromptText, _ sampling: SamplingSettings,
        _ directory: DataDirectory, _ store: ModelStore
    ) throws -> Int32 {
        let name = settings.string("model") ?? EmbeddedModel.name
        let contacts = try Visitor.contacts(settings, directory)
        if name == EmbeddedModel.name {
            try EmbeddedModel.add(to: store, keys: try directory.keys())
        }
        let prompter = try Prompter.of(settings, directory)
        defer { prompter.leave() }
        var loop = try Visitor.loop(
            settings, store: store, contacts: contacts, prompter: prompter)
        let patience = try settings.seconds("wait")
        let model = try EntryModel.find(
            name, loop: &loop, store: store, settings: settings, patience: patience)
        introduce(model, settings)
        let writer = AnswerPrinter(settings)
        do {
            let promptIDs = try text.ids(for: model)
            let generation = try generationSettings(settings, model, sampling)
            let drafter = try drafter(settings, model, promptIDs: promptIDs, generation, store)
            let run = try MeshAnswer(
                model, promptIDs: promptIDs, settings: generation, draftedBy: drafter,
                patience: patience, tell: writer.tell)
            let answer = try run.run(on: &loop) { effect in
                switch effect {
                case .requestOpened(_, let seats), .requestMended(_, let seats):
                    writer.show(chain: seats)
                case .requestWaiting(_, let missing): writer.wait(for: missing)
                default: break
                }
            }
            writer.finish(answer)
            try loop.leave()
            return answer.finish == .cancelled ? 130 : 0
        } catch let error as AnswerError {
            var failure = sentence(for: error, model: model.manifest)
            if case .request(.layersMissing) = error, loop.node.peerCount == 0 {
                failure = Visitor.nobodyAnswers(at: contacts)
            }
            try? loop.leave()
            throw failure
        } catch {
            try? loop.leave()
            throw error
        }
    }

    static func sentence(for error: AnswerError, model: ModelManifest) -> CommandError {
        switch error {
        case .generation(let error): CommandError("\(error)")
        case .system(let error): CommandError("\(error)")
        case .cancelled: CommandError("Interrupted before the first word.", exitCode: 130)
        case .request(let end): CommandError(FailureText.sentence(for: end, model: model.name))
        }
    }
}
