/// Everything that a tokenizer is: its vocabulary and its rules, without the tables made from them.
///
/// It travels inside of a model's ends in the format of `Protocol.md`.
public struct TokenizerModel: Hashable, Sendable {
    public enum Kind: UInt8, Hashable, Sendable {
        /// SentencePiece's BPE: merges by score, spaces as U+2581, unknown characters as bytes.
        case sentencePiece = 1
        /// GPT-2's BPE: merges by rank over the bytes of words.
        case bytePairs = 2
        /// BERT's: the longest piece from the left, within words.
        case wordPiece = 3
        /// BPE over characters: merges by rank, unknown characters as bytes.
        case characterPairs = 4
        /// SentencePiece's unigrams: the most probable sequence of pieces.
        case unigram = 5
    }

    /// What a piece is for, numbered as in SentencePiece and GGUF.
    public enum PieceType: UInt8, Hashable, Sendable {
        case normal = 1
        case unknown = 2
        /// Never made from plain text, never shown: begin, end, headers of a chat.
        case control = 3
        /// Cut out of the text as a whole before anything else.
        case userDefined = 4
        case unused = 5
        /// One byte, written `<0x0A>`.
        case byte = 6
    }

    /// How a special piece is found in a text, and where a WordPiece stands.
    public struct PieceTraits: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Whitespace before it vanishes.
        public static let stripsLeft = PieceTraits(rawValue: 1)
        /// Whitespace after it vanishes.
        public static let stripsRight = PieceTraits(rawValue: 2)
        /// It counts only where no letter or digit touches it.
        public static let isWord = PieceTraits(rawValue: 4)
        /// It is looked for in the normalized text, by its normalized text.
        public static let isNormalized = PieceTraits(rawValue: 8)
        /// WordPiece: it continues a word (`##ing`; the marks are not part of its bytes).
        public static let continuesWord = PieceTraits(rawValue: 16)
    }

    /// Two neighbours that become one.
    public struct Merge: Hashable, Sendable {
        public var left: Int
        public var right: Int
        public var result: Int

        public init(left: Int, right: Int, result: Int) {
            self.left = left
            self.right = right
            self.result = result
        }
    }

    public var kind: Kind
    /// By id. Byte pairs: the bytes that the piece stands for; of special ones, its text. Others:
    /// the piece's text, with U+2581 for a space and `<0x0A>` for a byte.
    public var pieces: [[UInt8]]
    public var types: [PieceType]
    /// By id.
    public var traits: [PieceTraits]
    /// By id. SentencePiece: the higher is merged first, of Float32's precision. Unigram: the
    /// logarithm of how probable a piece is, minus infinity where it is no piece of the model.
    public var scores: [Double] = []
    /// The first is merged first. Byte and character pairs only.
    public var merges: [Merge] = []
    /// What is done to the text between special pieces.
    public var normalizations: [Normalization] = []
    /// How that is cut into words.
    public var splittings: [Splitting] = []
    /// Whether a word that is a piece is taken whole, before any merge (Llama 3).
    public var ignoresMerges = false
    /// The same for words of nothing but line feeds (Gemma 4).
    public var takesLineFeedsWhole = false
    /// Whether the first space of a whole text vanishes when ids become text.
    public var dropsFirstSpace = false
    /// Whether neighbouring unknown pieces are one.
    public var fusesUnknown = false
    /// Whether longer special pieces are found before shorter ones anywhere (llama.cpp), and not
    /// the longest at each place from the left (the tokenizers library).
    public var cutsLongestFirst = false
    /// Characters of a word, at most, that WordPiece cuts; a longer one is unknown. 0 is no limit.
    public var wordCharacterCount = 0
    /// Ids put before and after a text where special pieces are wanted.
    public var prefixIDs: [Int] = []
    public var suffixIDs: [Int] = []
    public var bosID: Int?
    public var unknownID: Int?
    /// Ids that end a text or a turn.
    public var eosIDs: [Int] = []
    /// The model's Jinja template for chats.
    public var chatTemplate: String?
    /// Another one for chats with tools, beside the first; nil where that is for all.
    public var toolTemplate: String?
    /// Texts that the templates know by names, in the order of the names; nil where they are those
    /// of the ids.
    public var templateTexts: [TemplateText]?

    public init(kind: Kind, pieces: [[UInt8]], types: [PieceType]) {
        self.kind = kind
        self.pieces = pieces
        self.types = types
        traits = Array(repeating: [], count: pieces.count)
    }

    /// The id of a control or user-defined piece by its text, or nil.
    public func specialID(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        return pieces.indices.first { isSpecial($0) && pieces[$0] == bytes }
    }

    /// Whether a text begins with the begin piece where special pieces are wanted.
    public var addsBOS: Bool { bosID.map { prefixIDs.contains($0) } ?? false }

    func isSpecial(_ id: Int) -> Bool {
        types[id] == .control || types[id] == .userDefined || types[id] == .unknown
    }
}
