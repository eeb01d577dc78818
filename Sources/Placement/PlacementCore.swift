public import Primitives
internal import Wire

/// One node's choice of the layers it holds, made without a leader: fill what is least covered,
/// say so at once, and move only when that pays and uncovers nothing (Protocol.md, "Placement";
/// after Petals, Borzunov 2023, section 3.2).
public struct PlacementCore: ~Copyable {
    public let id: NodeID
    public let settings: PlacementSettings
    /// Choices made that differ from the one before, first ones included.
    public internal(set) var moveCount = 0
    var random: SeededRandom
    var memoryByteCount: UInt64 = 0
    var layerLimit: Int?
    var domain: FailureDomain
    var wishes = OrderedTable<Digest, Wish>()
    var neighbors: [Neighbor] = []
    private var events = Ring<PlacementEvent>(capacity: Limits.placementEventCount)
    var hasNewBudget = false

    public init(own: NodeID, settings: PlacementSettings, seed: UInt64, at now: Instant) {
        id = own
        domain = FailureDomain(of: own)
        self.settings = settings
        random = SeededRandom(seed: seed)
    }

    // MARK: what the composite asks

    /// What this node holds, and what it is getting ready or about to give up; by model.
    public var holdings: [PlacedLayers] {
        var placed: [PlacedLayers] = []
        for wish in wishes.values {
            let model = wish.model.model
            if let ready = wish.ready {
                placed.append(PlacedLayers(model: model, layers: ready, isReady: true))
            }
            if let chosen = wish.chosen, chosen != wish.ready {
                placed.append(PlacedLayers(model: model, layers: chosen, isReady: false))
            }
        }
        return placed
    }

    public mutating func nextEvent() -> PlacementEvent? { events.popFirst() }

    public var nextDeadline: Instant {
        if hasNewBudget, !wishes.isEmpty { return .origin }
        return wishes.values.reduce(.never) { min($0, min($1.dueAt, $1.noticeUntil ?? .never)) }
    }

    public mutating func fire(at now: Instant) {
        if hasNewBudget {
            hasNewBudget = false
            for index in wishes.keys.indices where wishes.values[index].chosen != nil {
                wishes.update(at: index) { $0.dueAt = now }
            }
        }
        for index in wishes.keys.indices {
            if let until = wishes.values[index].noticeUntil, until <= now {
                commit(index, at: now)
            }
            if wishes.values[index].dueAt <= now { review(index, at: now) }
        }
    }

    mutating func tell(_ event: PlacementEvent) {
        let added = events.append(event)
        precondition(added, "placement events overflow: drain them between inputs")
    }

    func coverage(of wish: Wish) -> Coverage { coverage(of: wish, by: neighbors) }

    func coverage(of wish: Wish, by neighbors: [Neighbor]) -> Coverage {
        Coverage(
            of: wish.model, by: neighbors, domain: domain, ready: wish.ready, demand: wish.demand,
            farLayers: isNarrow(wish) ? wish.farLayers : [], settings: settings)
    }

    /// Whether the neighbourhood, this node included, has no room for the whole model: then a layer
    /// that nobody near holds may well have holders far away.
    func isNarrow(_ wish: Wish) -> Bool {
        guard !neighbors.isEmpty else { return false }
        let own = wish.chosen?.count ?? 0
        let held = neighbors.reduce(own) { sum, neighbor in
            guard neighbor.presence == .idle else { return sum }
            return sum + (neighbor.plan(for: wish.model).intended?.count ?? 0)
        }
        return held < wish.model.layerCount
    }
}

/// How one wanted model stands on this node.
struct Wish: Sendable {
    let model: WantedModel
    /// What this node wants to hold; equal to `ready` when all is done, empty when the model is
    /// about to be given up.
    var chosen: LayerRange?
    /// What the shell has loaded.
    var ready: LayerRange?
    /// While it runs, the choice is announced and nothing is done yet.
    var noticeUntil: Instant?
    /// Of each layer that the choice drops, so many others shall stay.
    var keepers = 1
    /// The choice is neither forced nor made for a layer without holder.
    var isOfChoice = false
    /// Somebody waits for layers without holder.
    var isUrged = false
    var chosenAt = Instant.origin
    var dueAt: Instant
    var hasWaited = false
    /// Since when some layer had no holder that anybody plans.
    var gapSince: Instant?
    var failures = 0
    /// A window that failed to load: the next choice is another, where there is one.
    var failed: LayerRange?
    var isOnDisk: [Bool]
    var farLayers: [Bool] = []
    var activeRequestCount = 0
    var demand = 0
    var layerMicroseconds = 0

    init(model: WantedModel, dueAt: Instant) {
        self.model = model
        self.dueAt = dueAt
        isOnDisk = Array(repeating: false, count: model.layerCount)
    }

    /// Layers that are ready and that holding `next` instead would drop.
    func dropped(by next: LayerRange) -> [Int] {
        (ready?.range ?? 0..<0).filter { !next.contains($0) }
    }
}
