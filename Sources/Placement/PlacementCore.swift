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
    private var hasNewBudget = false

    public init(own: NodeID, settings: PlacementSettings, seed: UInt64, at now: Instant) {
        id = own
        domain = FailureDomain(of: own)
        self.settings = settings
        random = SeededRandom(seed: seed)
    }

    // MARK: what the composite tells

    /// How much may be held, all models together; takes effect at the next look.
    public mutating func setBudget(memoryByteCount: UInt64, layerLimit: Int?) {
        self.memoryByteCount = memoryByteCount
        self.layerLimit = layerLimit
        hasNewBudget = true
    }

    /// With what this node fails together.
    public mutating func setDomain(_ domain: FailureDomain) { self.domain = domain }

    /// The node shall help to hold this model. Beyond `Limits.modelsPerNode` models it does not.
    public mutating func want(_ model: WantedModel, at now: Instant) {
        guard wishes[model.model] == nil, wishes.count < Limits.modelsPerNode else { return }
        let dueAt = now + random.interval(settings.waitLowest, settings.waitHighest)
        wishes[model.model] = Wish(model: model, dueAt: dueAt)
    }

    public mutating func unwant(_ model: Digest) {
        guard let wish = wishes.remove(model) else { return }
        if wish.chosen != nil || wish.ready != nil { tell(.release(model: model)) }
    }

    /// Which layers of a model lie on this node's disk: they cost no way.
    public mutating func setOnDisk(_ model: Digest, layers: [Bool]) {
        wishes.update(model) { wish in
            if layers.count == wish.model.layerCount { wish.isOnDisk = layers }
        }
    }

    /// What is asked of this node's layers of a model: requests under way, and the mean of late in
    /// tenths.
    public mutating func setDemand(_ model: Digest, activeRequestCount: Int, tenths: Int) {
        wishes.update(model) {
            $0.activeRequestCount = activeRequestCount
            $0.demand = tenths
        }
    }

    /// Models of which the neighbourhood can't hold all layers, with those that nobody near holds:
    /// the composite asks for holders far away.
    public var farQuestions: [(model: Digest, layers: [Int])] {
        wishes.values.compactMap { wish in
            guard wish.ready != nil, isNarrow(wish) else { return nil }
            let coverage = Coverage(
                of: wish.model, by: neighbors, domain: domain, ready: wish.ready,
                demand: wish.demand, farLayers: [], settings: settings)
            let missing = coverage.intended.indices.filter { layer in
                coverage.intended[layer].count == 0 && !(wish.chosen?.contains(layer) ?? false)
            }
            return missing.isEmpty ? nil : (wish.model.model, missing)
        }
    }

    /// Layers of a model that somebody far away is known to hold.
    public mutating func setFar(_ model: Digest, layers: [Bool]) {
        wishes.update(model) { wish in
            if layers.count == wish.model.layerCount { wish.farLayers = layers }
        }
    }

    /// What the neighbourhood holds has changed: all of it, not the change.
    public mutating func neighborsChanged(_ neighbors: [Neighbor], at now: Instant) {
        self.neighbors = neighbors.filter { $0.id != id }
        for index in wishes.keys.indices {
            let wish = wishes.values[index]
            guard wish.chosen != nil else { continue }
            let coverage = coverage(of: wish)
            if isLeavingTooMuch(wish, coverage) || isForNothing(wish) {
                stay(wish.model.model, at: now)
                continue
            }
            noteGaps(index, coverage, at: now)
            guard wishes.values[index].gapSince != nil, wish.failures == 0, !isNarrow(wish) else {
                continue
            }
            let price = Interval.milliseconds(price(ofDropping: wish)) / 8
            let turn = settings.rankDelay * rank(of: wish) + min(price, settings.priceDelayLimit)
            let dueAt = now + turn + random.interval(.milliseconds(50), .milliseconds(200))
            wishes.update(at: index) { $0.dueAt = min($0.dueAt, dueAt) }
        }
    }

    /// Somebody's request waits for layers that nobody of the neighbourhood holds, as it was told
    /// last: the turns that nodes take among themselves are skipped, for the one who waits asks one
    /// after the other. Only requests under way here cost their time.
    public mutating func urge(_ model: Digest, at now: Instant) {
        guard let wish = wishes[model], wish.noticeUntil == nil, wish.failures == 0 else { return }
        let price = Interval.milliseconds(price(ofDropping: wish)) / 8
        let dueAt = now + min(price, settings.priceDelayLimit)
        wishes.update(model) {
            $0.dueAt = min($0.dueAt, dueAt)
            $0.isUrged = true
        }
    }

    /// The shell has these layers ready.
    public mutating func held(
        model: Digest, layers: LayerRange, layerMicroseconds: Int = 0, at now: Instant
    ) {
        wishes.update(model) { wish in
            wish.ready = layers
            wish.layerMicroseconds = layerMicroseconds
            wish.failures = 0
            wish.failed = nil
            if wish.chosen == nil { wish.chosen = layers }
        }
    }

    /// The shell could not get ready what was chosen: what it had before stays.
    public mutating func loadFailed(model: Digest, at now: Instant) {
        guard let wish = wishes[model] else { return }
        var wait = settings.retryTime
        for _ in 0..<min(wish.failures, 8) { wait = wait * 2 }
        let dueAt = now + random.jittered(min(wait, settings.retryLimit))
        wishes.update(model) {
            $0.failed = $0.chosen
            $0.chosen = $0.ready
            $0.noticeUntil = nil
            $0.failures += 1
            $0.dueAt = dueAt
        }
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
