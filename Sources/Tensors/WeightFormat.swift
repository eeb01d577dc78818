import CKernels

/// How the numbers of a matrix are stored. Protocol.md, "exact-1", gives each one's meaning and its
/// layout in panels; all but the first are GGML's types, kept as they are.
public enum WeightFormat: UInt8, Sendable, CaseIterable {
    case float16 = 1
    /// GGML's Q8_0: 32 whole numbers of 8 bits and a scale.
    case q8
    /// GGML's Q4_0: 32 whole numbers of 4 bits and a scale.
    case q4
    /// GGML's Q4_K: 8 groups of 32 whole numbers of 4 bits, each with a scale and a minimum.
    case q4K
    /// GGML's Q5_K: the same of 5 bits.
    case q5K
    /// GGML's Q6_K: 16 groups of 16 whole numbers of 6 bits, each with a scale.
    case q6K

    /// As GGUF tools print it.
    public var name: String {
        switch self {
        case .float16: "F16"
        case .q8: "Q8_0"
        case .q4: "Q4_0"
        case .q4K: "Q4_K"
        case .q5K: "Q5_K"
        case .q6K: "Q6_K"
        }
    }

    /// Inputs in one block: rows have whole blocks.
    public var blockInputCount: Int { bored_block_inputs(code) }
    /// Bytes of one block of a row, in a checkpoint and in a panel.
    public var blockByteCount: Int { bored_block_bytes(code) }

    /// Whether rows of so many numbers can be stored so.
    public func holds(inputCount: Int) -> Bool {
        inputCount > 0 && inputCount % blockInputCount == 0
    }

    /// Bytes of a row before it is packed, as a checkpoint has it.
    public func rowByteCount(inputCount: Int) -> Int {
        precondition(holds(inputCount: inputCount))
        return inputCount / blockInputCount * blockByteCount
    }

    var code: CInt { CInt(rawValue) - 1 }
}
