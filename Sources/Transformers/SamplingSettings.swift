import Primitives

/// How the next token is chosen from its logits. The defaults of everything but temperature change
/// nothing.
public struct SamplingSettings: Hashable, Sendable {
    /// A number added to a token's logit.
    public struct Bias: Hashable, Sendable {
        public var id: Int
        public var value: Float

        public init(id: Int, value: Float) {
            self.id = id
            self.value = value
        }
    }

    /// 0 takes the best token; above, logits are divided by it.
    public let temperature: Float
    /// Only this many of the best tokens; 0 for all.
    public let topK: Int
    /// Only the best tokens that together reach this share of the probability; 1 for all.
    public let topP: Float
    /// Only tokens at least this many times as likely as the best; 0 for all.
    public let minP: Float
    /// Above 1, tokens of the prompt and the answer become less likely: positive logits are divided
    /// by it, others multiplied (Keskar et al. 2019, CTRL).
    public let repetitionPenalty: Float
    /// Taken from a logit for each time that the answer has the token.
    public let frequencyPenalty: Float
    /// Taken from a logit once where the answer has the token.
    public let presencePenalty: Float
    /// By id, each id once.
    public let biases: [Bias]
    public let seed: UInt64

    public static let temperatureMaximum: Float = 100
    public static let penaltyMaximum: Float = 100

    /// The best token, always.
    public static let greedy = SamplingSettings(greedyWithSeed: 0)

    private init(greedyWithSeed seed: UInt64) {
        (temperature, topK, topP, minP) = (0, 0, 1, 0)
        (repetitionPenalty, frequencyPenalty, presencePenalty, biases) = (1, 0, 0, [])
        self.seed = seed
    }

    /// Throws where a value is not a number or outside of its range. Biases may come in any order;
    /// none may name an id twice.
    public init(
        temperature: Float, topK: Int = 0, topP: Float = 1, minP: Float = 0,
        repetitionPenalty: Float = 1, frequencyPenalty: Float = 0, presencePenalty: Float = 0,
        biases: [Bias] = [], seed: UInt64 = 0
    ) throws(GenerationError) {
        func require(_ holds: Bool, _ name: String) throws(GenerationError) {
            guard holds else { throw .invalidSetting(name) }
        }
        let limit = SamplingSettings.penaltyMaximum
        try require((0...SamplingSettings.temperatureMaximum).contains(temperature), "temperature")
        try require(topK >= 0, "top-k")
        try require(topP > 0 && topP <= 1, "top-p")
        try require((0...1).contains(minP), "min-p")
        try require(repetitionPenalty > 0 && repetitionPenalty <= limit, "repetition penalty")
        try require((-limit...limit).contains(frequencyPenalty), "frequency penalty")
        try require((-limit...limit).contains(presencePenalty), "presence penalty")
        try require(biases.count <= Limits.logitBiasCount, "number of logit biases")
        let sorted = biases.sorted { $0.id < $1.id }
        for bias in sorted {
            try require(bias.id >= 0 && bias.value.magnitude <= 1_000, "logit bias")
        }
        for (left, right) in zip(sorted, sorted.dropFirst()) {
            try require(left.id < right.id, "logit bias")
        }
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.frequencyPenalty = frequencyPenalty
        self.presencePenalty = presencePenalty
        self.biases = sorted
        self.seed = seed
    }

    /// Whether logits change before they are ranked.
    var changesLogits: Bool {
        repetitionPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0 || !biases.isEmpty
    }
}

/// Why a generation cannot begin.
public enum GenerationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A sampling or length setting is outside of its range.
    case invalidSetting(String)
    /// There is nothing to continue.
    case emptyPrompt
    /// The prompt leaves no room in the context.
    case promptTooLong(tokenCount: Int, contextLength: Int)
    /// The prompt has an id that the vocabulary has not.
    case unknownToken(Int)

    public var description: String {
        switch self {
        case .invalidSetting(let name): "The \(name) is outside of its range."
        case .emptyPrompt: "The prompt has no tokens: there is nothing to continue."
        case .promptTooLong(let tokenCount, let contextLength):
            "The prompt has \(tokenCount) tokens, and the model's context of \(contextLength) has "
                + "no room for an answer: shorten it."
        case .unknownToken(let id): "The prompt has the id \(id), which the vocabulary does not."
        }
    }
}
