/// The entry's loop over one answer, as a value: which positions to run next, and what comes of it.
///
/// Whoever holds it asks for `nextRows`, embeds their ids, sends the rows through all layers, and
/// brings the outcome back with `accept`. Several steps of a prompt may be on their way at once;
/// only the last row of the last one yields a token. Alone and over a mesh the loop is this one.
public struct Generation: Sendable {
    /// Positions for one step: `ids[start ..< start + count]` of the generation, and behind them
    /// what was drafted ahead.
    public struct Rows: Hashable, Sendable {
        public var start: Int
        public var count: Int
        /// Ids that may follow; never behind rows that yield no token.
        public var draft: [Int]
        /// Whether the last row's logits choose a token, and those of drafted rows the next ones.
        public var yieldsToken: Bool

        public init(start: Int, count: Int, draft: [Int] = [], yieldsToken: Bool) {
            self.start = start
            self.count = count
            self.draft = draft
            self.yieldsToken = yieldsToken
        }

        /// Rows of the step.
        public var rowCount: Int { count + draft.count }
        /// The last rows, whose logits are wanted.
        public var yieldingRowCount: Int { yieldsToken ? 1 + draft.count : 0 }
    }

    public let settings: GenerationSettings
    /// Prompt and answer so far: all that a resumed request needs.
    public private(set) var ids: [Int]
    public let promptCount: Int
    public private(set) var finishReason: FinishReason?
    /// How likely the tokens of the answer were, where the settings ask for it.
    public private(set) var likelihoods: [LogProbabilities] = []
    private let contextLength: Int
    private let originalContextLength: Int
    private var sampler: Sampler
    /// Positions handed out by `nextRows`.
    private var issuedCount = 0
    /// Positions whose rows came back.
    private var acceptedCount = 0
    private var budget = DraftBudget()
    /// Ids that were drafted, and those of them that held.
    public private(set) var draftedCount = 0
    public private(set) var heldDraftCount = 0

    /// - Parameters:
    ///   - contextLength: positions that prompt and answer may have.
    ///   - originalContextLength: texts beyond it are rotated by other divisors, all of their
    ///     positions; 0 where there is only one set.
    public init(
        promptIDs: [Int], settings: GenerationSettings, vocabularySize: Int, contextLength: Int,
        originalContextLength: Int = 0
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
        self.originalContextLength = originalContextLength
        sampler = Sampler(settings.sampling)
    }

    /// The ids of the answer so far.
    public var answerIDs: ArraySlice<Int> { ids[promptCount...] }
    /// Positions that the answer can reach.
    public var positionCountMaximum: Int {
        min(contextLength, promptCount + settings.maximumTokenCount)
    }

    /// Positions that the caches are made for at present: all, or those up to the original context
    /// while the text is within. Once this has grown, new caches are due and `rewind`: the rotation
    /// of every position is another one then.
    public var cachePositionCount: Int {
        let isWithin = originalContextLength > 0 && ids.count <= originalContextLength
        return min(positionCountMaximum, isWithin ? originalContextLength : .max)
    }

    /// The next positions to run, or nil while the last of those handed out are on their way, and
    /// after the end.
    public mutating func nextRows() -> Rows? {
        guard finishReason == nil, issuedCount < ids.count else { return nil }
        let start = issuedCount
        let count = settings.rowCount(left: ids.count - start)
        issuedCount += count
        return Rows(start: start, count: count, yieldsToken: issuedCount == ids.count)
    }

    /// As above, with what `drafter` guesses behind a single position.
    public mutating func nextRows(draftedBy drafter: (any Drafter)?) -> Rows? {
        guard var rows = nextRows() else { return nil }
        guard let drafter, rows.count == 1, rows.yieldsToken else { return rows }
        // The last token of all needs no row; where a cache ends before, its last row is needed.
        let room = min(positionCountMaximum - 1, cachePositionCount) - ids.count
        let count = budget.draftCount(maximum: min(settings.draftCountMaximum, room))
        if count > 0 {
            rows.draft = drafter.draft(after: ids, count: count)
            precondition(rows.draft.count <= count, "a drafter keeps to its count")
        }
        return rows
    }

    /// The ids of a step's rows.
    public func ids(of rows: Rows) -> [Int] {
        Array(ids[rows.start..<rows.start + rows.count]) + rows.draft
    }

    /// Rows came back that yield no token. They come back in the order in which they were issued.
    public mutating func accept(_ rows: Rows) {
        precondition(!rows.yieldsToken && rows.start == acceptedCount, "rows out of order")
        acceptedCount += rows.count
    }

    /// Rows came back whose last one has these logits: the id chosen, or nil where the answer ended
    /// instead. `finishReason` tells afterwards whether there is more.
    public mutating func accept(_ rows: Rows, logits: Span<Float>) -> Int? {
        var chosen: Int?
        accept(rows, logits: logits, microseconds: 0) { id in
            chosen = id
            return true
        }
        return chosen
    }

    /// Rows came back with the logits of those that yield, (yieldingRowCount, vocabulary). Each id
    /// chosen is told; the next drafted row counts as long as the draft holds and `tell` says yes.
    ///
    /// - Parameter microseconds: how long the step took: it decides how much is drafted from now.
    public mutating func accept(
        _ rows: Rows, logits: Span<Float>, microseconds: UInt64, tell: (Int) -> Bool
    ) {
        precondition(rows.yieldsToken && rows.start == acceptedCount, "rows out of order")
        precondition(finishReason == nil && logits.count % rows.yieldingRowCount == 0)
        let width = logits.count / rows.yieldingRowCount
        var heldCount = 0
        for row in 0...rows.draft.count {
            let rowLogits = logits.extracting(row * width..<(row + 1) * width)
            let id = sampler.draw(
                rowLogits, position: ids.count, ids: ids, promptCount: promptCount)
            guard !settings.stopIDs.contains(id) else {
                finishReason = .stop
                break
            }
            ids.append(id)
            if let count = settings.likelihoodCount {
                likelihoods.append(LogProbabilities(rowLogits, of: id, bestCount: count))
            }
            if ids.count == positionCountMaximum { finishReason = .length }
            if !tell(id) { finishReason = .stop }
            guard finishReason == nil, row < rows.draft.count, id == rows.draft[row] else { break }
            heldCount += 1
        }
        // What was drafted behind the last id that held is overwritten by the next rows.
        issuedCount = rows.start + rows.count + heldCount
        acceptedCount = issuedCount
        draftedCount += rows.draft.count
        heldDraftCount += heldCount
        budget.note(
            draftCount: rows.draft.count, acceptedCount: heldCount, microseconds: microseconds)
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
