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
            + "{\"type\": \"yarn\", \"factor\": 4, \"beta_fast\": 0, "
            + "\"original_max_position_embeddings\": 128}"
        let metadata = try Self.metadata("qwen2", fields)
        #expect(try metadata.integer("qwen2.rope.scaling.original_context_length") == 64)
        #expect(metadata["qwen2.rope.scaling.yarn_beta_fast"] == nil)
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
