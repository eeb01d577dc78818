import Primitives
import Runtime
import Tokenizers
import Transformers

/// `bored model generate`: ids in, ids and text out, greedy unless asked otherwise.
enum GenerateCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let offline = try OfflineModel(settings)
        let shape = offline.model.shape
        let promptIDs = try settings.tokens(for: shape)
        let tokenizer = try offline.tokenizer()
        var generation = try generation(settings, promptIDs, tokenizer, shape)
        var run = LocalRun(
            offline.model, kernels: offline.kernels,
            positionCount: generation.cachePositionCount,
            rowCountMaximum: generation.settings.prefillRowCount)
        let hasText = !tokenizer.decode(promptIDs, skipSpecial: true).isEmpty
        var decoder = StreamingDecoder(tokenizer, startsText: !hasText)
        var text = ""
        func show(_ more: String) {
            text += more
            if !settings.wantsJSON { Console.out(more) }
        }
        run.run(&generation, crew: offline.crew) { id in
            show(decoder.append(id))
            return true
        }
        show(decoder.finish())
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("ids", Array(generation.answerIDs))
            line.add("text", text)
            line.add("finish", (generation.finishReason ?? .length).rawValue)
            if settings.string("logprobs") != nil {
                line.add("logprobs", generation.likelihoods.map(\.object))
            }
            Console.line(line.text)
        } else if !text.hasSuffix("\n") {
            Console.out("\n")
        }
        if generation.ids.count == shape.contextLength {
            Console.note("(the context of \(shape.contextLength) tokens is full)")
        }
        return 0
    }

    private static func generation(
        _ settings: Settings, _ promptIDs: [Int], _ tokenizer: Tokenizer, _ shape: ModelShape
    ) throws -> Generation {
        let stopIDs = settings.flag("ignore-end") ? [] : tokenizer.model.eosIDs
        let count = try settings.integer("max-tokens", in: 1...Limits.positionCount) ?? 64
        do {
            let sampling = try settings.sampling(seed: try settings.seed("seed") ?? 0)
            if let bias = sampling.biases.first(where: { $0.id >= shape.vocabularySize }) {
                throw UsageError(
                    "--logit-bias names the id \(bias.id), and the model has ids from 0 to "
                        + "\(shape.vocabularySize - 1).")
            }
            return try Generation(
                promptIDs: promptIDs,
                settings: GenerationSettings(
                    sampling: sampling, maximumTokenCount: count, stopIDs: stopIDs,
                    likelihoodCount: try settings.likelihoodCount()),
                vocabularySize: shape.vocabularySize, contextLength: shape.contextLength,
                originalContextLength: shape.numbers.originalContextLength)
        } catch let error as GenerationError {
            throw CommandError("\(error)")
        }
    }
}
