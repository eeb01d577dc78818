/// How one architecture's block differs from the plain one.
///
/// The plain block is Llama's: RMS norm, rotary attention with grouped queries, RMS norm, gated
/// feed-forward with SiLU. There is one builder of pieces and one forward pass; they ask these
/// options and never the architecture's name.
public struct BlockOptions: OptionSet, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The head is the embedding table: the ends hold one table instead of two.
    public static let tiedHead = BlockOptions(rawValue: 1 << 0)

    /// Every option that this version understands; a shape with any other bit is refused.
    static let known: BlockOptions = [.tiedHead]
}

/// A family of models with one forward pass. The raw value is its number in an encoded shape.
public enum Architecture: UInt8, Hashable, Sendable, CaseIterable {
    case llama = 1

    /// The name that checkpoints use (`general.architecture`, `model_type`).
    public var name: String {
        switch self {
        case .llama: "llama"
        }
    }

    public init?(name: String) {
        guard let match = Architecture.allCases.first(where: { $0.name == name }) else {
            return nil
        }
        self = match
    }

    /// The options that a shape of this architecture may have.
    var allowedOptions: BlockOptions {
        switch self {
        case .llama: [.tiedHead]
        }
    }
}
