public import Tensors

extension PieceLayout {
    /// What a section holds; the raw value is for messages only.
    public enum Role: String, Hashable, Sendable {
        case attentionNorm, attentionNormBias, feedForwardNorm, feedForwardNormBias
        case postAttentionNorm, postFeedForwardNorm
        case queryNorm, queryNormBias, keyNorm, keyNormBias
        case queryBias, keyBias, valueBias, outputBias, gateBias, upBias, downBias
        case query, key, value, output, router, gate, up, down
        case finalNorm, finalNormBias, headBias, embedding, head
        case embeddingNorm, embeddingNormBias, segment, position
        case tokenizer
    }
}

/// How each kind of matrix of one piece is stored; experts share theirs.
public struct WeightFormats: Hashable, Sendable {
    /// The matrices in the order of a header's bytes.
    static let roles: [PieceLayout.Role] = [
        .query, .key, .value, .output, .router, .gate, .up, .down, .embedding, .head, .position,
    ]

    private var formats = [WeightFormat](repeating: .float16, count: WeightFormats.roles.count)

    public static let float16 = WeightFormats()

    public init() {}

    /// Every matrix in one format, but for a router and positions, which stay Float16.
    public init(all format: WeightFormat) {
        for role in WeightFormats.roles where role != .router && role != .position {
            self[role] = format
        }
    }

    /// The format of a matrix. Traps for what is none.
    public subscript(role: PieceLayout.Role) -> WeightFormat {
        get { formats[WeightFormats.index(of: role)] }
        set { formats[WeightFormats.index(of: role)] = newValue }
    }

    private static func index(of role: PieceLayout.Role) -> Int {
        guard let index = roles.firstIndex(of: role) else {
            preconditionFailure("\(role.rawValue) is no matrix")
        }
        return index
    }
}
