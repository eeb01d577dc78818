import Checkpoints

/// Where in a checkpoint the numbers of a section are: rows of a tensor, by GGUF's names.
struct TensorSource {
    var name: String
    /// What the tensor must be like.
    var shape: [Int]
    /// The section's first row among those of all outer dimensions; of a vector, its first number.
    var start = 0
}

/// Finds sections in a checkpoint: matrices may be fused (query, key and value; gate and up), and
/// experts stacked in one tensor or apart.
struct TensorSources {
    let checkpoint: Checkpoint
    let shape: ModelShape

    func source(of section: PieceLayout.Section, piece: Int) -> TensorSource {
        let prefix = piece == 0 ? "" : "blk.\(piece - 1)."
        let isVector = section.format == .vector
        let plain = isVector ? [section.columnCount] : [section.rowCount, section.columnCount]
        let name = prefix + ownName(of: section.role)
        if has(name) { return adjusted(TensorSource(name: name, shape: plain), of: section) }
        if piece > 0, shape.expertCount(ofLayer: piece - 1) > 0,
            let stacked = expertSource(of: section, prefix)
        {
            return stacked
        }
        if let fused = fusedSource(of: section, prefix, isVector) { return fused }
        return TensorSource(name: name, shape: plain)
    }

    private func has(_ name: String) -> Bool { checkpoint.tensor(name) != nil }

    private func expertSource(of section: PieceLayout.Section, _ prefix: String) -> TensorSource? {
        guard let stem = Self.expertNames[section.role] else { return nil }
        let (rows, columns) = (section.rowCount, section.columnCount)
        let apart = "\(prefix)\(stem).\(section.expert).weight"
        if has(apart) { return TensorSource(name: apart, shape: [rows, columns]) }
        let count = shape.numbers.expertCount
        let both = prefix + "ffn_gate_up_exps.weight"
        if section.role != .down, has(both) {
            let start = section.expert * 2 * rows + (section.role == .up ? rows : 0)
            return TensorSource(name: both, shape: [count, 2 * rows, columns], start: start)
        }
        return TensorSource(
            name: "\(prefix)\(stem)_exps.weight", shape: [count, rows, columns],
            start: section.expert * rows)
    }

    private static let expertNames: [PieceLayout.Role: String] = [
        .gate: "ffn_gate", .up: "ffn_up", .down: "ffn_down",
    ]

    private func fusedSource(
        of section: PieceLayout.Section, _ prefix: String, _ isVector: Bool
    ) -> TensorSource? {
        let (query, key) = (shape.querySize, shape.keyValueSize)
        let inner = isVector ? section.columnCount : section.rowCount
        let (stem, start, count): (String, Int, Int)
        switch section.role {
        case .query, .queryBias: (stem, start, count) = ("attn_qkv", 0, query + 2 * key)
        case .key, .keyBias: (stem, start, count) = ("attn_qkv", query, query + 2 * key)
        case .value, .valueBias: (stem, start, count) = ("attn_qkv", query + key, query + 2 * key)
        case .gate, .gateBias: (stem, start, count) = ("ffn_up", 0, 2 * inner)
        default: return nil
        }
        let name = prefix + stem + (isVector ? ".bias" : ".weight")
        guard has(name) else { return nil }
        return TensorSource(
            name: name, shape: isVector ? [count] : [count, section.columnCount], start: start)
    }

    /// Up lies behind gate where one tensor holds both.
    private func adjusted(_ source: TensorSource, of section: PieceLayout.Section) -> TensorSource {
        guard [.up, .upBias].contains(section.role), !shape.options.contains(.ungated),
            source.shape.count < 3, let tensor = checkpoint.tensor(source.name),
            tensor.shape.first == 2 * source.shape[0]
        else { return source }
        var both = source
        both.shape[0] *= 2
        both.start = source.shape[0]
        return both
    }

    private func ownName(of role: PieceLayout.Role) -> String {
        let isEncoder = shape.options.contains(.encoder)
        switch role {
        case .attentionNorm: return isEncoder ? "attn_output_norm.weight" : "attn_norm.weight"
        case .attentionNormBias: return isEncoder ? "attn_output_norm.bias" : "attn_norm.bias"
        case .feedForwardNorm: return isEncoder ? "layer_output_norm.weight" : "ffn_norm.weight"
        case .feedForwardNormBias: return isEncoder ? "layer_output_norm.bias" : "ffn_norm.bias"
        case .postAttentionNorm: return "post_attention_norm.weight"
        case .postFeedForwardNorm: return "post_ffw_norm.weight"
        case .queryNorm: return "attn_q_norm.weight"
        case .queryNormBias: return "attn_q_norm.bias"
        case .keyNorm: return "attn_k_norm.weight"
        case .keyNormBias: return "attn_k_norm.bias"
        case .query: return "attn_q.weight"
        case .key: return "attn_k.weight"
        case .value: return "attn_v.weight"
        case .output: return "attn_output.weight"
        case .queryBias: return "attn_q.bias"
        case .keyBias: return "attn_k.bias"
        case .valueBias: return "attn_v.bias"
        case .outputBias: return "attn_output.bias"
        case .router: return "ffn_gate_inp.weight"
        case .gate: return "ffn_gate.weight"
        case .up: return "ffn_up.weight"
        case .down: return "ffn_down.weight"
        case .gateBias: return "ffn_gate.bias"
        case .upBias: return "ffn_up.bias"
        case .downBias: return "ffn_down.bias"
        case .finalNorm: return "output_norm.weight"
        case .finalNormBias: return "output_norm.bias"
        case .headBias: return "output.bias"
        case .embedding: return "token_embd.weight"
        case .head: return "output.weight"
        case .embeddingNorm: return "token_embd_norm.weight"
        case .embeddingNormBias: return "token_embd_norm.bias"
        case .segment: return "token_types.weight"
        case .position: return "position_embd.weight"
        case .tokenizer: return "tokenizer"
        }
    }
}
