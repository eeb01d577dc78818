/// Everything that a tokenizer is: its vocabulary and its rules, without the tables made from them.
///
/// It travels inside of a model's ends in the format of `Protocol.md`.
public struct TokenizerModel: Hashable, Sendable {
    public enum Kind: UInt8, Hashable, Sendable {
        /// SentencePiece's BPE: merges by score, spaces as U+2581, unknown characters as bytes.
        case sentencePiece = 1
        /// GPT-2's BPE: merges by rank over the bytes of words that patterns cut out of the text.
        case bytePairs = 2
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
    /// By id. SentencePiece: the piece's text, with U+2581 for a space and `<0x0A>` for a byte.
    /// Byte pairs: the bytes that the piece stands for; of control or user-defined ones, its text.
    public var pieces: [[UInt8]]
    public var types: [PieceType]
    /// By id; the higher is merged first. Empty for byte pairs.
    public var scores: [Float]
    /// The first is merged first. Empty for SentencePiece.
    public var merges: [Merge]
    /// Regular expressions that cut the text into words, each inside of the last one's words; in
    /// the syntax of PCRE2. Empty for SentencePiece.
    public var patterns: [String]
    /// Whether a word that is a piece is taken whole, before any merge (Llama 3).
    public var ignoresMerges = false
    public var addsBOS = false
    public var addsEOS = false
    /// Whether SentencePiece puts a space before text at the start and after special pieces.
    public var addsSpacePrefix = false
    /// Whether whitespace that follows a special piece vanishes (Phi-3).
    public var stripsAfterSpecial = false
    public var bosID: Int?
    public var unknownID: Int?
    /// Ids that end a text or a turn.
    public var eosIDs: [Int] = []
    /// The model's Jinja template for chats.
    public var chatTemplate: String?

    public init(kind: Kind, pieces: [[UInt8]], types: [PieceType]) {
        self.kind = kind
        self.pieces = pieces
        self.types = types
        scores = []
        merges = []
        patterns = []
    }

    /// The id of a control or user-defined piece by its text, or nil.
    public func specialID(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        return pieces.indices.first { isSpecial($0) && pieces[$0] == bytes }
    }

    func isSpecial(_ id: Int) -> Bool {
        types[id] == .control || types[id] == .userDefined || types[id] == .unknown
    }
}
