public import Primitives
internal import Wire

/// One node's choice of the layers it holds, made without a leader: fill what is least covered,
/// say so at once, and move only when that pays (docs/protocol/placement.md; after Petals,
/// Borzunov 2023, section 3.2).
public struct PlacementCore: ~Copyable {
    /// How one wanted model stands here.
    struct Wish: Sendable {
        let model: WantedModel
        /// What this node wants to hold; equal to `ready` when all is done.
        var chosen: LayerRange?
        /// What the shell has loaded.
        var ready: LayerRange?
        var chosenAt = Instant.origin
        var dueAt: Instant
        var hasWaited = false
        /// Since when some layer had no holder that anybody plans.
        var gapSince: Instant?
        var failures = 0
        /// A window that failed to load: the next choice is another, where there is one.
        var failed: LayerRange?
    }

    public let id: NodeID
    public let settings: PlacementSettings
    /// Choices made that differ from the one before, first ones included.
    public private(set) var moveCount = 0
    private var random: SeededRandom
    private var memoryByteCount: UInt64 = 0
    private var layerLimit: Int?
    private var wishes = OrderedTable<Digest, Wish>()
    private var neighbors: [Neighbor] = []
    private var events = Ring<PlacementEvent>(capacity: Limits.placementEventCount)
    private var hasNewBudget = false

    public init(own: NodeID, settings: PlacementSettings, seed: UInt64, at now: Instant) {
        id = own
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

    /// What the neighbourhood holds has changed: all of it, not the change.
    public mutating func neighborsChanged(_ neighbors: [Neighbor], at now: Instant) {
        self.neighbors = neighbors.filter { $0.id != id }
        for index in wishes.keys.indices {
            let wish = wishes.values[index]
            guard let chosen = wish.chosen else { continue }
            let coverage = Coverage(of: wish.model, by: self.neighbors)
            if cancelsMove(wish, coverage) {
                choose(wish.ready ?? chosen, of: wish.model.model, at: now)
                continue
            }
            noteGaps(index, coverage, at: now)
            guard wishes.values[index].gapSince != nil, wish.failures == 0 else { continue }
            let turn = settings.rankDelay * rank(of: wish)
            let dueAt = now + turn + random.interval(.milliseconds(50), .milliseconds(200))
            wishes.update(at: index) { $0.dueAt = min($0.dueAt, dueAt) }
        }
    }

    /// The shell has these layers ready.
    public mutating func held(model: Digest, layers: LayerRange, at now: Instant) {
        wishes.update(model) { wish in
            wish.ready = layers
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
            $0.failures += 1
            $0.dueAt = dueAt
        }
    }

    // MARK: what the composite asks

    /// What this node holds, and what it is getting ready; by model.
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
        return wishes.values.reduce(.never) { min($0, $1.dueAt) }
    }

    public mutating func fire(at now: Instant) {
        if hasNewBudget {
            hasNewBudget = false
            for index in wishes.keys.indices where wishes.values[index].chosen != nil {
                wishes.update(at: index) { $0.dueAt = now }
            }
        }
        for index in wishes.keys.indices where wishes.values[index].dueAt <= now {
            review(index, at: now)
        }
    }

    // MARK: choosing

    /// Chooses for the first time, or sees whether a move pays.
    private mutating func review(_ index: Int, at now: Instant) {
        let wish = wishes.values[index]
        let coverage = Coverage(of: wish.model, by: neighbors)
        if wish.chosen == nil, neighbors.isEmpty, !wish.hasWaited {
            wishes.update(at: index) {
                $0.hasWaited = true
                $0.dueAt = now + settings.lonelyWait
            }
            return
        }
        noteGaps(index, coverage, at: now)
        let windows = fittingWindows(for: wish)
        if let next = decide(wishes.values[index], coverage, windows, at: now) {
            choose(next, of: wish.model.model, at: now)
            noteGaps(index, coverage, at: now)
        }
        let hasGap = wishes.values[index].gapSince != nil
        let wait =
            hasGap
            ? random.interval(settings.checkLowest, settings.checkHighest)
            : random.jittered(settings.calmCheckInterval)
        wishes.update(at: index) { $0.dueAt = now + wait }
    }

    /// The window to hold instead of what is chosen; nil to stay.
    private func decide(
        _ wish: Wish, _ coverage: Coverage, _ windows: [LayerRange], at now: Instant
    ) -> LayerRange? {
        let choices = windows.filter { $0 != wish.failed }
        guard let best = bestWindow(choices.isEmpty ? windows : choices, wish, coverage) else {
            return nil
        }
        guard let chosen = wish.chosen else { return best }
        // A smaller budget is not a matter of taste.
        guard windows.contains(where: { $0.contains(chosen) }) else { return best }
        let (before, after) = (coverage.tally(with: chosen), coverage.tally(with: best))
        if after[0] < before[0] { return isSafe(best, wish, coverage) ? best : nil }
        if before[0] > 0 { return packed(wish, coverage, windows, at: now) }
        return isWorthMoving(wish, before, after, at: now) && isSafe(best, wish, coverage)
            ? best : nil
    }

    /// With no layer uncovered, only a clear gain towards the wanted number of holders pays.
    private func isWorthMoving(
        _ wish: Wish, _ before: Tally, _ after: Tally, at now: Instant
    ) -> Bool {
        guard let chosen = wish.chosen, now.since(wish.chosenAt) >= settings.restTime,
            wish.ready == chosen, after[0] <= before[0]
        else { return false }
        for holderCount in 1..<max(2, settings.holderTarget) {
            if after[holderCount] == before[holderCount] { continue }
            let gain = before[holderCount] - after[holderCount]
            return gain >= max(1, chosen.count / 4)
        }
        return false
    }

    /// Whether every layer that this node has ready and would drop is kept by somebody else.
    private func isSafe(_ next: LayerRange, _ wish: Wish, _ coverage: Coverage) -> Bool {
        guard let ready = wish.ready else { return true }
        return ready.range.allSatisfy { next.contains($0) || coverage.staying[$0] > 0 }
    }

    /// A move under way is given up when another holder of what would be dropped moves too, and
    /// has the higher id: that one goes, this one stays.
    private func cancelsMove(_ wish: Wish, _ coverage: Coverage) -> Bool {
        guard let chosen = wish.chosen, let ready = wish.ready, chosen != ready else {
            return false
        }
        let critical = ready.range.filter { !chosen.contains($0) && coverage.staying[$0] == 0 }
        return critical.contains { layer in
            let leavers = neighbors.filter { neighbor in
                guard neighbor.presence == .idle,
                    let now = neighbor.layers(of: wish.model, in: neighbor.holdings),
                    let next = neighbor.layers(of: wish.model, in: neighbor.pending)
                else { return false }
                return now.contains(layer) && !next.contains(layer)
            }
            // With lower ids only, they stay; with nobody left, this node must.
            return leavers.isEmpty || leavers.contains { $0.id > id }
        }
    }

    /// How many others, with higher ids, could make the same move: they go first.
    private func rank(of wish: Wish) -> Int {
        guard let chosen = wish.chosen else { return 0 }
        let count = neighbors.reduce(0) { count, neighbor in
            guard neighbor.id > id, neighbor.presence == .idle,
                let other = neighbor.intention(for: wish.model), other.overlaps(chosen)
            else { return count }
            return count + 1
        }
        return min(count, settings.rankLimit)
    }

    private mutating func noteGaps(_ index: Int, _ coverage: Coverage, at now: Instant) {
        let hasGap = coverage.tally(with: wishes.values[index].chosen)[0] > 0
        wishes.update(at: index) { $0.gapSince = hasGap ? $0.gapSince ?? now : nil }
    }

    private mutating func choose(_ layers: LayerRange, of model: Digest, at now: Instant) {
        guard wishes[model]?.chosen != layers else { return }
        wishes.update(model) {
            $0.chosen = layers
            $0.chosenAt = now
            $0.gapSince = nil
        }
        moveCount += 1
        tell(.hold(model: model, layers: layers))
    }

    private mutating func tell(_ event: PlacementEvent) {
        let added = events.append(event)
        precondition(added, "placement events overflow: drain them between inputs")
    }

    // MARK: windows

    /// The largest windows that the budget allows, one for each place, none inside another. What
    /// other wanted models hold, or may claim as their equal share, is not available.
    private func fittingWindows(for wish: Wish) -> [LayerRange] {
        var bytes = memoryByteCount
        var layers = layerLimit ?? Int.max
        for other in wishes.values where other.model.model != wish.model.model {
            let counts = other.model.layerByteCounts
            let held = other.chosen ?? LayerRange(0, 0)
            let all = counts.reduce(0, +)
            let heldBytes = counts[held.range].reduce(0, +)
            let claimed =
                other.chosen == nil
                ? min(all, memoryByteCount / UInt64(wishes.count)) : heldBytes
            bytes -= min(bytes, claimed)
            if let layerLimit {
                let share =
                    other.chosen == nil
                    ? min(other.model.layerCount, layerLimit / wishes.count) : held.count
                layers -= min(layers, share)
            }
        }
        return windows(of: wish.model, byteCount: bytes, layerCount: layers)
    }

    private func windows(
        of model: WantedModel, byteCount: UInt64, layerCount: Int
    ) -> [LayerRange] {
        var windows: [LayerRange] = []
        var (upper, used) = (0, UInt64(0))
        for lower in 0..<model.layerCount {
            if upper < lower { (upper, used) = (lower, 0) }
            while upper < model.layerCount, upper - lower < layerCount,
                used + model.layerByteCounts[upper] <= byteCount
            {
                used += model.layerByteCounts[upper]
                upper += 1
            }
            let isNew = windows.last.map { $0.upper < upper } ?? true
            if upper > lower, isNew { windows.append(LayerRange(lower, upper)) }
            if upper > lower { used -= model.layerByteCounts[lower] }
        }
        return windows
    }

    /// The window after which coverage is best; of equals one whose edges leave no crumbs, then
    /// by a hash of node, model and place, so that equal nodes spread.
    private func bestWindow(
        _ windows: [LayerRange], _ wish: Wish, _ coverage: Coverage
    ) -> LayerRange? {
        var best: (window: LayerRange, tally: Tally, edges: Int, tie: UInt64)?
        for window in windows {
            let tally = coverage.tally(with: window)
            let edges = evenEdgeCount(window, coverage)
            let tie = tieBreak(window, wish.model.model)
            let isBetter =
                best.map { best in
                    if tally != best.tally { return tally > best.tally }
                    return (edges, tie) > (best.edges, best.tie)
                } ?? true
            if isBetter { best = (window, tally, edges, tie) }
        }
        return best?.window
    }

    /// How many edges of a window lie where coverage changes, at an end of the model, or on a
    /// multiple of its own size.
    private func evenEdgeCount(_ window: LayerRange, _ coverage: Coverage) -> Int {
        let counts = coverage.intended
        func isEven(_ edge: Int) -> Bool {
            edge == 0 || edge == counts.count || counts[edge] != counts[edge - 1]
                || edge % window.count == 0
        }
        return (isEven(window.lower) ? 1 : 0) + (isEven(window.upper) ? 1 : 0)
    }

    private func tieBreak(_ window: LayerRange, _ model: Digest) -> UInt64 {
        var mixer = SeededRandom(
            seed: id.raw.first ^ model.raw.first ^ UInt64(window.lower) << 32)
        return mixer.next()
    }

    /// Windows laid end to end in the order of their places: what every node computes alike when
    /// there is room enough for all layers and yet no single move fills the gap.
    private func packed(
        _ wish: Wish, _ coverage: Coverage, _ windows: [LayerRange], at now: Instant
    ) -> LayerRange? {
        guard let chosen = wish.chosen, let gapSince = wish.gapSince,
            now.since(gapSince) >= settings.stuckTime
        else { return nil }
        var members: [(layers: LayerRange, id: NodeID)] = [(chosen, id)]
        for neighbor in neighbors where neighbor.presence == .idle {
            guard let layers = neighbor.intention(for: wish.model) else { continue }
            members.append((layers, neighbor.id))
        }
        let layerCount = wish.model.layerCount
        guard members.reduce(0, { $0 + $1.layers.count }) >= layerCount else { return nil }
        members.sort { ($0.layers, $0.id) < ($1.layers, $1.id) }
        var place = 0
        for member in members {
            if place >= layerCount { return nil }
            if member.id == id {
                let target = windows.last { $0.lower <= place } ?? windows.first
                guard let target, target != chosen, isSafe(target, wish, coverage) else {
                    return nil
                }
                return target
            }
            place += member.layers.count
        }
        return nil
    }
}
