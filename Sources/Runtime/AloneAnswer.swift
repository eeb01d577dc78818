import Primitives
public import Tensors
public import Transformers
import Wire

/// An answer computed wholly in this process: what every mesh must equal.
public enum AloneAnswer {
    /// Loads the layers of a stored model, beside the ends that are loaded. Throws where a piece is
    /// missing or damaged.
    public static func load(_ model: TextModel, store: ModelStore) throws(DataError) -> LocalModel {
        var pieces: [WeightBytes] = []
        for entry in model.manifest.pieces.dropFirst() {
            pieces.append(try store.readPiece(entry))
        }
        do { return try LocalModel(model.ends, layerPieces: pieces) } catch {
            throw DataError(
                "The model \(model.manifest.name) can't be used: \(ModelStore.sentence(of: error))."
            )
        }
    }

    /// Runs a generation to its end; `tell` gets the text piece by piece.
    ///
    /// - Parameter drafter: guesses ahead; nil where nothing is drafted.
    public static func run(
        _ model: TextModel, _ local: LocalModel, promptIDs: [Int], settings: GenerationSettings,
        draftedBy drafter: (any Drafter)? = PromptLookup(), kernels: Kernels, crew: some Crew,
        tell: @escaping (String) -> Void
    ) throws(GenerationError) -> Answer {
        var generation = try Generation(
            promptIDs: promptIDs, settings: settings, vocabularySize: model.shape.vocabularySize,
            contextLength: model.shape.contextLength,
            originalContextLength: model.shape.numbers.originalContextLength)
        var writer = AnswerWriter(
            model, promptIDs: promptIDs, stopStrings: settings.stopStrings, tell: tell)
        var answer = Answer(
            promptIDs: promptIDs, seed: settings.sampling.seed, model: model.manifest)
        var run = LocalRun(
            local, kernels: kernels, positionCount: generation.cachePositionCount,
            rowCountMaximum: max(settings.prefillRowCount, 1 + settings.draftCountMaximum))
        let start = SystemClock.now()
        var first: Instant?
        let drafting = drafter.map { drafter in
            Drafting(drafter) { SystemClock.now().since(start).microseconds }
        }
        run.run(&generation, drafting: drafting, crew: crew) { id in
            first = first ?? SystemClock.now()
            return writer.append(id)
        }
        writer.finish()
        let end = SystemClock.now()
        answer.take(generation, writer)
        answer.stats.firstTokenMicroseconds = (first ?? end).since(start).microseconds
        answer.stats.decodeMicroseconds = end.since(first ?? end).microseconds
        answer.stats.decodedTokenCount = max(0, generation.answerIDs.count - 1)
        return answer
    }
}

extension Answer {
    /// What a generation and its text came to.
    mutating func take(_ generation: Generation, _ writer: AnswerWriter) {
        ids = Array(generation.answerIDs)
        text = writer.text
        likelihoods = generation.likelihoods
        stats.draftedCount = generation.draftedCount
        stats.heldDraftCount = generation.heldDraftCount
        finish = generation.finishReason == .stop || writer.isStopped ? .stop : .length
    }
}
