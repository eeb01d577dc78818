/// GGUF's names for the tensors of Hugging Face models, as llama.cpp's converter gives them.
enum TensorNames {
    /// The name in GGUF of a tensor of `architecture`; a name that is not known stays as it is, and
    /// nil where the tensor is of no use to a forward pass.
    static func canonical(_ name: String, architecture: String) -> String? {
        if architecture == "bert" { return encoder(name) }
        // A table that the rotation base determines; old files carry it.
        if name.hasSuffix("rotary_emb.inv_freq") { return nil }
        var plain = name.without("model.")
        if architecture == "gemma3" || architecture == "llama" {
            // Of a model that reads images as well, the part that reads text.
            let isImage = ["vision_tower.", "multi_modal_projector."].contains {
                plain.hasPrefix($0)
            }
            if isImage { return nil }
            plain = plain.without("language_model.").without("model.")
        }
        if let end = ends[plain] { return end }
        guard let (layer, module, suffix) = layerParts(plain, behind: "layers") else { return name }
        if architecture.hasPrefix("gemma"), let own = gemma[module] {
            return "blk.\(layer).\(own).\(suffix)"
        }
        if let module = modules[module] { return "blk.\(layer).\(module).\(suffix)" }
        return expert(module, layer: layer, suffix: suffix) ?? name
    }

    private static let ends = [
        "embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight",
        "final_layernorm.weight": "output_norm.weight",
        "final_layernorm.bias": "output_norm.bias", "lm_head.weight": "output.weight",
        "lm_head.bias": "output.bias",
    ]

    private static let modules = [
        "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.qkv_proj": "attn_qkv", "self_attn.o_proj": "attn_output",
        "self_attn.dense": "attn_output", "self_attn.q_norm": "attn_q_norm",
        "self_attn.k_norm": "attn_k_norm", "self_attn.q_layernorm": "attn_q_norm",
        "self_attn.k_layernorm": "attn_k_norm", "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate_up_proj": "ffn_up",
        "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down", "block_sparse_moe.gate": "ffn_gate_inp",
        "mlp.gate": "ffn_gate_inp",
    ]

    /// Gemma has norms on both sides of attention and feed-forward.
    private static let gemma = [
        "post_attention_layernorm": "post_attention_norm",
        "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",
    ]

    /// Mixtral's experts are `block_sparse_moe.experts.E.w1`, Qwen's `mlp.experts.E.gate_proj`;
    /// both may be stacked, gate above up.
    private static func expert(_ module: String, layer: Int, suffix: Substring) -> String? {
        let parts = module.split(separator: ".")
        guard parts.count >= 2, parts[0] == "block_sparse_moe" || parts[0] == "mlp",
            parts[1] == "experts"
        else { return nil }
        if parts.count == 2 {
            let stacked = ["gate_up_proj": "ffn_gate_up_exps", "down_proj": "ffn_down_exps"]
            return stacked[String(suffix)].map { "blk.\(layer).\($0).weight" }
        }
        let names = [
            "w1": "ffn_gate", "w2": "ffn_down", "w3": "ffn_up", "gate_proj": "ffn_gate",
            "down_proj": "ffn_down", "up_proj": "ffn_up",
        ]
        guard parts.count == 4, let index = Int(parts[2]), index >= 0,
            let name = names[String(parts[3])]
        else { return nil }
        return "blk.\(layer).\(name).\(index).\(suffix)"
    }

    private static func encoder(_ name: String) -> String? {
        let plain = name.without("bert.").without("roberta.")
        let unread = ["pooler.", "cls.", "lm_head.", "classifier.", "embeddings.position_ids"]
        if unread.contains(where: { plain.hasPrefix($0) }) { return nil }
        // Files of 2019 call a norm's weight gamma and its bias beta.
        let modern = plain.replacingEnd(".gamma", by: ".weight").replacingEnd(".beta", by: ".bias")
        let ends = [
            "embeddings.word_embeddings.weight": "token_embd.weight",
            "embeddings.position_embeddings.weight": "position_embd.weight",
            "embeddings.token_type_embeddings.weight": "token_types.weight",
            "embeddings.LayerNorm.weight": "token_embd_norm.weight",
            "embeddings.LayerNorm.bias": "token_embd_norm.bias",
        ]
        if let end = ends[modern] { return end }
        let modules = [
            "attention.self.query": "attn_q", "attention.self.key": "attn_k",
            "attention.self.value": "attn_v", "attention.output.dense": "attn_output",
            "attention.output.LayerNorm": "attn_output_norm", "intermediate.dense": "ffn_up",
            "output.dense": "ffn_down", "output.LayerNorm": "layer_output_norm",
        ]
        let below = modern.hasPrefix("encoder.") ? String(modern.dropFirst(8)) : modern
        guard let (layer, module, suffix) = layerParts(below, behind: "layer"),
            let own = modules[module]
        else { return name }
        return "blk.\(layer).\(own).\(suffix)"
    }

    /// `layers.3.mlp.up_proj.weight` is layer 3, module `mlp.up_proj`, `weight`.
    private static func layerParts(_ name: String, behind word: Substring)
        -> (layer: Int, module: String, suffix: Substring)?
    {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0] == word, let layer = Int(parts[1]), layer >= 0,
            let suffix = parts.last
        else { return nil }
        return (layer, parts[2..<parts.count - 1].joined(separator: "."), suffix)
    }
}

extension String {
    fileprivate func without(_ start: String) -> String {
        hasPrefix(start) ? String(dropFirst(start.utf8.count)) : self
    }

    fileprivate func replacingEnd(_ end: String, by other: String) -> String {
        hasSuffix(end) ? String(dropLast(end.utf8.count)) + other : self
    }
}
