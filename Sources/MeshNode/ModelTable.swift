public import Primitives
internal import Wire

/// What the disk has of one piece.
public enum PieceStatus: Hashable, Sendable {
    case absent
    /// Some chunks, each checked against the list.
    case partial(chunkDigests: [Digest], presentChunks: [Int])
    case complete
}

/// One model as this node has it.
struct ModelEntry: Sendable {
    enum Work: Hashable, Sendable {
        case none
        /// Pieces are coming from peers.
        case fetching(LayerRange)
        /// The shell brings them into memory.
        case loading(LayerRange)
    }

    var manifest: SignedManifest
    /// The ends first, then each layer.
    var pieces: [PieceStatus]
    /// Whether the node serves layers of it, or only wants its ends for a prompt.
    var isServed: Bool
    /// Imported by hand: its pieces stay whatever happens.
    var isKept: Bool
    var work = Work.none
    /// What placement chose while other work was under way.
    var chosen: LayerRange?
    var loaded: LayerRange?
    var layerMicroseconds = 0
    var demand = Demand()
    /// Topics under which the last ad was filed, and what it said.
    var adTopics: [NodeID] = []
    var advertised: Holding?
    /// Pieces the shell asked for by itself.
    var requestedPieces: [Int] = []

    var name: String { manifest.manifest.name }
    var hasAllPieces: Bool { pieces.allSatisfy { $0 == .complete } }

    func isComplete(_ layers: LayerRange) -> Bool {
        layers.range.allSatisfy { pieces[$0 + 1] == .complete }
    }

    /// What the node tells others: layers in memory, and what its disk can give away.
    var holding: Holding {
        Holding(
            model: manifest.manifest.digest, layers: loaded ?? LayerRange(0, 0),
            layerCount: manifest.manifest.layerCount, hasEnds: pieces[0] == .complete,
            hasAllPieces: hasAllPieces)
    }
}

/// How many requests a node served at once of late.
struct Demand: Sendable {
    /// Thousandths of a request; a minute's mean.
    private var thousandths = 0
    /// In tenths, as last told to others: changed only when it matters.
    private(set) var told = 0

    /// One look, every two seconds; true where others should hear of it.
    mutating func measure(_ activeRequestCount: Int) -> Bool {
        thousandths += (activeRequestCount * 1_000 - thousandths) / 30
        let tenths = min((thousandths + 50) / 100, Limits.demandTenths)
        let hasEnded = tenths == 0 && told > 0
        guard hasEnded || abs(tenths - told) >= max(2, told / 4) else { return false }
        told = tenths
        return true
    }
}
