import Checkpoints
import Testing

/// `config.json` as transformers 5.24 reads it, and not as its fields suggest.
struct ConfigurationTests {
    static func metadata(
        _ type: String, _ fields: String, _ more: (inout DirectoryBuilder) -> Void = { _ in }
    ) throws -> Metadata {
        try checkpoint(type, fields, more).metadata
    }

    static func checkpoint(
        _ type: String, _ fields: String, _ more: (inout DirectoryBuilder) -> Void = { _ in }
    ) throws -> Checkpoint {
        var builder = DirectoryBuilder()
        builder.configuration = "{\"model_type\": \"\(type)\"\(fields)}"
        builder.tensors = [("model.embed_tokens.weight", [4, 8])]
        more(&builder)
        return try builder.open()
    }

    @Test(arguments: [
        ("mixtral", "llama.rope.freq_base", 1e6), ("mixtral", "llama.expert_count", 8),
        ("mixtral", "llama.attention.layer_norm_rms_epsilon", 1e-5),
        ("mistral", "llama.attention.sliding_window", 4_096),
        ("mistral", "llama.attention.head_count_kv", 8),
        ("llama", "llama.attention.head_count_kv", 32), ("llama", "llama.context_length", 2_048),
        ("qwen3", "qwen3.attention.key_length", 128), ("qwen3_moe", "qwen3moe.expert_count", 128),
        ("gemma2", "gemma2.attention.scale", 0.0625),
        ("gemma3_text", "gemma3.embedding_length", 2_304),
        ("phi", "phi2.attention.layer_norm_epsilon", 1e-5), ("phi3", "phi3.context_length", 4_096),
        ("bert", "bert.attention.layer_norm_epsilon", 1e-12),
        ("roberta", "bert.context_length", 510),
    ])
    func `what a file leaves out is as usual`(type: String, key: String, value: Double) throws {
        #expect(try Self.metadata(type, "").double(key) == value)
    }

    @Test(arguments: ["gptq", "awq", "bitsandbytes", "fp8"])
    func `weights that another program has quantised are refused by its name`(method: String) {
        let fields = ", \"quantization_config\": {\"bits\": 4, \"quant_method\": \"\(method)\"}"
        let error = failure { () throws(CheckpointError) in
            var builder = DirectoryBuilder()
            builder.configuration = "{\"model_type\": \"llama\"\(fields)}"
            _ = try builder.open()
        }
        #expect(error.map { "\($0)" }?.contains("quantization '\(method)'") == true)
    }

    private static let windowed = ", \"sliding_window\": 8, \"num_hidden_layers\": 2"
    private static let pattern = windowed + ", \"sliding_window_pattern\": 4"
    private static let layerTypes =
        ", \"layer_types\": [\"full_attention\", \"sliding_attention\"]"

    @Test(arguments: [
        ("gemma3_text", windowed + ", \"sliding_window_pattern\": 4", MetadataValue.integer(4)),
        ("gemma3_text", windowed + layerTypes, .bools([false, true])),
        ("gemma2", windowed + layerTypes, .bools([false, true])),
        ("qwen2", ", \"use_sliding_window\": true" + windowed + layerTypes, .bools([false, true])),
    ])
    func `which layers have a window is read where transformers reads it`(
        type: String, fields: String, layers: MetadataValue
    ) throws {
        let metadata = try Self.metadata(type, fields)
        let architecture = try #require(try metadata.string("general.architecture"))
        #expect(metadata[architecture + ".attention.sliding_window_pattern"] == layers)
    }

    @Test func `no window of Gemma 2 is written down, since saying nothing means one`() throws {
        let metadata = try Self.metadata("gemma2", ", \"sliding_window\": null")
        #expect(try metadata.integer("gemma2.attention.sliding_window") == 0)
    }

    @Test(arguments: [
        ("", 1e6, 1e4), (", \"rope_local_base_freq\": 100", 1e6, 100),
        (", \"rope_theta\": 500, \"rope_local_base_freq\": 100", 500, 100),
        (
            ", \"rope_local_base_freq\": 100, \"rope_parameters\": "
                + "{\"full_attention\": {\"rope_theta\": 7}, \"sliding_attention\": {}}", 7, 100
        ),
        (", \"rope_parameters\": {\"sliding_attention\": {\"rope_theta\": 9}}", 1e6, 9),
        (
            ", \"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 8}, \"rope_parameters\": "
                + "{\"full_attention\": {\"rope_theta\": 7, \"rope_type\": \"default\"}, "
                + "\"sliding_attention\": {\"rope_theta\": 9}}", 7, 9
        ),
    ])
    func `both bases of Gemma 3 are read where transformers reads them`(
        fields: String, base: Double, localBase: Double
    ) throws {
        let metadata = try Self.metadata("gemma3_text", fields)
        #expect(try metadata.double("gemma3.rope.freq_base") == base)
        #expect(try metadata.double("gemma3.rope.freq_base_swa") == localBase)
        let isScaled = fields.contains("rope_scaling")
        #expect(try metadata.double("gemma3.rope.scaling.factor") == (isScaled ? 8 : nil))
    }

    @Test func `a Gemma 3 that reads images is tied unless it says otherwise, and never capped`()
        throws
    {
        for (whole, isTied) in [("", true), (", \"tie_word_embeddings\": false", false)] {
            let checkpoint = try Self.checkpoint(
                "gemma3",
                whole + ", \"text_config\": {\"model_type\": \"gemma3_text\", "
                    + "\"tie_word_embeddings\": false, \"final_logit_softcapping\": 30}")
            #expect(try checkpoint.metadata.bool("gemma3.tied_embeddings") == isTied)
            #expect(checkpoint.metadata["gemma3.final_logit_softcapping"] == nil)
        }
    }

    @Test func `a Mistral that reads images is what its part about text says`() throws {
        let checkpoint = try Self.checkpoint(
            "mistral3",
            ", \"tie_word_embeddings\": false, "
                + "\"text_config\": {\"model_type\": \"mistral\", \"sliding_window\": null, "
                + "\"num_key_value_heads\": 2}"
        ) { builder in
            builder.tensors = [
                ("language_model.model.embed_tokens.weight", [4, 8]),
                ("language_model.lm_head.weight", [4, 8]),
                ("vision_tower.ln_pre.weight", [3]), ("multi_modal_projector.norm.weight", [3]),
            ]
        }
        #expect(checkpoint.architecture == "llama")
        #expect(try checkpoint.metadata.integer("llama.attention.head_count_kv") == 2)
        #expect(checkpoint.metadata["llama.attention.sliding_window"] == nil)
        #expect(checkpoint.tensors.map(\.name) == ["token_embd.weight", "output.weight"])
        for (fields, architecture) in [("", "llama"), ("\"model_type\": \"other\"", "other")] {
            let checkpoint = try Self.checkpoint("mistral3", ", \"text_config\": {\(fields)}")
            #expect(checkpoint.architecture == architecture)
        }
    }

    @Test func `heads of an encoder are equal parts of a row, whatever its file says`() throws {
        let fields = ", \"hidden_size\": 8, \"num_attention_heads\": 2, \"head_dim\": 256"
        #expect(try Self.metadata("bert", fields).integer("bert.attention.key_length") == 4)
    }

    @Test func `a null is not what is usual`() throws {
        let metadata = try Self.metadata(
            "mistral", ", \"num_key_value_heads\": null, \"sliding_window\": null")
        #expect(try metadata.integer("llama.attention.head_count_kv") == 32)
        #expect(metadata["llama.attention.sliding_window"] == nil)
    }

    @Test(arguments: [
        ("llama", ", \"sliding_window\": 6", "llama.attention.sliding_window"),
        ("llama", ", \"query_pre_attn_scalar\": 9", "llama.attention.scale"),
        ("llama", ", \"final_logit_softcapping\": 9", "llama.final_logit_softcapping"),
        ("gemma3_text", ", \"attn_logit_softcapping\": 9", "gemma3.attn_logit_softcapping"),
        ("mixtral", ", \"moe_intermediate_size\": 9", "llama.expert_feed_forward_length"),
        (
            "qwen3_moe", ", \"use_sliding_window\": true, \"max_window_layers\": 1",
            "qwen3moe.attention.sliding_window_pattern"
        ),
        ("mistral", pattern, "llama.attention.sliding_window_pattern"),
        ("phi3", pattern, "phi3.attention.sliding_window_pattern"),
        ("gemma2", pattern, "gemma2.attention.sliding_window_pattern"),
        ("mixtral", windowed + layerTypes, "llama.attention.sliding_window_pattern"),
        ("phi3", windowed + layerTypes, "phi3.attention.sliding_window_pattern"),
        ("phi", ", \"rms_norm_eps\": 0.01", "phi2.attention.layer_norm_rms_epsilon"),
        ("bert", ", \"rms_norm_eps\": 0.01", "bert.attention.layer_norm_rms_epsilon"),
    ])
    func `what only another architecture reads is not read`(
        type: String, fields: String, key: String
    ) throws {
        #expect(try Self.metadata(type, fields)[key] == nil)
    }

    @Test(arguments: [
        (
            "gemma3_text", ", \"use_bidirectional_attention\": true", "use_bidirectional_attention"
        ),
        ("bert", ", \"is_decoder\": true", "is_decoder"),
        (
            "gemma3_text",
            ", \"rope_parameters\": {\"full_attention\": {}, \"sliding_attention\": "
                + "{\"rope_type\": \"linear\", \"factor\": 2.0}}", "sliding_attention"
        ),
    ])
    func `what would change every row is refused`(
        type: String, fields: String, word: String
    ) {
        #expect(throws: CheckpointError.self) { try Self.metadata(type, fields) }
        do { _ = try Self.metadata(type, fields) } catch { #expect("\(error)".contains(word)) }
    }

    @Test(arguments: [
        ", \"rope_parameters\": null, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}",
        ", \"rope_parameters\": {\"rope_type\": \"linear\", \"factor\": 2}, "
            + "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}",
    ])
    func `the older field of a rotation counts where it is there`(fields: String) throws {
        #expect(try Self.metadata("llama", fields).double("llama.rope.scaling.factor") == 4)
    }

    @Test func `the original context beside a rotation counts more than that within`() throws {
        let fields =
            ", \"original_max_position_embeddings\": 64, \"rope_scaling\": "
            + "{\"type\": \"yarn\", \"factor\": 4, \"beta_fast\": 0, \"truncate\": null, "
            + "\"original_max_position_embeddings\": 128}"
        let metadata = try Self.metadata("qwen2", fields)
        #expect(try metadata.integer("qwen2.rope.scaling.original_context_length") == 64)
        #expect(metadata["qwen2.rope.scaling.yarn_beta_fast"] == nil)
        #expect(try metadata.bool("qwen2.rope.scaling.yarn_truncate") == false)
    }

    @Test(arguments: [([4, 8], true), ([2, 8], false)])
    func `a tied model whose matrices differ is not tied`(shape: [Int], isTied: Bool) throws {
        let checkpoint = try Self.checkpoint("llama", ", \"tie_word_embeddings\": true") {
            $0.tensors.append(("lm_head.weight", shape))
        }
        #expect(try checkpoint.metadata.bool("llama.tied_embeddings") == isTied)
        #expect((checkpoint.tensor("output.weight") == nil) == isTied)
    }
}
