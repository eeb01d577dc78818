/// The entry's loop over one answer, as a value: which positions to run next, and what comes of it.
///
/// Whoever holds it asks for `nextRows`, embeds their ids, sends the rows through all layers, and
/// brings the outcome back with `accept`. Several steps of a prompt may be on their way at once;
/// only the last row of the last one yields a token. Alone and over a mesh the loop is this one.
public struct Generation: Sendable {
    /// Positions for one step: `ids[start ..< start + count]` of the generation.
    public struct Rows: Hashable, Sendable {
        public var start: Int
        public var count: Int
        /// Whether the last row's logits choose a token.
        public var yieldsToken: Bool

        public init(start: Int, count: Int, yieldsToken: Bool) {
            self.start = start
            self.count = count
            self.yieldsToken = yieldsToken
        }
    }

    public let settings: GenerationSettings
    /// Prompt and answer so far: all that a resumed request needs.
    public private(set) var ids: [Int]
    public let promptCount: Int
    public private(set) var finishReason: FinishReason?
    /// How likely the tokens of the answer were, where the settings ask for it.
    public private(set) var likelihoods: [LogProbabilities] = []
    private let contextLength: Int
    private var sampler: Sampler
    /// Positions handed out by `nextRows`.
    private var issuedCount = 0
    /// Positions whose rows came back.
    private var acceptedCount = 0

    public init(
        promptIDs: [Int], settings: GenerationSettings, vocabularySize: Int, contextLength: Int
    ) throws(GenerationError) {
        try settings.validate()
        guard !promptIDs.isEmpty else { throw .emptyPrompt }
        guard promptIDs.count < contextLength else {
            throw .promptTooLong(tokenCount: promptIDs.count, contextLength: contextLength)
        }
        for id in promptIDs where !(0..<vocabularySize).contains(id) { throw .unknownToken(id) }
        self.settings = settings
        ids = promptIDs
        promptCount = promptIDs.count
        self.contextLength = contextLength
        sampler = Sampler(settings.sampling)
    }

    /// The ids of the answer so far.
    public var answerIDs: ArraySlice<Int> { ids[promptCount...] }
    /// Positions that the answer can reach: what caches are made for.
    public var positionCountMaximum: Int {
        min(contextLength, promptCount + settings.maximumTokenCount)
    }

    /// The next positions to run, or nil while the last of those handed out are on their way, and
    /// after the end.
    public mutating func nextRows() -> Rows? {
        guard finishReason == nil, issuedCount < ids.count else { return nil }
        let start = issuedCount
        let count = min(settings.prefillRowCount, ids.count - start)
        issuedCount += count
        return Rows(start: start, count: count, yieldsToken: issuedCount == ids.count)
    }

    /// Rows came back that yield no token. They come back in the order in which they were issued.
    public mutating func accept(_ rows: Rows) {
        precondition(!rows.yieldsToken && rows.start == acceptedCount, "rows out of order")
        acceptedCount += rows.count
    }

    /// Rows came back whose last one has these logits: the id chosen, or nil where the answer ended
    /// instead. `finishReason` tells afterwards whether there is more.
    public mutating func accept(_ rows: Rows, logits: Span<Float>) -> Int? {
        precondition(rows.yieldsToken && rows.start == acceptedCount, "rows out of order")
        precondition(finishReason == nil)
        acceptedCount += rows.count
        let id = sampler.draw(
            logits, position: ids.count, ids: ids, promptCount: promptCount)
        if settings.stopIDs.contains(id) {
            finishReason = .stop
            return nil
        }
        ids.append(id)
        if let count = settings.likelihoodCount {
            likelihoods.append(LogProbabilities(logits, of: id, bestCount: count))
        }
        if ids.count == positionCountMaximum { finishReason = .length }
        return id
    }

    /// The answer is complete: its text reached a stop string.
    public mutating func stop() { finishReason = .stop }

    /// Forgets which positions were run: the next rows begin at position 0 again. Ids stay, so that
    /// new caches are filled and the answer goes on as if nothing had happened.
    public mutating func rewind() {
        issuedCount = 0
        acceptedCount = 0
    }
}
