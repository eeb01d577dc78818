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
    public var pending: [Holding]
    public var presence: Presence

    public init(id: NodeID, holdings: [Holding], pending: [Holding], presence: Presence) {
        self.id = id
        self.holdings = holdings
        self.pending = pending
        self.presence = presence
    }
}

/// What the shell should do.
public enum PlacementEvent: Hashable, Sendable {
    /// Get these layers ready, then drop what the node holds of the model beside them.
    case hold(model: Digest, layers: LayerRange)
    case release(model: Digest)
}

/// One model's layers on this node.
public struct PlacedLayers: Hashable, Sendable {
    public var model: Digest
    public var layers: LayerRange
    public var isReady: Bool
}

/// How patient a node is (docs/protocol/placement.md, "Constants").
public struct PlacementSettings: Sendable {
    /// A node waits this long by chance before it first chooses, so that starters take turns.
    public var waitLowest = Interval.milliseconds(200)
    public var waitHighest = Interval.milliseconds(1_200)
    /// A node that knows nobody yet waits this much longer, once.
    public var lonelyWait = Interval.milliseconds(500)
    /// While layers lack any holder, every node looks again after a time in these bounds.
    public var checkLowest = Interval.milliseconds(400)
    public var checkHighest = Interval.milliseconds(800)
    /// And else, with a tenth of jitter.
    public var calmCheckInterval = Interval.seconds(5)
    /// Of those who could move, the highest id moves first; each next one waits this much more.
    public var rankDelay = Interval.milliseconds(250)
    public var rankLimit = 8
    /// Holders of each layer that are worth a move. Beyond it nobody moves.
    public var holderTarget = 2
    /// A choice rests this long before it is changed for anything but a layer without holder.
    public var restTime = Interval.seconds(4)
    /// Layers without holder that no single move helps are packed anew after this long.
    public var stuckTime = Interval.milliseconds(2_500)
    /// After a failed load: doubled up to the limit.
    public var retryTime = Interval.seconds(2)
    public var retryLimit = Interval.seconds(60)

    public init() {}
}

/// How many others hold each layer.
struct Coverage {
    /// Others that hold it, or will when what they choose is ready.
    var intended: [Int]
    /// Others that hold it now and do not plan to stop.
    var staying: [Int]

    /// Of `neighbors` that are idle; one counts once for each layer.
    init(of model: WantedModel, by neighbors: [Neighbor]) {
        intended = Array(repeating: 0, count: model.layerCount + 1)
        staying = intended
        for neighbor in neighbors where neighbor.presence == .idle {
            let ready = neighbor.layers(of: model, in: neighbor.holdings)
            let next = neighbor.layers(of: model, in: neighbor.pending)
            Self.add(next ?? ready, to: &intended)
            guard let ready else { continue }
            let kept = next.map { Self.common($0, ready) } ?? ready
            Self.add(kept, to: &staying)
        }
        Self.sum(&intended)
        Self.sum(&staying)
    }

    private static func common(_ one: LayerRange, _ other: LayerRange) -> LayerRange {
        let lower = max(one.lower, other.lower)
        return LayerRange(lower, max(lower, min(one.upper, other.upper)))
    }

    private static func add(_ layers: LayerRange?, to counts: inout [Int]) {
        guard let layers, !layers.isEmpty else { return }
        counts[layers.lower] += 1
        counts[layers.upper] -= 1
    }

    /// Differences become counts.
    private static func sum(_ counts: inout [Int]) {
        for index in counts.indices.dropFirst() { counts[index] += counts[index - 1] }
        counts.removeLast()
    }

    /// How many layers would have 0, 1, 2 ... holders with `window` added.
    func tally(with window: LayerRange?) -> Tally {
        var tally = Tally()
        for layer in intended.indices {
            let own = window.map { $0.contains(layer) } ?? false
            tally.add(intended[layer] + (own ? 1 : 0))
        }
        return tally
    }
}

extension Neighbor {
    /// What a list of holdings says of a model; nil where it says nothing that fits the model.
    func layers(of model: WantedModel, in list: [Holding]) -> LayerRange? {
        guard
            let holding = list.first(where: {
                $0.model == model.model && $0.layerCount == model.layerCount
            }), holding.layers.upper <= model.layerCount, !holding.layers.isEmpty
        else { return nil }
        return holding.layers
    }

    /// Where it will stand when all is loaded.
    func intention(for model: WantedModel) -> LayerRange? {
        layers(of: model, in: pending) ?? layers(of: model, in: holdings)
    }
}

/// Layers counted by their holders. Of two, the better has fewer layers with 0 holders, then fewer
/// with 1, and so on: the order of sorted coverage (leximin).
struct Tally: Comparable {
    private var counts = Array(repeating: 0, count: 16)

    /// Layers with exactly this many holders; 15 stands for more.
    subscript(holderCount: Int) -> Int { counts[holderCount] }

    mutating func add(_ holderCount: Int) { counts[min(15, holderCount)] += 1 }

    /// Worse.
    static func < (left: Tally, right: Tally) -> Bool {
        for index in left.counts.indices where left.counts[index] != right.counts[index] {
            return left.counts[index] > right.counts[index]
        }
        return false
    }
}
