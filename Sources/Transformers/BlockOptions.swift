/// How one architecture's block differs from the plain one.
///
/// The plain block is Llama's: RMS norm, rotary attention with grouped queries, RMS norm, gated
/// feed-forward with SiLU. There is one builder of pieces and one forward pass; they ask these
/// options and never the architecture's name.
public struct BlockOptions: OptionSet, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The head is the embedding table: the ends hold one table instead of two.
    public static let tiedHead = BlockOptions(rawValue: 1 << 0)
    /// Rotation turns number i of a head with number i + half, instead of neighbours.
    public static let rotatedHalves = BlockOptions(rawValue: 1 << 1)
    /// Queries, keys and values have a bias.
    public static let attentionBias = BlockOptions(rawValue: 1 << 2)
    /// Attention's output has a bias.
    public static let outputBias = BlockOptions(rawValue: 1 << 3)
    /// The matrices of the feed-forward layer have biases.
    public static let feedForwardBias = BlockOptions(rawValue: 1 << 4)
    /// The logits have a bias.
    public static let headBias = BlockOptions(rawValue: 1 << 5)
    /// Each head of queries and keys is normed before it is turned.
    public static let queryKeyNorm = BlockOptions(rawValue: 1 << 6)
    /// What attention and feed-forward give is normed before it is added.
    public static let postNorms = BlockOptions(rawValue: 1 << 7)
    /// Norms subtract the mean and have a bias (LayerNorm, Ba et al. 2016).
    public static let layerNorm = BlockOptions(rawValue: 1 << 8)
    /// Attention and feed-forward read the same normed row, and there is one norm.
    public static let parallel = BlockOptions(rawValue: 1 << 9)
    /// The feed-forward layer has no gate: down(activation(up)).
    public static let ungated = BlockOptions(rawValue: 1 << 10)
    /// GELU by its tangent approximation, instead of SiLU.
    public static let geluTanh = BlockOptions(rawValue: 1 << 11)
    /// GELU by the error function, instead of SiLU.
    public static let gelu = BlockOptions(rawValue: 1 << 12)
    /// The shares of the experts that are used add up to 1.
    public static let normalisedExperts = BlockOptions(rawValue: 1 << 13)
    /// An encoder: positions are learnt, each sees all others, norms stand behind the sums, and
    /// there is no head.
    public static let encoder = BlockOptions(rawValue: 1 << 14)
    /// Rows for quantised weights, and cached keys and values, are kept in two terms: one rounded,
    /// and the rest.
    public static let twoTerms = BlockOptions(rawValue: 1 << 15)
    /// An encoder's vector is the row of its first position, instead of the mean of all.
    public static let firstRow = BlockOptions(rawValue: 1 << 16)

    /// Some layers of a model with experts have one network in their place.
    public static let denseLayers = BlockOptions(rawValue: 1 << 17)

    /// Every option that this version understands; a shape with any other bit is refused.
    static let known = BlockOptions(rawValue: (1 << 18) - 1)
}

/// A family of models, for people. The raw value is its number in an encoded shape.
public enum Architecture: UInt8, Hashable, Sendable, CaseIterable {
    case llama = 1
    case qwen2 = 2
    case qwen3 = 3
    case qwen3moe = 4
    case gemma2 = 5
    case gemma3 = 6
    case phi2 = 7
    case phi3 = 8
    case bert = 9

    /// The name that GGUF files use (`general.architecture`).
    public var name: String { "\(self)" }

    public init?(name: String) {
        guard let match = Architecture.allCases.first(where: { $0.name == name }) else {
            return nil
        }
        self = match
    }
}
