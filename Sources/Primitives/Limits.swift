/// Every limit of a node, in one file. What happens at a limit is said beside it.
public enum Limits {
    // MARK: datagrams and mail

    /// UDP payload: what every path carries (RFC 9000 section 14). Longer ones are dropped.
    public static let datagramByteCount = 1_200
    /// Datagrams that one input can leave behind; sessions stop pumping when it is full.
    public static let outboxDatagramCount = 256
    /// Letters that one input can leave behind; overflowing is our fault and traps.
    public static let mailLetterCount = 1_024

    // MARK: identity

    /// A signed node record. Larger ones are refused.
    public static let recordByteCount = 320
    /// Addresses in a record.
    public static let recordAddressCount = 4
    /// Leading zero bits of the work behind a node id: a speed bump, 30 ms of one core.
    public static let puzzleBitCount = 16

    // MARK: vocabulary

    /// Models in one node's state.
    public static let modelsPerNode = 8
    /// Layers of one model; more are refused at import.
    public static let layerCount = 1_024
    /// A model's name, in UTF-8 bytes.
    public static let modelNameByteCount = 64
    /// A manifest. At 40 bytes a piece this allows every layer count above.
    public static let manifestByteCount = 128 * 1_024
    /// A chunk of a piece: the unit of transfer and of checking.
    public static let chunkByteCount = 256 * 1_024
    /// A signed state of a node.
    public static let stateByteCount = 640
    /// A signed ad.
    public static let adByteCount = 640

    // MARK: sessions

    /// One message; longer ones are refused by the sender and end a reassembly at the receiver.
    public static let messageByteCount = 4 * 1_024 * 1_024

    // MARK: Kademlia

    // MARK: gossip

    // MARK: placement

    // MARK: shards

    // MARK: pipelines

    // MARK: checkpoints

    /// Tensors of one model over all its files. A file that lists more is refused.
    public static let checkpointTensorCount = 262_144
    /// Values in the metadata of one file, array elements included. More is refused.
    public static let checkpointMetadataValueCount = 8_388_608
    /// A metadata key or a tensor's name, in bytes. Longer ones are refused.
    public static let checkpointNameByteCount = 1_024
    /// The JSON header of a safetensors file. Longer ones are refused.
    public static let safetensorsHeaderByteCount = 25_000_000
    /// Arrays and objects inside each other in JSON and in metadata. Deeper ones are refused.
    public static let nestingDepth = 64

    // MARK: tokenizers

    /// Pieces of a vocabulary. A larger one is refused.
    public static let vocabularyCount = 1_048_576
    /// One piece of a vocabulary, in bytes. A longer one is refused.
    public static let vocabularyPieceByteCount = 4_096
    /// A chat template, in bytes. A longer one is dropped, and the model has none.
    public static let chatTemplateByteCount = 131_072
    /// Steps of one match of a pre-tokenizer pattern; at the limit the rest of the text is one word.
    public static let patternMatchStepCount: UInt32 = 10_000_000

    // MARK: runtime
}
