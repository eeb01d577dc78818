/// Limits of models: shapes, files, tokenizers, templates.
extension Limits {
    // MARK: transformers

    /// Widths inside one layer: feed-forward, all heads together. Larger shapes are refused.
    public static let layerWidth = 1 << 18
    /// Attention heads of a layer. More are refused.
    public static let headCount = 4_096
    /// Numbers of one attention head. Larger ones are refused.
    public static let headSize = 1_024
    /// Positions of one context. A shape that claims more is refused.
    public static let contextLength = 1 << 22
    /// One piece of a model. Larger ones are refused at import and by who reads a shape.
    public static let pieceByteCount = 1 << 36
    /// Experts of one feed-forward layer. More are refused.
    public static let expertCount = 1_024
    /// An encoded model shape: its longest form is two divisors for each pair of a head.
    public static let shapeByteCount = 8 * 1_024
    /// Bytes of a tokenizer inside the ends. Larger ones are refused at import.
    public static let tokenizerByteCount = 64 * 1_024 * 1_024
    /// Text that could begin a stop string is held back up to this many bytes.
    public static let stopStringByteCount = 256
    /// Likeliest tokens that are told for each one. More are refused.
    public static let likelihoodCount = 20
    /// Logit biases of one request. More are refused.
    public static let logitBiasCount = 1_024
    /// Stop strings of one request. More are refused.
    public static let stopStringCount = 16

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

    /// Tokens of a text that becomes a vector, where the model takes more; the rest is left out,
    /// and the person is told.
    public static let encodedTokenCount = 8_192
    /// A text given to a command in a file or on its standard input, in bytes. A longer one is
    /// refused.
    public static let textFileByteCount = 64 * 1_024 * 1_024

    // MARK: tokenizers

    /// Pieces of a vocabulary. A larger one is refused.
    public static let vocabularyCount = 1_048_576
    /// One piece of a vocabulary, in bytes. A longer one is refused.
    public static let vocabularyPieceByteCount = 4_096
    /// A piece that SentencePiece's BPE or a `tekken.json` makes by merging, in bytes. A longer one
    /// is never made; Llama's longest has 48, Mistral's 76.
    public static let mergedPieceByteCount = 256
    /// A tokenizer's table of replacements, in bytes. A larger one is refused. Usual ones have
    /// 240,000.
    public static let replacementTableByteCount = 1_048_576
    /// A chat template, in bytes. A longer one is dropped, and the model has none.
    public static let chatTemplateByteCount = 131_072
    /// Texts that a model's chat templates know by name. With more it has those of its ids alone.
    public static let templateTextCount = 64
    /// Levels of a chat template's nesting, in its text and while it runs, and of values inside of
    /// each other. Deeper is an error.
    public static let templateDepth = 250
    /// Operators, filters and members in one tag of a chat template. More is an error.
    public static let templateLinkCount = 4_000
    /// Steps of one rendering: about one for each value, for 64 bytes of a text and for 8 elements
    /// of a list. More is an error.
    public static let templateStepCount = 2_000_000
    /// A text that a chat template makes, in bytes. A longer one is not made, but an error.
    public static let templateOutputByteCount = 16_777_216
    /// Elements of a list that a chat template makes, and characters that it takes one by one. More
    /// are not made, but an error.
    public static let templateElementCount = 1_000_000
    /// A text that normalizing steps make of one of `byteCount` bytes. A step that would make a
    /// longer one is left out. Unicode's own normal forms make at most eleven bytes of one.
    public static func normalizedByteCount(of byteCount: Int) -> Int {
        min(32 * byteCount + 256, 256 * 1_024 * 1_024)
    }
    /// Normalizing steps, and splitting ones, of a tokenizer. More are refused.
    public static let tokenizerStepCount = 16
    /// Steps of one match of a pre-tokenizer pattern; at the limit the rest is one word.
    public static let patternMatchStepCount: UInt32 = 10_000_000
    /// Memory of one match of such a pattern, in KiB; at the limit the rest is one word. A word of
    /// 100,000 letters takes 40,000 where its pattern repeats a group.
    public static let patternMatchKibibytes: UInt32 = 262_144
}
