import Primitives

/// What a request asks for, besides its prompt.
public struct GenerationSettings: Hashable, Sendable {
    public var sampling: SamplingSettings
    /// Tokens of the answer at most; at least 1.
    public var maximumTokenCount: Int
    /// Ids that end the answer; they are not part of it.
    public var stopIDs: [Int]
    /// Texts that end the answer where they would begin.
    public var stopStrings: [String]
    /// Prompt positions of one step, at least 1. Changes speed, never a bit of the answer.
    public var prefillRowCount: Int
    /// With so few prompt positions a step may be the last, towards which steps shrink: over a
    /// chain, what the last stage does for it overlaps with nothing. Changes speed, never a bit of
    /// the answer.
    public var lastStepRowCount = Int.max
    /// Ids that may be drafted behind one position. Changes speed, never a bit of the answer.
    public var draftCountMaximum = Limits.shortStepRowCount - 1
    /// How likely each token was is kept, with so many of the likeliest; nil keeps nothing.
    public var likelihoodCount: Int?

    public init(
        sampling: SamplingSettings = .greedy, maximumTokenCount: Int = 256, stopIDs: [Int] = [],
        stopStrings: [String] = [], prefillRowCount: Int = 64, likelihoodCount: Int? = nil
    ) {
        self.sampling = sampling
        self.maximumTokenCount = maximumTokenCount
        self.stopIDs = stopIDs
        self.stopStrings = stopStrings
        self.prefillRowCount = prefillRowCount
        self.likelihoodCount = likelihoodCount
    }

    /// Prompt positions of the next step, where so many are left: a tenth of them and ten more, in
    /// whole passes of a kernel. What comes last is small, since the last stage computes it alone;
    /// and each step is little less than the one before it, so that a later stage keeps up.
    public func rowCount(left: Int) -> Int {
        guard left > lastStepRowCount else { return min(left, prefillRowCount) }
        let wanted = left / Limits.promptStepDivisor + Limits.promptStepAddedRowCount
        let pass = Limits.promptPassRowCount
        return min(prefillRowCount, max(1, wanted / pass) * pass)
    }

    func validate() throws(GenerationError) {
        guard maximumTokenCount >= 1 else { throw .invalidSetting("maximum token count") }
        guard prefillRowCount >= 1 else { throw .invalidSetting("prefill row count") }
        guard (0...Limits.likelihoodCount).contains(likelihoodCount ?? 0) else {
            throw .invalidSetting("number of log-probabilities")
        }
        guard stopStrings.count <= Limits.stopStringCount else {
            throw .invalidSetting("number of stop strings")
        }
        for text in stopStrings where text.isEmpty || text.utf8.count > Limits.stopStringByteCount {
            throw .invalidSetting("stop string")
        }
    }
}

/// Why an answer ended.
public enum FinishReason: String, Hashable, Sendable {
    /// The model ended it, or a stop string came.
    case stop
    /// As many tokens as were asked for, or as the context holds.
    case length
}
