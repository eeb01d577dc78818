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
    /// Prompt positions of the last few steps: over a chain, what the last stage does for the last
    /// step overlaps with nothing. Changes speed, never a bit of the answer.
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

    /// Prompt positions of the next step, where so many are left. The last ones are of nearly equal
    /// size, and enough that a later stage, which takes less time for them, keeps up.
    public func rowCount(left: Int) -> Int {
        guard lastStepRowCount < prefillRowCount, left <= Self.lastStepCount * lastStepRowCount
        else { return min(prefillRowCount, left) }
        let stepCount = (left + lastStepRowCount - 1) / lastStepRowCount
        return (left + stepCount - 1) / stepCount
    }

    private static let lastStepCount = 5

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
