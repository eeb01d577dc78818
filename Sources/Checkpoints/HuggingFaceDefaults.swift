/// What `config.json` may leave out: the standards of transformers' configuration classes (5.24).
/// A null says something else than a field that is absent, and stays.
enum HuggingFaceDefaults {
    /// The document with what its `model_type` has as usual.
    static func completing(_ json: JSONValue) -> JSONValue {
        guard case .object(var object) = json, let type = object["model_type"]?.string,
            let own = byType[type]
        else { return json }
        for (key, value) in own { object.add(value, for: key) }
        return .object(object)
    }

    private static func sizes(
        _ vocabulary: Int64, hidden: Int64, inner: Int64, layers: Int64, heads: Int64,
        positions: Int64
    ) -> [(String, JSONValue)] {
        [
            ("vocab_size", .integer(vocabulary)), ("hidden_size", .integer(hidden)),
            ("intermediate_size", .integer(inner)), ("num_hidden_layers", .integer(layers)),
            ("num_attention_heads", .integer(heads)),
            ("max_position_embeddings", .integer(positions)),
        ]
    }

    private static let encoder: [(String, JSONValue)] = [("layer_norm_eps", .number(1e-12))]
    private static let rms: [(String, JSONValue)] = [("rms_norm_eps", .number(1e-6))]
    private static let wideRMS: [(String, JSONValue)] = [("rms_norm_eps", .number(1e-5))]
    private static let window: [(String, JSONValue)] = [("sliding_window", .integer(4_096))]
    private static let gemma: [(String, JSONValue)] =
        rms + window + [
            ("num_key_value_heads", .integer(4)), ("head_dim", .integer(256)),
            ("hidden_activation", .string("gelu_pytorch_tanh")),
            ("query_pre_attn_scalar", .integer(256)),
        ]
    private static let qwen: [(String, JSONValue)] =
        rms + window + [
            ("num_key_value_heads", .integer(32)), ("max_window_layers", .integer(28)),
        ]

    private static let byType: [String: [(String, JSONValue)]] = [
        "llama": rms
            + sizes(32_000, hidden: 4_096, inner: 11_008, layers: 32, heads: 32, positions: 2_048),
        "mistral": rms + window + [("num_key_value_heads", .integer(8))]
            + sizes(
                32_000, hidden: 4_096, inner: 14_336, layers: 32, heads: 32, positions: 131_072),
        "mixtral": wideRMS + [
            ("num_key_value_heads", .integer(8)), ("rope_theta", .integer(1_000_000)),
            ("num_local_experts", .integer(8)), ("num_experts_per_tok", .integer(2)),
        ]
            + sizes(
                32_000, hidden: 4_096, inner: 14_336, layers: 32, heads: 32, positions: 131_072),
        "qwen2": qwen
            + sizes(
                151_936, hidden: 4_096, inner: 22_016, layers: 32, heads: 32, positions: 32_768),
        "qwen3": qwen + [("head_dim", .integer(128))]
            + sizes(
                151_936, hidden: 4_096, inner: 22_016, layers: 32, heads: 32, positions: 32_768),
        "qwen3_moe": rms + window + [
            ("num_key_value_heads", .integer(4)), ("num_experts", .integer(128)),
            ("num_experts_per_tok", .integer(8)), ("moe_intermediate_size", .integer(768)),
        ]
            + sizes(
                151_936, hidden: 2_048, inner: 6_144, layers: 24, heads: 32, positions: 32_768),
        "gemma2": gemma
            + sizes(256_000, hidden: 2_304, inner: 9_216, layers: 26, heads: 8, positions: 8_192),
        "gemma3_text": gemma
            + sizes(
                262_208, hidden: 2_304, inner: 9_216, layers: 26, heads: 8, positions: 131_072),
        "phi": [("layer_norm_eps", .number(1e-5))]
            + sizes(51_200, hidden: 2_048, inner: 8_192, layers: 24, heads: 32, positions: 2_048),
        "phi3": wideRMS + [("original_max_position_embeddings", .integer(4_096))]
            + sizes(32_064, hidden: 3_072, inner: 8_192, layers: 32, heads: 32, positions: 4_096),
        "bert": encoder + base(30_522), "roberta": encoder + base(50_265),
        "xlm-roberta": encoder + base(30_522), "camembert": encoder + base(30_522),
    ]

    private static func base(_ vocabulary: Int64) -> [(String, JSONValue)] {
        sizes(vocabulary, hidden: 768, inner: 3_072, layers: 12, heads: 12, positions: 512)
    }
}
