public import Primitives

/// What the composite tells the placement.
extension PlacementCore {
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
}
