public import Primitives
public import Wire

/// One read from disk that a core asked its shell for.
public struct ReadToken: Hashable, Comparable, Sendable {
    public let number: UInt64

    public static func < (left: ReadToken, right: ReadToken) -> Bool { left.number < right.number }
}

/// What somebody looks for: a model by the digest of its manifest, or by its name.
public enum ManifestQuery: Hashable, Sendable {
    case digest(Digest)
    case name(String)
}

/// Why a piece was given up.
public enum FetchFailure: Hashable, Sendable {
    /// Nobody is left to ask, and nobody came for 30 seconds.
    case noSources
    /// More chunks than a list may have, or more pieces than may be fetched at once.
    case overLimit
}

/// What a shard core wants done, or has to tell.
public enum ShardEvent: Sendable {
    /// Authentic, and what was asked for. A name proves nothing about who published it.
    case manifestArrived(SignedManifest)
    /// Nobody who was asked had it.
    case manifestMissing(ManifestQuery)
    /// The shell reads and answers with `chunkRead`.
    case readChunk(ReadToken, root: Digest, index: Int)
    /// The shell reads and answers with `chunkListRead`.
    case readChunkList(ReadToken, root: Digest)
    /// The list that the piece's root commits to; worth keeping beside the chunks.
    case chunkListArrived(root: Digest, [Digest])
    /// A chunk whose digest was checked. The shell writes it.
    case storeChunk(root: Digest, index: Int, bytes: [UInt8])
    /// Every chunk of the piece was given to the shell, now or earlier.
    case pieceComplete(root: Digest)
    case fetchFailed(root: Digest, FetchFailure)
}

/// What happened, counted from the start.
public struct ShardCounters: Hashable, Sendable {
    public var chunksServed = 0
    public var chunksFetched = 0
    public var bytesServed = 0
    public var bytesFetched = 0
    /// Requests of others that were refused, whatever the reason.
    public var requestsRefused = 0
    /// Our requests that were refused, and those that found no answer in time.
    public var refusalsMet = 0
    public var requestsMissed = 0
    public var messagesMalformed = 0
    /// Replies to nothing we asked, or from somebody else.
    public var repliesUnexpected = 0
    /// Chunks, lists and manifests that are not what their digest says; their source is banned.
    public var wrongAnswers = 0
    /// Offers over the limit.
    public var offersDropped = 0

    public init() {}
}
