/// Rotary embeddings, from `rope_parameters` of transformers 5 or `rope_theta` and `rope_scaling`
/// of transformers 4, in GGUF's words.
extension HuggingFaceConfiguration {
    mutating func readRotation() throws(CheckpointError) {
        guard architecture != "bert" else { return }
        // Where a file has both, transformers takes the older one.
        let given = [json["rope_scaling"], json["rope_parameters"]].compactMap { $0 }
        let parameters =
            try architecture == "gemma3"
            ? readLayerTypes() : given.first { $0 != .null } ?? .null
        let standard = architecture == "gemma3" ? 1_000_000.0 : 10_000
        let theta = parameters["rope_theta"]?.number ?? json["rope_theta"]?.number ?? standard
        add(try base(theta, among: parameters), for: "rope.freq_base")
        // Only phi's heads may be turned in part; phi-2's default is half of them.
        var share = 1.0
        if architecture.hasPrefix("phi") {
            share =
                (parameters["partial_rotary_factor"] ?? json["partial_rotary_factor"])?.number
                ?? (architecture == "phi2" ? 0.5 : 1)
        }
        guard share > 0, share <= 1, headSize <= 4_096 else {
            throw wrong("partial_rotary_factor", "a number up to 1", json["partial_rotary_factor"])
        }
        let dimension = Int(Double(headSize) * share)
        add(dimension, for: "rope.dimension_count")
        try readScaling(parameters, base: theta, dimension: dimension)
    }

    /// Gemma 3 turns layers with a window by a base of their own, and transformers 5 writes both
    /// down. `rope_scaling` is of the other layers, and adds to what is said of them there. Returns
    /// what holds for these.
    private mutating func readLayerTypes() throws(CheckpointError) -> JSONValue {
        let parameters = json["rope_parameters"]
        let local = parameters?["sliding_attention"] ?? .null
        let type = (local["rope_type"] ?? local["type"])?.string ?? "default"
        guard type == "default" else {
            throw .unsupported(
                file: "config.json", what: "rotary scaling of sliding_attention", found: type,
                supported: ["default"])
        }
        let theta = local["rope_theta"]?.number ?? json["rope_local_base_freq"]?.number ?? 10_000
        add(try base(theta, among: local), for: "rope.freq_base_swa")
        var full = json["rope_scaling"]?.object ?? JSONObject()
        if let more = parameters?["full_attention"]?.object {
            for (key, value) in zip(more.keys, more.values) { full.add(value, for: key) }
        }
        return .object(full)
    }

    /// GGUF keeps the base as Float32; both formats must give the same model.
    private func base(_ value: Double?, among parameters: JSONValue) throws(CheckpointError)
        -> Double
    {
        guard let value, value > 1, value < 0x1p100 else {
            throw wrong("rope_theta", "a number above 1", json["rope_theta"] ?? parameters)
        }
        return Double(Float(value))
    }

    private mutating func readScaling(_ parameters: JSONValue, base: Double, dimension: Int)
        throws(CheckpointError)
    {
        let source = self
        func number(_ key: String) throws(CheckpointError) -> Double {
            guard let value = parameters[key]?.number ?? source.json[key]?.number, value > 0 else {
                throw source.wrong("rope_scaling." + key, "a positive number", parameters[key])
            }
            return value
        }
        var type = (parameters["rope_type"] ?? parameters["type"])?.string ?? "default"
        // The first files of phi-3 call theirs so.
        if architecture == "phi3", type == "yarn" { type = "longrope" }
        switch type {
        // "dynamic" changes nothing inside of the context, and nothing goes beyond it.
        case "default", "dynamic": break
        case "linear":
            metadata.add(.string("linear"), for: architecture + ".rope.scaling.type")
            add(try number("factor"), for: "rope.scaling.factor")
        case "llama3":
            var context = try originalContext(parameters).map { Double($0) } ?? 0
            if context == 0 { context = try number("max_position_embeddings") }
            let divisors = llama3RopeDivisors(
                base: base, dimension: dimension, factor: try number("factor"),
                lowFrequencyFactor: try number("low_freq_factor"),
                highFrequencyFactor: try number("high_freq_factor"),
                originalContextLength: context)
            tables.append(("rope_freqs.weight", divisors))
        case "yarn": try readYarn(parameters)
        case "longrope", "su": try readLongRope(parameters)
        default:
            throw .unsupported(
                file: "config.json", what: "rotary scaling", found: type,
                supported: ["default", "linear", "llama3", "yarn", "longrope", "dynamic"])
        }
    }

    /// The context before it was stretched; what `config.json` says beside the rotation counts more
    /// than what is said within.
    private func originalContext(_ parameters: JSONValue) throws(CheckpointError) -> Int? {
        let key = "original_max_position_embeddings"
        return try integer(key) ?? parameters[key]?.integer
    }

    private mutating func readYarn(_ parameters: JSONValue) throws(CheckpointError) {
        metadata.add(.string("yarn"), for: architecture + ".rope.scaling.type")
        let context = try integer("max_position_embeddings")
        let original = try originalContext(parameters) ?? context
        add(original, for: "rope.scaling.original_context_length")
        // 0 means what is usual.
        for key in ["beta_fast", "beta_slow"] {
            let beta = parameters[key]?.number ?? 0
            add(beta == 0 ? nil : beta, for: "rope.scaling.yarn_\(key)")
        }
        let factor: Double
        if let given = parameters["factor"]?.number, given > 0 {
            factor = given
        } else if let context, let original, original > 0, context > 0 {
            factor = Double(context) / Double(original)
        } else {
            throw wrong("rope_scaling.factor", "a positive number", parameters["factor"])
        }
        add(factor, for: "rope.scaling.factor")
        // Null is no.
        if let truncate = parameters["truncate"] {
            metadata.add(
                .bool(truncate.bool ?? false), for: architecture + ".rope.scaling.yarn_truncate")
        }
        if let attention = parameters["attention_factor"]?.number {
            add(attention, for: "rope.scaling.yarn_attn_factor")
        } else if let scale = parameters["mscale"]?.number,
            let scaleOfAll = parameters["mscale_all_dim"]?.number, scale != 0, scaleOfAll != 0
        {
            func share(_ weight: Double) -> Double {
                factor <= 1 ? 1 : 0.1 * weight * naturalLogarithm(factor) + 1
            }
            add(share(scale) / share(scaleOfAll), for: "rope.scaling.yarn_attn_factor")
        }
    }

    /// Divisors for texts up to the original context, and others for longer ones (Phi-3).
    private mutating func readLongRope(_ parameters: JSONValue) throws(CheckpointError) {
        let lists = [
            "short_factor": "rope_factors_short.weight",
            "long_factor": "rope_factors_long.weight",
        ]
        for (key, name) in lists.sorted(by: { $0.key < $1.key }) {
            guard let numbers = parameters[key]?.array?.map({ $0.number ?? 0 }), !numbers.isEmpty
            else { throw wrong("rope_scaling." + key, "an array of numbers", parameters[key]) }
            tables.append((name, numbers.map { Float($0) }))
        }
        let context = try integer("max_position_embeddings") ?? 0
        let original = try originalContext(parameters) ?? context
        add(original, for: "rope.scaling.original_context_length")
        if let attention = parameters["attention_factor"]?.number {
            add(attention, for: "rope.scaling.attn_factor")
        } else {
            let factor =
                parameters["factor"]?.number ?? Double(context) / Double(max(1, original))
            add(longRopeAttention(factor, original), for: "rope.scaling.attn_factor")
        }
    }

    /// sqrt(1 + ln(factor) / ln(original)), from transformers' `_compute_longrope_parameters`.
    private func longRopeAttention(_ factor: Double, _ original: Int) -> Double {
        guard factor > 1, original > 1 else { return 1 }
        return (1 + naturalLogarithm(factor) / naturalLogarithm(Double(original))).squareRoot()
    }
}
