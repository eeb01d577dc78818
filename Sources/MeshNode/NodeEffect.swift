public import Identity
public import Pipelines
public import Primitives
public import Shards
public import Wire

/// A request as the shell of its entry knows it, over however many attempts at a chain.
public struct Ticket: Hashable, Comparable, Sendable {
    public var number: UInt64

    public static func < (left: Ticket, right: Ticket) -> Bool { left.number < right.number }
}

/// One stage of an opened request.
public struct StageSeat: Hashable, Sendable {
    public var node: NodeID
    public var layers: LayerRange
}

/// What a node wants its shell to do. Each kind has one interpreter in the runtime and one in the
/// simulator.
public enum NodeEffect: Sendable {
    // Disk.

    /// Keep a manifest; answer with `Node.manifestStored`.
    case storeManifest(SignedManifest)
    case readChunk(ReadToken, PieceEntry, index: Int)
    case readChunkList(ReadToken, PieceEntry)
    case storeChunkList(PieceEntry, [Digest])
    /// A chunk that was checked against its piece's list.
    case storeChunk(PieceEntry, index: Int, bytes: [UInt8])
    /// Every chunk of a piece was handed out to be stored. Answer with `Node.pieceStored`.
    case completePiece(model: Digest, pieceIndex: Int, PieceEntry)
    /// Make room: others hold this piece, and it is not needed here now.
    case removePiece(PieceEntry)
    /// Good records to begin with after a restart.
    case keepSeeds([NodeRecord])

    // Layers.

    /// Bring layers into memory, in place of what was loaded of the model before. Answer with
    /// `Node.layersLoaded`.
    case load(model: Digest, layers: LayerRange)
    case unload(model: Digest)

    // The stage's side of a request.

    /// Make room for a KV cache; answer with `Node.cacheOpened`.
    case openCache(StageOffer)
    /// Run layers; answer with `Node.computed`, or with `Node.rowsNotKnown`.
    case compute(StageOffer, Step)
    case closeCache(RequestID)
    /// Read keys and values of some of these positions, as many as `Limits.cachePartByteCount`
    /// carries and one at least; answer with `Node.cacheExported`.
    case exportCache(RequestID, from: Int, upTo: Int)
    /// Put them behind those a cache holds; answer with `Node.cacheImported`.
    case importCache(RequestID, from: Int, bytes: [UInt8])

    // The entry's side of a request.

    case manifestFound(SignedManifest)
    /// A piece the shell asked for with `Node.fetch` is on disk.
    case pieceReady(model: Digest, pieceIndex: Int)
    case pieceFailed(model: Digest, pieceIndex: Int)
    case requestOpened(Ticket, [StageSeat])
    /// Stages were lost whose layers nobody within reach holds: the request waits for a holder.
    case requestWaiting(Ticket, missing: [LayerRange])
    /// Others have taken the place of lost stages. Nothing is asked of the shell.
    case requestMended(Ticket, [StageSeat])
    /// All positions must be run anew, from 0: steps under way will not come back.
    case requestRewound(Ticket)
    case stepDone(Ticket, Step)
    case requestFailed(Ticket, RequestEnd)
    case accountArrived(Ticket, StageAccount)
    /// Peers answered an observer's question: `Node.knownStates` has the rest.
    case statesArrived(from: NodeID, count: Int)

    /// Worth a line in the log.
    case note(NodeNote)
}

/// Why a request ended without its answer.
public enum RequestEnd: Hashable, Sendable {
    /// Nobody within reach holds these layers.
    case layersMissing([LayerRange])
    /// A stage ended it.
    case failed(RequestFailure)
    /// No manifest of the model is here: find it first.
    case unknownModel
    /// As many requests as the node serves at once are under way.
    case tooMany
}

/// What a person who watches a node wants to read.
public enum NodeNote: Hashable, Sendable {
    case met(NodeID, PeerAddress)
    case lost(NodeID)
    case bootstrapSilent(PeerAddress)
    case chosen(model: String, LayerRange)
    case fetching(model: String, pieceCount: Int)
    case ready(model: String, LayerRange)
    /// Pieces could not be read, or what is in them is no layer; it is tried again.
    case loadFailed(model: String, LayerRange)
    case released(model: String)
    case stageOpened(RequestID, LayerRange)
    case stageClosed(RequestID)
    case addressLearned(PeerAddress)
    case chunkRefused(root: Digest)
    case evicted(model: String, pieceCount: Int)
    /// What was chosen does not fit the disk lent for pieces.
    case diskFull(model: String)
    /// A stage of a request of this node gave its cache to another node.
    case handedOver(RequestID, from: NodeID, to: NodeID)
    /// The owner is back, or gone.
    case presence(Presence)
}
