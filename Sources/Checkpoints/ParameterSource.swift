import Primitives

/// Reads `ModelParameters` out of metadata, each value within bounds.
struct ParameterSource {
    let checkpoint: Checkpoint
    let file: String
    var metadata: Metadata { checkpoint.metadata }
    var architecture: String { checkpoint.architecture }

    init(_ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
        file = checkpoint.metadata.file
    }

    func wrong(_ key: String, _ expected: String, _ found: String) -> CheckpointError {
        .metadata(file: file, key: architecture + "." + key, expected: expected, found: found)
    }

    func unsupported(_ what: String, _ found: String, _ supported: [String]) -> CheckpointError {
        .unsupported(file: file, what: what, found: found, supported: supported)
    }

    /// A size from 1 to `most`. The limit keeps products of three sizes far from overflow.
    func size(_ key: String, absent: Int? = nil, most: Int = 1 << 20) throws(CheckpointError) -> Int
    {
        guard let value = try metadata.integer(architecture + "." + key) ?? absent else {
            throw wrong(key, "an integer", "no such key")
        }
        guard value >= 1, value <= most else {
            throw wrong(key, "an integer from 1 to \(most)", "\(value)")
        }
        return value
    }

    func number(_ key: String, in range: ClosedRange<Double>, absent: Double? = nil)
        throws(CheckpointError) -> Double
    {
        guard let value = try metadata.double(architecture + "." + key) ?? absent else {
            throw wrong(key, "a number", "no such key")
        }
        guard range.contains(value) else {
            throw wrong(key, "a number from \(range.lowerBound) to \(range.upperBound)", "\(value)")
        }
        return value
    }

    func has(_ key: String) -> Bool { metadata[architecture + "." + key] != nil }

    /// Rows of the embedding matrix, which must have `hiddenSize` columns.
    func vocabularyCount(hiddenSize: Int) throws(CheckpointError) -> Int {
        guard let embedding = checkpoint.tensor("token_embd.weight") else {
            throw .tensor(
                file: file, name: "token_embd.weight", expected: "the embedding matrix",
                found: "no tensor of this name")
        }
        guard embedding.shape.count == 2, embedding.columnCount == hiddenSize else {
            throw .tensor(
                file: checkpoint.files[embedding.fileIndex].name, name: embedding.name,
                expected: "two dimensions with \(hiddenSize) columns", found: "\(embedding.shape)")
        }
        return embedding.rowCount
    }

    /// Throws where the model needs what no forward pass here does.
    func checkVariant() throws(CheckpointError) {
        let known = ModelParameters.supportedArchitectures
        guard known.contains(architecture) else {
            throw unsupported("architecture", architecture, known)
        }
        let isTied = try metadata.bool(architecture + ".tied_embeddings") ?? true
        guard isTied || architecture == "bert" || checkpoint.tensor("output.weight") != nil else {
            throw .tensor(
                file: file, name: "lm_head.weight",
                expected: "the output matrix of an untied model",
                found: "no tensor of this name")
        }
    }

    /// How an encoder's rows become one: 1 is their mean, 2 the first of them.
    func takesFirstRow() throws(CheckpointError) -> Bool {
        let kind = try metadata.integer(architecture + ".pooling_type") ?? 1
        guard kind == 1 || kind == 2 else {
            throw wrong("pooling_type", "1 (the mean) or 2 (the first position)", "\(kind)")
        }
        return kind == 2
    }

    /// Of RMS norms, or of those that subtract the mean.
    func normEpsilon() throws(CheckpointError) -> Double {
        let rms = "attention.layer_norm_rms_epsilon"
        return try number(has(rms) ? rms : "attention.layer_norm_epsilon", in: 0...1)
    }

    /// Named by `config.json`; GGUF leaves it to the architecture.
    func activation() throws(CheckpointError) -> ModelParameters.Activation {
        if let name = try metadata.string(architecture + ".activation") {
            let known: [String: ModelParameters.Activation] = [
                "silu": .silu, "swish": .silu, "gelu": .gelu, "gelu_python": .gelu,
                "gelu_new": .geluTanh, "gelu_fast": .geluTanh, "gelu_accurate": .geluTanh,
                "gelu_pytorch_tanh": .geluTanh,
            ]
            guard let activation = known[name] else {
                throw unsupported("activation", name, known.keys.sorted())
            }
            return activation
        }
        switch architecture {
        case "gemma2", "gemma3", "phi2": return .geluTanh
        case "bert": return .gelu
        default: return .silu
        }
    }

    /// Mixtral's GGUF calls itself llama, and normalises; Qwen's says whether, or does.
    func experts(layerCount: Int) throws(CheckpointError) -> ModelParameters.ExpertParameters {
        let count = try metadata.integer(architecture + ".expert_count") ?? 0
        let dense = denseLayers(layerCount)
        guard count != 0, dense.contains(false) else {
            return .init(count: 0, usedCount: 0, areNormalised: false)
        }
        guard (1...Limits.expertCount).contains(count) else {
            throw wrong("expert_count", "an integer up to \(Limits.expertCount)", "\(count)")
        }
        let used = try size("expert_used_count", most: count)
        let areNormalised = try metadata.bool(architecture + ".expert_weights_norm") ?? true
        guard dense.contains(true) else {
            return .init(count: count, usedCount: used, areNormalised: areNormalised)
        }
        return .init(
            count: count, usedCount: used, areNormalised: areNormalised, denseLayers: dense,
            denseFeedForwardSize: try size("feed_forward_length"))
    }

    /// Which layers have one feed-forward network and no router, beside others with experts
    /// (`mlp_only_layers` and `decoder_sparse_step` of Qwen): tensors tell.
    private func denseLayers(_ layerCount: Int) -> [Bool] {
        (0..<layerCount).map { layer in
            checkpoint.tensor("blk.\(layer).ffn_gate_inp.weight") == nil
                && checkpoint.tensor("blk.\(layer).ffn_up.weight") != nil
        }
    }

    func feedForwardSize(hasExperts: Bool) throws(CheckpointError) -> Int {
        let own = "expert_feed_forward_length"
        return try size(hasExperts && has(own) ? own : "feed_forward_length")
    }

    /// A cap of scores or logits; gemma2's GGUF may leave its usual one out.
    func softCap(_ key: String, gemma2 usual: Double) throws(CheckpointError) -> Float {
        let absent = architecture == "gemma2" ? usual : 0
        return Float(try number(key, in: 0...1e6, absent: absent))
    }

    func attention(layerCount: Int, headSize: Int, headCount: Int, hiddenSize: Int)
        throws(CheckpointError) -> ModelParameters.AttentionParameters
    {
        // The largest Gemmas divide by the root of another number than the head's size; GGUF says
        // nothing of it, and llama.cpp knows them by their number of layers.
        let isLargest =
            (architecture == "gemma2" && layerCount == 46)
            || (architecture == "gemma3" && layerCount == 62)
        let width = isLargest ? hiddenSize / headCount : headSize
        let usual = 1 / Double(width).squareRoot()
        // Files of Gemma 2 from before there was this key mean it.
        let usualWindow = architecture == "gemma2" ? 4_096 : 0
        let window =
            try metadata.integer(architecture + ".attention.sliding_window") ?? usualWindow
        guard (0...(1 << 31)).contains(window) else {
            throw wrong("attention.sliding_window", "a number of positions", "\(window)")
        }
        return ModelParameters.AttentionParameters(
            scale: Float(try number("attention.scale", in: 1e-6...1e3, absent: usual)),
            softCap: try softCap("attn_logit_softcapping", gemma2: 50), window: window,
            windowedLayers: window == 0 ? [] : try windowedLayers(layerCount))
    }

    /// A list of layers, or a period of which the last layer has no window; else the
    /// architecture's own: every layer, every other one (Gemma 2), five of six (Gemma 3).
    private func windowedLayers(_ layerCount: Int) throws(CheckpointError) -> [Bool] {
        let key = architecture + ".attention.sliding_window_pattern"
        var period = ["gemma2": 2, "gemma3": 6][architecture] ?? 0
        switch metadata[key] {
        case .bools(let layers):
            guard layers.count == layerCount else {
                throw wrong(
                    "attention.sliding_window_pattern", "\(layerCount) values", "\(layers.count)")
            }
            return layers
        case nil: break
        default: period = try size("attention.sliding_window_pattern", most: Limits.layerCount)
        }
        return (0..<layerCount).map { period == 0 || $0 % period < period - 1 }
    }
}
