internal import Primitives
internal import Wire

/// When to look, what to hold instead, and whether that pays.
extension PlacementCore {
    /// Chooses for the first time, or sees whether a move pays.
    mutating func review(_ index: Int, at now: Instant) {
        let wish = wishes.values[index]
        let coverage = coverage(of: wish)
        if wish.chosen == nil, neighbors.isEmpty, !wish.hasWaited {
            wishes.update(at: index) {
                $0.hasWaited = true
                $0.dueAt = now + settings.lonelyWait
            }
            return
        }
        noteGaps(index, coverage, at: now)
        if wish.noticeUntil == nil, wish.chosen?.isEmpty != true {
            let windows = fittingWindows(for: wish)
            if let next = decide(wishes.values[index], coverage, windows, at: now) {
                choose(next, of: wish.model.model, coverage, at: now)
                noteGaps(index, coverage, at: now)
            } else if wish.isUrged {
                wishes.update(at: index) { $0.isUrged = false }
            } else if wish.ready == wish.chosen {
                trade(for: wishes.values[index], coverage, at: now)
            }
        }
        let hasGap = wishes.values[index].gapSince != nil && !isNarrow(wishes.values[index])
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
        // A neighbourhood without room for all layers waits for word from far away.
        let isNarrow = isNarrow(wish)
        if isNarrow, now.since(wish.chosenAt) < settings.farRestTime { return nil }
        if after[0] < before[0] { return isSafe(best, wish, coverage) ? best : nil }
        if before[0] > 0 { return isNarrow ? nil : packed(wish, coverage, windows, at: now) }
        let pays =
            isWorthMoving(best, wish, coverage, at: now)
            || isFasterBy(best, wish, coverage, at: now)
        return pays && isSafe(best, wish, coverage) ? best : nil
    }

    /// With no layer uncovered, a move pays where the safety it adds, over the time that a node
    /// stays (within which each holder is lost about once), outweighs its price.
    private func isWorthMoving(
        _ next: LayerRange, _ wish: Wish, _ coverage: Coverage, at now: Instant
    ) -> Bool {
        guard let chosen = wish.chosen, wish.ready == chosen, next != chosen,
            now.since(wish.chosenAt) >= settings.restTime
        else { return false }
        let gain = gain(of: next, over: chosen, wish, coverage)
        return gain > 0 && gain >= price(of: next, wish)
    }

    /// Quarters gained, each times what the loss of its layer costs, in milliseconds.
    func gain(
        of next: LayerRange?, over last: LayerRange?, _ wish: Wish, _ coverage: Coverage
    ) -> Int {
        wish.model.layerByteCounts.indices.reduce(0) { sum, layer in
            let quarters =
                coverage.worth(of: layer, with: next) - coverage.worth(of: layer, with: last)
            if quarters == 0 { return sum }
            let bytes = Int(wish.model.layerByteCounts[layer])
            let outage =
                Int(settings.outagePrice.milliseconds) + bytes
                / (settings.loadBytesPerSecond / 1_000)
                + bytes / (settings.fetchBytesPerSecond / 1_000)
            return sum + quarters * outage
        }
    }

    /// What a move costs, in quarters of milliseconds: a quarter of the time to fetch and load, for
    /// the old window serves meanwhile, and all that requests lose whose layers go.
    func price(of next: LayerRange, _ wish: Wish) -> Int {
        loadMilliseconds(next, wish) + 4
            * (wish.dropped(by: next).isEmpty ? 0 : price(ofDropping: wish))
    }

    /// What the requests under way lose with their layers, in milliseconds.
    func price(ofDropping wish: Wish) -> Int {
        wish.activeRequestCount * Int(settings.requestPrice.milliseconds)
    }

    /// The time to bring what is not ready yet into memory.
    func loadMilliseconds(_ next: LayerRange, _ wish: Wish) -> Int {
        var (loaded, fetched) = (0, 0)
        for layer in next.range where !(wish.ready?.contains(layer) ?? false) {
            loaded += Int(wish.model.layerByteCounts[layer])
            if !wish.isOnDisk[layer] { fetched += Int(wish.model.layerByteCounts[layer]) }
        }
        return loaded / (settings.loadBytesPerSecond / 1_000)
            + fetched / (settings.fetchBytesPerSecond / 1_000)
    }

    /// Safety first; where nothing is to be gained there, a slowest layer that gets a third faster
    /// is worth a move too, rarely, and while nobody's request is lost by it.
    private func isFasterBy(
        _ next: LayerRange, _ wish: Wish, _ coverage: Coverage, at now: Instant
    ) -> Bool {
        guard let chosen = wish.chosen, wish.ready == chosen, next != chosen,
            now.since(wish.chosenAt) >= settings.speedRestTime, wish.activeRequestCount == 0,
            wish.layerMicroseconds > 0,
            coverage.tally(with: next) >= coverage.tally(with: chosen)
        else { return false }
        let own = strength(of: wish)
        return coverage.bottleneck(with: next, strength: own) * 3
            >= coverage.bottleneck(with: chosen, strength: own) * 4
    }

    func strength(of wish: Wish) -> Int {
        1_000_000_000
            / (wish.layerMicroseconds > 0
                ? wish.layerMicroseconds : settings.unknownLayerMicroseconds)
    }

    /// How many others, with higher ids, could make the same move: they go first.
    func rank(of wish: Wish) -> Int {
        guard let chosen = wish.chosen else { return 0 }
        let count = neighbors.reduce(0) { count, neighbor in
            guard neighbor.id > id, neighbor.presence == .idle,
                let other = neighbor.plan(for: wish.model).intended, other.overlaps(chosen)
            else { return count }
            return count + 1
        }
        return min(count, settings.rankLimit)
    }

    mutating func noteGaps(_ index: Int, _ coverage: Coverage, at now: Instant) {
        let hasGap = coverage.tally(with: wishes.values[index].chosen)[0] > 0
        wishes.update(at: index) { $0.gapSince = hasGap ? $0.gapSince ?? now : nil }
    }
}
