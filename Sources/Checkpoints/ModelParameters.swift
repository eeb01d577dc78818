import Primitives

/// Which numbers of a head the rotary embedding turns together.
public enum RopeStyle: String, Hashable, Sendable {
    /// 2i and 2i + 1.
    case neighbouringPairs
    /// i and i + headSize / 2.
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
    public var feedForwardSize: Int
    /// Positions for which the model was trained.
    public var contextLength: Int
    public var rmsEpsilon: Float
    public var ropeBase: Double
    public var ropeStyle: RopeStyle
    /// Leading numbers of each head that are rotated; the others stay.
    public var ropeDimension: Int
    /// One divisor for each of the `ropeDimension / 2` frequencies, or nil where all are 1.
    public var ropeFrequencyDivisors: [Float]?
    /// Whether the output matrix is the embedding matrix.
    public var tiedEmbeddings: Bool
    public var bosID: Int?
    public var eosIDs: [Int]
    public var chatTemplate: String?

    /// Architectures whose forward pass is known.
    public static let supportedArchitectures = ["llama"]

    /// What a checkpoint says about itself, checked for consistency. Throws where the architecture
    /// or a variant of it is not supported, and where a value is absent or impossible.
    public init(_ checkpoint: Checkpoint) throws(CheckpointError) {
        let source = ParameterSource(checkpoint)
        architecture = checkpoint.architecture
        try source.checkVariant()
        name = try checkpoint.metadata.string("general.name") ?? "unnamed"
        license = try checkpoint.metadata.string("general.license")
        hiddenSize = try source.size("embedding_length")
        layerCount = try source.size("block_count", most: Limits.layerCount)
        headCount = try source.size("attention.head_count")
        keyValueHeadCount = try source.size("attention.head_count_kv", absent: headCount)
        headSize = try source.size("attention.key_length", absent: hiddenSize / headCount)
        feedForwardSize = try source.size("feed_forward_length")
        contextLength = try source.size("context_length", most: 1 << 31)
        vocabularyCount = try source.vocabularyCount(hiddenSize: hiddenSize)
        let epsilonKey = "attention.layer_norm_rms_epsilon"
        rmsEpsilon = Float(try source.number(epsilonKey, in: 0...1))
        ropeBase = try source.number("rope.freq_base", in: 1...0x1p100, absent: 10_000)
        ropeStyle = .neighbouringPairs
        ropeDimension = try source.size("rope.dimension_count", absent: headSize)
        tiedEmbeddings = checkpoint.tensor("output.weight") == nil
        bosID = try checkpoint.metadata.integer("tokenizer.ggml.bos_token_id")
        eosIDs =
            try checkpoint.metadata.integers("tokenizer.ggml.eos_token_id")?.map { Int($0) } ?? []
        chatTemplate = try checkpoint.metadata.string("tokenizer.chat_template")
        try checkSizes(source)
        ropeFrequencyDivisors = try source.ropeDivisors(count: ropeDimension / 2)
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
        guard ropeDimension % 2 == 0, ropeDimension <= headSize else {
            throw source.wrong(
                "rope.dimension_count", "an even number up to the head size \(headSize)",
                "\(ropeDimension)")
        }
        for id in eosIDs + [bosID].compactMap({ $0 }) where !(0..<vocabularyCount).contains(id) {
            throw .metadata(
                file: source.file, key: "tokenizer.ggml.bos_token_id or eos_token_id",
                expected: "ids below the \(vocabularyCount) of the vocabulary", found: "\(id)")
        }
    }
}
