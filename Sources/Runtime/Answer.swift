public import MeshNode
import Primitives
import Tokenizers
public import Transformers
public import Wire

/// An answer and how it came about.
public struct Answer: Sendable {
    public enum Finish: String, Sendable {
        case stop
        case length
        /// The prompter ended it.
        case cancelled
    }

    public var text = ""
    public var ids: [Int] = []
    /// How likely each token was, where the settings asked for it.
    public var likelihoods: [LogProbabilities] = []
    public var promptIDs: [Int]
    public var finish = Finish.length
    public var seed: UInt64
    public var model: ModelManifest
    /// Empty where everything was computed in this process.
    public var chain: [StageSeat] = []
    public var stats = AnswerStats()

    init(promptIDs: [Int], seed: UInt64, model: ModelManifest) {
        self.promptIDs = promptIDs
        self.seed = seed
        self.model = model
    }
}

/// What an answer took.
public struct AnswerStats: Hashable, Sendable {
    /// From the request to the first token, a chain's opening included.
    public var firstTokenMicroseconds: UInt64 = 0
    /// From the first token to the last.
    public var decodeMicroseconds: UInt64 = 0
    /// Tokens that `decodeMicroseconds` covers: all but the first.
    public var decodedTokenCount = 0
    /// Between the steps' leaving and their return, for decoded tokens.
    public var chainMicroseconds: UInt64 = 0
    /// What stages say they computed in that time.
    public var computeMicroseconds: UInt64 = 0
    /// When each token was there, since the request; over a mesh only.
    public var tokenMicroseconds: [UInt64] = []
    /// Times that lost stages were replaced.
    public var mendCount = 0
    /// Tokens that were drafted ahead, and those of them that held.
    public var draftedCount = 0
    public var heldDraftCount = 0
    /// Stages whose signed account arrived.
    public var accountCount = 0

    public var tokensPerSecond: Double {
        guard decodeMicroseconds > 0 else { return 0 }
        return Double(decodedTokenCount) * 1e6 / Double(decodeMicroseconds)
    }

    /// The share of the chain's time that nobody computed in: network, queues, copies.
    public var networkShare: Double {
        guard chainMicroseconds > 0 else { return 0 }
        let waited = chainMicroseconds - min(chainMicroseconds, computeMicroseconds)
        return Double(waited) / Double(chainMicroseconds)
    }
}

/// Ids to text, as it may be shown: whole characters, and nothing behind a stop string.
struct AnswerWriter {
    private var decoder: StreamingDecoder
    private var stops: StopStrings
    private let tell: (String) -> Void
    private(set) var text = ""
    /// A stop string was reached, if only by what the end of the answer released.
    var isStopped: Bool { stops.isFound }

    init(
        _ model: TextModel, promptIDs: [Int], stopStrings: [String],
        tell: @escaping (String) -> Void
    ) {
        let promptText = model.tokenizer.decode(promptIDs, skipSpecial: true)
        decoder = StreamingDecoder(model.tokenizer, startsText: promptText.isEmpty)
        stops = StopStrings(stopStrings)
        self.tell = tell
    }

    /// Shows what an id adds; false where a stop string was reached.
    mutating func append(_ id: Int) -> Bool {
        show(stops.append(decoder.append(id)))
        return !stops.isFound
    }

    mutating func finish() {
        show(stops.append(decoder.finish()))
        show(stops.finish())
    }

    private mutating func show(_ more: String) {
        guard !more.isEmpty else { return }
        text += more
        tell(more)
    }
}
