public import Primitives
public import Wire

/// A model that this node should help to hold.
public struct WantedModel: Hashable, Sendable {
    public var model: Digest
    public var layerCount: Int
    /// Weights of each layer, in bytes; `layerCount` of them.
    public var layerByteCounts: [UInt64]
    /// Embedding, final norm and head. Not counted against the budget: entries hold them.
    public var endsByteCount: UInt64

    public init(
        model: Digest, layerCount: Int, layerByteCounts: [UInt64], endsByteCount: UInt64
    ) {
        precondition(layerByteCounts.count == layerCount && layerCount > 0)
        self.model = model
        self.layerCount = layerCount
        self.layerByteCounts = layerByteCounts
        self.endsByteCount = endsByteCount
    }
}

/// What a neighbour says it holds and is about to hold.
public struct Neighbor: Hashable, Sendable {
    public var id: NodeID
    public var holdings: [Holding]
    /// An empty window says that the node is about to give the model up.
    public var pending: [Holding]
    public var presence: Presence
    public var domain: FailureDomain
    /// Time of one layer for one position; 0 where nobody measured it.
    public var layerMicroseconds: Int
    /// For each holding, how many requests it served at once of late, in tenths.
    public var demands: [Int]

    /// A node of which nothing else is known stands in a domain of its own.
    public init(
        id: NodeID, holdings: [Holding], pending: [Holding], presence: Presence,
        domain: FailureDomain? = nil, layerMicroseconds: Int = 0, demands: [Int] = []
    ) {
        self.id = id
        self.holdings = holdings
        self.pending = pending
        self.presence = presence
        self.domain = domain ?? FailureDomain(of: id)
        self.layerMicroseconds = layerMicroseconds
        self.demands = demands
    }
}

/// What the shell should do.
public enum PlacementEvent: Hashable, Sendable {
    /// What this node plans has changed, and the neighbourhood should hear of it.
    case announce(model: Digest)
    /// Get these layers ready, then drop what the node holds of the model beside them.
    case hold(model: Digest, layers: LayerRange)
    case release(model: Digest)
}

/// One model's layers on this node. An empty window that is not ready: about to be given up.
public struct PlacedLayers: Hashable, Sendable {
    public var model: Digest
    public var layers: LayerRange
    public var isReady: Bool
}
