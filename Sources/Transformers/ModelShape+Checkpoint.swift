public import Checkpoints
import Primitives

extension ModelShape {
    /// Models up to this hidden size are imported in two terms: their steps take less time than
    /// their messages (docs/decisions/0015).
    static let twoTermHiddenSize = 512

    /// The shape of a checkpoint's model: numbers from its parameters, options from the tensors it
    /// has. Throws where its architecture or a variant of it is not supported.
    public init(_ parameters: ModelParameters, of checkpoint: Checkpoint) throws(ModelError) {
        guard let architecture = Architecture(name: parameters.architecture) else {
            throw .unsupported("the architecture \(parameters.architecture) is not supported")
        }
        try self.init(
            architecture: architecture,
            options: BlockOptions(parameters, of: checkpoint),
            layerCount: parameters.layerCount, hiddenSize: parameters.hiddenSize,
            feedForwardSize: parameters.feedForwardSize, headCount: parameters.headCount,
            keyValueHeadCount: parameters.keyValueHeadCount, headSize: parameters.headSize,
            vocabularySize: parameters.vocabularyCount, contextLength: parameters.contextLength,
            normEpsilon: parameters.normEpsilon, rotaryBase: Float(parameters.rotation.base),
            rotaryDivisors: parameters.rotation.divisors ?? [],
            numbers: BlockNumbers(parameters))
    }
}

extension BlockOptions {
    /// What tensors tell: a bias that is there is added, a norm that is there is applied.
    fileprivate init(_ parameters: ModelParameters, of checkpoint: Checkpoint) {
        self = []
        func has(_ name: String) -> Bool { checkpoint.tensor("blk.0." + name) != nil }
        if parameters.tiedEmbeddings { insert(.tiedHead) }
        if parameters.rotation.style == .halves { insert(.rotatedHalves) }
        if has("attn_q.bias") || has("attn_qkv.bias") { insert(.attentionBias) }
        if has("attn_output.bias") { insert(.outputBias) }
        if has("ffn_up.bias") { insert(.feedForwardBias) }
        if checkpoint.tensor("output.bias") != nil { insert(.headBias) }
        if has("attn_q_norm.weight") { insert(.queryKeyNorm) }
        if has("post_ffw_norm.weight") { insert(.postNorms) }
        if has("attn_norm.bias") || has("attn_output_norm.bias") { insert(.layerNorm) }
        if parameters.isEncoder { insert(.encoder) }
        if parameters.takesFirstRow { insert(.firstRow) }
        if !parameters.isEncoder, !has("ffn_norm.weight") { insert(.parallel) }
        let isFused =
            checkpoint.tensor("blk.0.ffn_up.weight")?.shape.first == 2 * parameters.feedForwardSize
        if parameters.experts.count == 0, !has("ffn_gate.weight"), !isFused { insert(.ungated) }
        switch parameters.activation {
        case .silu: break
        case .geluTanh: insert(.geluTanh)
        case .gelu: insert(.gelu)
        }
        if parameters.experts.count > 0, parameters.experts.areNormalised {
            insert(.normalisedExperts)
        }
        if parameters.experts.denseLayers.contains(true) { insert(.denseLayers) }
        if parameters.hiddenSize <= ModelShape.twoTermHiddenSize { insert(.twoTerms) }
    }
}

extension BlockNumbers {
    fileprivate init(_ parameters: ModelParameters) {
        self = .plain
        let (rotation, attention) = (parameters.rotation, parameters.attention)
        if rotation.dimension != parameters.headSize { rotatedSize = rotation.dimension }
        localRotaryBase = Float(rotation.localBase ?? 0)
        rotaryScale = rotation.scale
        if let long = rotation.longDivisors {
            longRotaryDivisors = long
            originalContextLength = rotation.originalContextLength
        }
        // The usual scale is left to the forward pass, so that equal models have equal shapes.
        let usual = Float(1 / Double(parameters.headSize).squareRoot())
        if attention.scale != usual { attentionScale = attention.scale }
        attentionSoftCap = attention.softCap
        finalSoftCap = parameters.finalSoftCap
        embeddingScale = parameters.embeddingScale
        // A window of the whole context changes nothing, unless rotation is another there.
        let isNarrow = attention.window < parameters.contextLength || localRotaryBase != 0
        if attention.window > 0, isNarrow, attention.windowedLayers.contains(true) {
            window = min(attention.window, parameters.contextLength)
            windowedLayers = attention.windowedLayers
        } else {
            localRotaryBase = 0
        }
        expertCount = parameters.experts.count
        usedExpertCount = parameters.experts.usedCount
        denseLayers = parameters.experts.denseLayers
        denseFeedForwardSize = parameters.experts.denseFeedForwardSize
    }
}
