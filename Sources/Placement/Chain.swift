public import Primitives
public import Wire

/// A node that could run some layers.
public struct ChainCandidate: Sendable {
    public var id: NodeID
    public var holding: Holding
    /// Time of one layer for one position; 0 where nobody measured it.
    public var layerMicroseconds: Int
    public var activeRequestCount: Int

    public init(
        id: NodeID, holding: Holding, layerMicroseconds: Int, activeRequestCount: Int
    ) {
        self.id = id
        self.holding = holding
        self.layerMicroseconds = layerMicroseconds
        self.activeRequestCount = activeRequestCount
    }
}

/// A node's part in one request: a range inside what it holds.
public struct ChainStage: Hashable, Sendable {
    public var id: NodeID
    public var layers: LayerRange

    public init(id: NodeID, layers: LayerRange) {
        self.id = id
        self.layers = layers
    }
}

/// Stages that together run every layer once, in order.
public struct Chain: Hashable, Sendable {
    public var stages: [ChainStage]

    public init(stages: [ChainStage]) { self.stages = stages }
}

public enum ChainChoice: Hashable, Sendable {
    /// The estimate is for one step.
    case chain(Chain, estimatedMicroseconds: Int)
    /// Layers that nobody may run; or, where every layer has a holder, those that no chain of at
    /// most `stageLimit` stages reaches.
    case missing([LayerRange])
}

public struct ChainSettings: Sendable {
    public var stageLimit = Limits.chainStageCount
    /// What a stage costs beside its layers: packing, sealing, a wake-up.
    public var stageMicroseconds = 200
    /// Assumed where a layer's time is unknown.
    public var unknownLayerMicroseconds = 1_000

    public init() {}
}

/// Between whom a chain lies; nil is the entry.
public struct ChainEnds: Hashable, Sendable {
    public var from: NodeID?
    public var to: NodeID?

    public init(from: NodeID? = nil, to: NodeID? = nil) {
        self.from = from
        self.to = to
    }
}

/// The cheapest chain for one step: half a round trip for each hop (from the entry, between
/// stages, back to the entry), each stage's own cost, and each layer's time, multiplied by the
/// requests that a node already serves and this one.
///
/// A node takes part at most once. Equal costs go to fewer stages, then to lower ids.
///
/// - Parameters:
///   - layers: the part of the model to cover; nil for all layers.
///   - ends: the stages between which that part lies.
///   - roundTripMicroseconds: between two nodes; nil is the entry.
///   - positionCount: positions in a step, by which compute is multiplied.
public func chooseChain(
    layerCount: Int, candidates: [ChainCandidate], layers: LayerRange? = nil,
    ends: ChainEnds = ChainEnds(), roundTripMicroseconds: (NodeID?, NodeID?) -> Int,
    positionCount: Int = 1, excluded: [NodeID] = [], settings: ChainSettings = ChainSettings()
) -> ChainChoice {
    let part = layers ?? LayerRange(0, layerCount)
    var usable = candidates.filter {
        !$0.holding.layers.isEmpty && $0.holding.layerCount == layerCount
            && $0.holding.layers.upper <= layerCount && !excluded.contains($0.id)
    }
    // The search counts layers from the beginning of the part.
    usable = usable.compactMap { candidate in
        let held = candidate.holding.layers
        let (lower, upper) = (max(held.lower, part.lower), min(held.upper, part.upper))
        guard lower < upper else { return nil }
        var candidate = candidate
        candidate.holding.layers = LayerRange(lower - part.lower, upper - part.lower)
        return candidate
    }
    usable.sort { ($0.id, $0.holding.layers) < ($1.id, $1.holding.layers) }
    let gaps = missingLayers(part.count, usable)
    guard gaps.isEmpty, part.count > 0 else { return .missing(gaps.map { $0.moved(by: part) }) }
    let search = ChainSearch(
        layerCount: part.count, candidates: usable, ends: ends, positionCount: positionCount,
        settings: settings, roundTripMicroseconds: roundTripMicroseconds)
    switch search.choose() {
    case .missing(let gaps): return .missing(gaps.map { $0.moved(by: part) })
    case .chain(let chain, let cost):
        let stages = chain.stages.map {
            ChainStage(id: $0.id, layers: $0.layers.moved(by: part))
        }
        return .chain(Chain(stages: stages), estimatedMicroseconds: cost)
    }
}

extension LayerRange {
    /// Layers of a part of a model, as layers of the model.
    fileprivate func moved(by part: LayerRange) -> LayerRange {
        LayerRange(lower + part.lower, upper + part.lower)
    }
}

/// Layers without any candidate, as few ranges as possible.
private func missingLayers(_ layerCount: Int, _ candidates: [ChainCandidate]) -> [LayerRange] {
    var isHeld = Array(repeating: false, count: layerCount)
    for candidate in candidates {
        for layer in candidate.holding.layers.range { isHeld[layer] = true }
    }
    var missing: [LayerRange] = []
    for layer in 0..<layerCount where !isHeld[layer] {
        if let last = missing.last, last.upper == layer {
            missing[missing.count - 1].upper = layer + 1
        } else {
            missing.append(LayerRange(layer, layer + 1))
        }
    }
    return missing
}
