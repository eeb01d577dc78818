/// How a tensor's numbers are written: every GGML type that files carry, and the plain types of
/// safetensors, so that errors can name what they met.
public enum ElementType: String, Hashable, Sendable, CaseIterable {
    case f64 = "F64"
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case f8e4m3 = "F8_E4M3"
    case f8e5m2 = "F8_E5M2"
    case i8 = "I8"
    case i16 = "I16"
    case i32 = "I32"
    case i64 = "I64"
    case u8 = "U8"
    case u16 = "U16"
    case u32 = "U32"
    case u64 = "U64"
    case bool = "BOOL"
    case q4_0 = "Q4_0"
    case q4_1 = "Q4_1"
    case q5_0 = "Q5_0"
    case q5_1 = "Q5_1"
    case q8_0 = "Q8_0"
    case q8_1 = "Q8_1"
    case q2_K = "Q2_K"
    case q3_K = "Q3_K"
    case q4_K = "Q4_K"
    case q5_K = "Q5_K"
    case q6_K = "Q6_K"
    case q8_K = "Q8_K"
    case iq2_xxs = "IQ2_XXS"
    case iq2_xs = "IQ2_XS"
    case iq2_s = "IQ2_S"
    case iq3_xxs = "IQ3_XXS"
    case iq3_s = "IQ3_S"
    case iq1_s = "IQ1_S"
    case iq1_m = "IQ1_M"
    case iq4_nl = "IQ4_NL"
    case iq4_xs = "IQ4_XS"
    case tq1_0 = "TQ1_0"
    case tq2_0 = "TQ2_0"
    case mxfp4 = "MXFP4"

    /// The types whose numbers this program reads.
    public static let decodable: [ElementType] = [
        .f32, .f16, .bf16, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K,
        .q8_K, .iq1_s, .iq1_m, .iq2_xxs, .iq2_xs, .iq2_s, .iq3_xxs, .iq3_s, .iq4_nl, .iq4_xs,
        .tq1_0, .tq2_0, .mxfp4,
    ]

    /// Numbers in one block and bytes that the block takes (ggml's type table).
    public var block: (elementCount: Int, byteCount: Int) {
        switch self {
        case .f64, .i64, .u64: (1, 8)
        case .f32, .i32, .u32: (1, 4)
        case .f16, .bf16, .i16, .u16: (1, 2)
        case .f8e4m3, .f8e5m2, .i8, .u8, .bool: (1, 1)
        case .q4_0, .iq4_nl: (32, 18)
        case .q4_1: (32, 20)
        case .q5_0: (32, 22)
        case .q5_1: (32, 24)
        case .q8_0: (32, 34)
        case .q8_1: (32, 36)
        case .mxfp4: (32, 17)
        case .q2_K: (256, 84)
        case .q3_K, .iq3_s: (256, 110)
        case .q4_K: (256, 144)
        case .q5_K: (256, 176)
        case .q6_K: (256, 210)
        case .q8_K: (256, 292)
        case .iq2_xxs, .tq2_0: (256, 66)
        case .iq2_xs: (256, 74)
        case .iq2_s: (256, 82)
        case .iq3_xxs: (256, 98)
        case .iq1_s: (256, 50)
        case .iq1_m: (256, 56)
        case .iq4_xs: (256, 136)
        case .tq1_0: (256, 54)
        }
    }

    /// The type with this number in a GGUF file, or nil where none has it.
    init?(ggml number: UInt32) {
        let types: [UInt32: ElementType] = [
            0: .f32, 1: .f16, 2: .q4_0, 3: .q4_1, 6: .q5_0, 7: .q5_1, 8: .q8_0, 9: .q8_1,
            10: .q2_K, 11: .q3_K, 12: .q4_K, 13: .q5_K, 14: .q6_K, 15: .q8_K, 16: .iq2_xxs,
            17: .iq2_xs, 18: .iq3_xxs, 19: .iq1_s, 20: .iq4_nl, 21: .iq3_s, 22: .iq2_s,
            23: .iq4_xs, 24: .i8, 25: .i16, 26: .i32, 27: .i64, 28: .f64, 29: .iq1_m,
            30: .bf16, 34: .tq1_0, 35: .tq2_0, 39: .mxfp4,
        ]
        guard let type = types[number] else { return nil }
        self = type
    }
}
