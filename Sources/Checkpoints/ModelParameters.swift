import Primitives

/// Which numbers of a head the rotary embedding turns together.
public enum RopeStyle: String, Hashable, Sendable {
    /// 2i and 2i + 1.
    case neighbouringPairs
    /// i and i + ropeDimension / 2.
    case halves
}

/// The sizes and constants of a model's forward pass.
public struct ModelParameters: Hashable, Sendable {
    public var architecture: String
    public var name: String
    public var license: String?
    public var vocabularyCount: Int
    public var hiddenSize: Int
    public var layerCount: Int
    public var headCount: Int
    public var keyValueHeadCount: Int
    public var headSize: Int
    /// Of one expert where there are experts.
    public var feedForwardSize: Int
    /// Positions for which the model was trained.
    public var contextLength: Int
    public var normEpsilon: Float
    public var activation: Activation
    /// Whether the output matrix is the embedding matrix.
    public var tiedEmbeddings: Bool
    public var rotation: Rotation
    public var attention: AttentionParameters
    public var experts: ExpertParameters
    /// What the embedding is multiplied by.
    public var embeddingScale: Float
    /// Logits are bent to stay within this; 0 where they aren't.
    public var finalSoftCap: Float
    /// An encoder: every position sees all others, and norms stand behind the sums.
    public var isEncoder: Bool
    /// An encoder's vector is the row of its first position, instead of the mean of all.
    public var takesFirstRow: Bool
    public var bosID: Int?
    public var eosIDs: [Int]
    public var chatTemplate: String?

    /// What stands between the matrices of a feed-forward layer.
    public enum Activation: String, Hashable, Sendable {
        case silu
        /// The normal distribution's, by its tangent approximation.
        case geluTanh
        /// The same by the error function.
        case gelu
    }

    /// Rotary embeddings (Su et al. 2021) and what was done to stretch them.
    public struct Rotation: Hashable, Sendable {
        public var base: Double
        /// The base in layers with a window, where it is another.
        public var localBase: Double?
        public var style: RopeStyle
        /// Leading numbers of each head that are rotated; the others stay.
        public var dimension: Int
        /// One divisor for each of the `dimension / 2` frequencies, or nil where all are 1.
        public var divisors: [Float]?
        /// Divisors for requests that go beyond `originalContextLength`.
        public var longDivisors: [Float]?
        public var originalContextLength: Int
        /// What cosines and sines are multiplied by.
        public var scale: Float
    }

    public struct AttentionParameters: Hashable, Sendable {
        /// What scores are multiplied by.
        public var scale: Float
        /// Scores are bent to stay within this; 0 where they aren't.
        public var softCap: Float
        /// Positions that a layer with a window sees, its own among them; 0 where none has one.
        public var window: Int
        /// Which layers have the window.
        public var windowedLayers: [Bool]
    }

    public struct ExpertParameters: Hashable, Sendable {
        /// 0 where there are none.
        public var count: Int
        public var usedCount: Int
        /// Whether the shares of those that are used add up to 1.
        public var areNormalised: Bool
        /// Which layers have one network in their place; none where no layer has.
        public var denseLayers: [Bool] = []
        /// Inner numbers of these; 0 where there are none.
        public var denseFeedForwardSize = 0
    }

    /// Architectures whose forward pass is known.
    public static let supportedArchitectures = [
        "llama", "qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3", "phi2", "phi3", "bert",
    ]

    /// What a checkpoint says about itself, checked for consistency. Throws where the architecture
    /// or a variant of it is not supported, and where a value is absent or impossible.
    public init(_ checkpoint: Checkpoint) throws(CheckpointError) {
        // The files of a tokenizer alone are a checkpoint too.
        if checkpoint.format == .safetensors, checkpoint.tensors.isEmpty {
            throw .missingFile(name: "model.safetensors", wantedBy: "a Hugging Face model")
        }
        let source = ParameterSource(checkpoint)
        architecture = checkpoint.architecture
        try source.checkVariant()
        name = try checkpoint.metadata.string("general.name") ?? "unnamed"
        license = try checkpoint.metadata.string("general.license")
        hiddenSize = try source.size("embedding_length")
        layerCount = try source.size("block_count", most: Limits.layerCount)
        headCount = try source.size("attention.head_count")
        isEncoder = architecture == "bert"
        takesFirstRow = isEncoder ? try source.takesFirstRow() : false
        keyValueHeadCount =
            isEncoder
            ? headCount : try source.size("attention.head_count_kv", absent: headCount)
        headSize = try source.size("attention.key_length", absent: hiddenSize / headCount)
        contextLength = try source.size("context_length", most: 1 << 31)
        vocabularyCount = try source.vocabularyCount(hiddenSize: hiddenSize)
        normEpsilon = Float(try source.normEpsilon())
        activation = try source.activation()
        tiedEmbeddings = !isEncoder && checkpoint.tensor("output.weight") == nil
        experts = try source.experts(layerCount: layerCount)
        feedForwardSize = try source.feedForwardSize(hasExperts: experts.count > 0)
        rotation = try source.rotation(headSize: headSize, contextLength: contextLength)
        attention = try source.attention(
            layerCount: layerCount, headSize: headSize, headCount: headCount,
            hiddenSize: hiddenSize)
        // Float32, as every implementation has it.
        embeddingScale = architecture.hasPrefix("gemma") ? Float(hiddenSize).squareRoot() : 1
        finalSoftCap = try source.softCap("final_logit_softcapping", gemma2: 30)
        bosID = try checkpoint.metadata.integer("tokenizer.ggml.bos_token_id")
        eosIDs =
            try checkpoint.metadata.integers("tokenizer.ggml.eos_token_id")?.map { Int($0) } ?? []
        chatTemplate = try checkpoint.metadata.string("tokenizer.chat_template")
        // Ids that the vocabulary has not are never met.
        eosIDs.removeAll { !(0..<vocabularyCount).contains($0) }
        if let id = bosID, !(0..<vocabularyCount).contains(id) { bosID = nil }
        try checkSizes(source)
    }

    private func checkSizes(_ source: ParameterSource) throws(CheckpointError) {
        guard headCount % keyValueHeadCount == 0 else {
            throw source.wrong(
                "attention.head_count_kv", "a divisor of the \(headCount) heads",
                "\(keyValueHeadCount)")
        }
        let valueSize = try source.size("attention.value_length", absent: headSize)
        guard valueSize == headSize else {
            throw source.wrong(
                "attention.value_length", "the size \(headSize) of the keys", "\(valueSize)")
        }
    }
}
