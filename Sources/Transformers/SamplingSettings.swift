/// How the next token is chosen from its logits.
public struct SamplingSettings: Hashable, Sendable {
    /// 0 takes the best token; above, logits are divided by it.
    public let temperature: Float
    /// Only this many of the best tokens; 0 for all.
    public let topK: Int
    /// Only the best tokens that together reach this share of the probability; 1 for all.
    public let topP: Float
    public let seed: UInt64

    public static let temperatureMaximum: Float = 100

    public static let greedy = SamplingSettings(temperature: 0, topK: 0, topP: 1, checkedSeed: 0)

    /// Throws where a value is not a number or outside of its range.
    public init(temperature: Float, topK: Int = 0, topP: Float = 1, seed: UInt64 = 0)
        throws(GenerationError)
    {
        guard temperature >= 0, temperature <= SamplingSettings.temperatureMaximum else {
            throw .invalidSetting("temperature")
        }
        guard topK >= 0 else { throw .invalidSetting("top-k") }
        guard topP > 0, topP <= 1 else { throw .invalidSetting("top-p") }
        self.init(temperature: temperature, topK: topK, topP: topP, checkedSeed: seed)
    }

    private init(temperature: Float, topK: Int, topP: Float, checkedSeed: UInt64) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        seed = checkedSeed
    }
}

/// Why a generation cannot begin.
public enum GenerationError: Error, Hashable, Sendable {
    /// A sampling or length setting is outside of its range.
    case invalidSetting(String)
    /// There is nothing to continue.
    case emptyPrompt
    /// The prompt leaves no room in the context.
    case promptTooLong(tokenCount: Int, contextLength: Int)
    /// The prompt has an id that the vocabulary has not.
    case unknownToken(Int)
}
