internal import Primitives
internal import Wire

/// Which windows of a model fit this node, and which of them is best.
extension PlacementCore {
    /// The largest windows that the budget allows, one for each place, none inside another. What
    /// other wanted models hold, or may claim, is not available.
    func fittingWindows(for wish: Wish, without released: Digest? = nil) -> [LayerRange] {
        var bytes = memoryByteCount
        var layers = layerLimit ?? Int.max
        for other in wishes.values where other.model.model != wish.model.model {
            if other.model.model == released { continue }
            let claim = claim(of: other, beside: wish)
            bytes -= min(bytes, claim.byteCount)
            if layerLimit != nil { layers -= min(layers, claim.layerCount) }
        }
        return windows(of: wish.model, byteCount: bytes, layerCount: layers)
    }

    /// What another model takes of the budget: all that it holds or gets; before its first choice
    /// an equal share while it lacks holders, or one layer, where a share is less than that and its
    /// need is greater.
    private func claim(of other: Wish, beside wish: Wish) -> (byteCount: UInt64, layerCount: Int) {
        let counts = other.model.layerByteCounts
        if let chosen = other.chosen {
            let held = [chosen, other.ready ?? chosen].map { counts[$0.range].reduce(0, +) }
            return (max(held[0], held[1]), max(chosen.count, other.ready?.count ?? 0))
        }
        let lack = need(of: other)
        if lack == 0 { return (0, 0) }
        let share = min(counts.reduce(0, +), memoryByteCount / UInt64(wishes.count))
        let layerShare = (layerLimit ?? Int.max) / wishes.count
        let least = counts.min() ?? 0
        if share >= least, layerShare > 0 {
            return (share, min(other.model.layerCount, layerShare))
        }
        let isFirst =
            wish.chosen == nil
            && (lack, tieBreak(0, other.model.model))
                > (need(of: wish), tieBreak(0, wish.model.model))
        return isFirst ? (least, 1) : (0, 0)
    }

    func need(of wish: Wish) -> Int { coverage(of: wish).need(with: wish.chosen) }

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

    /// How good a window is, the first difference deciding: what coverage it makes, what it costs
    /// to load (by powers of two), how slow its slowest layer is without it (likewise), whether its
    /// edges leave no crumbs, and a hash of node, model and place, so that equal nodes spread.
    private struct Merit {
        var tally: Tally
        var cheapness: Int
        var slowness: Int
        var evenEdgeCount: Int
        var tie: UInt64

        func isBetter(than other: Merit) -> Bool {
            if tally != other.tally { return tally > other.tally }
            return (cheapness, slowness, evenEdgeCount, tie)
                > (other.cheapness, other.slowness, other.evenEdgeCount, other.tie)
        }
    }

    func bestWindow(
        _ windows: [LayerRange], _ wish: Wish, _ coverage: Coverage
    ) -> LayerRange? {
        var best: (window: LayerRange, merit: Merit)?
        for window in windows {
            let slowest = window.range.map { coverage.strength[$0] }.min() ?? 0
            let merit = Merit(
                tally: coverage.tally(with: window),
                cheapness: -doublings(loadMilliseconds(window, wish) / 100),
                slowness: -doublings(slowest),
                evenEdgeCount: evenEdgeCount(window, coverage),
                tie: tieBreak(window.lower, wish.model.model))
            if best.map({ merit.isBetter(than: $0.merit) }) ?? true { best = (window, merit) }
        }
        return best?.window
    }

    private func doublings(_ number: Int) -> Int { Int.bitWidth - number.leadingZeroBitCount }

    /// How many edges of a window lie where coverage changes, at an end of the model, or on a
    /// multiple of its own size.
    private func evenEdgeCount(_ window: LayerRange, _ coverage: Coverage) -> Int {
        let holders = coverage.intended
        func isEven(_ edge: Int) -> Bool {
            edge == 0 || edge == holders.count || holders[edge].count != holders[edge - 1].count
                || edge % window.count == 0
        }
        return (isEven(window.lower) ? 1 : 0) + (isEven(window.upper) ? 1 : 0)
    }

    private func tieBreak(_ lower: Int, _ model: Digest) -> UInt64 {
        var mixer = SeededRandom(seed: id.raw.first ^ model.raw.first ^ UInt64(lower) << 32)
        return mixer.next()
    }

    /// Windows laid end to end in the order of their places: what every node computes alike when
    /// there is room enough for all layers and yet no single move fills the gap.
    func packed(
        _ wish: Wish, _ coverage: Coverage, _ windows: [LayerRange], at now: Instant
    ) -> LayerRange? {
        guard let chosen = wish.chosen, let gapSince = wish.gapSince,
            now.since(gapSince) >= settings.stuckTime
        else { return nil }
        var members: [(layers: LayerRange, id: NodeID)] = [(chosen, id)]
        for neighbor in neighbors where neighbor.presence == .idle {
            guard let layers = neighbor.plan(for: wish.model).intended else { continue }
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
