internal import Primitives
internal import Wire

/// Layers are dropped in two steps, so that two who leave at once don't both go: a plan is
/// announced, and carried out after a time in which the news of it has gone round; of those who
/// plan to leave a layer, the highest ids go, as long as enough others keep it.
extension PlacementCore {
    /// Takes a choice: at once where nothing is dropped by it, else after its notice.
    mutating func choose(
        _ layers: LayerRange, of model: Digest, _ coverage: Coverage, at now: Instant
    ) {
        guard let wish = wishes[model], wish.chosen != layers else { return }
        let dropped = wish.dropped(by: layers)
        let isUrgent = coverage.tally(with: wish.chosen)[0] > 0
        let fits = wish.chosen.map { chosen in
            fittingWindows(for: wish).contains { $0.contains(chosen) }
        }
        let notice = isUrgent ? settings.urgentNotice : settings.notice
        wishes.update(model) {
            $0.chosen = layers
            $0.chosenAt = now
            $0.gapSince = nil
            $0.keepers = max(
                1, min(settings.holderMinimum, dropped.map { coverage.staying[$0] }.min() ?? 1))
            if isUrgent { $0.keepers = 1 }
            $0.isOfChoice = !isUrgent && fits != false && !layers.isEmpty
            $0.noticeUntil = dropped.isEmpty || fits == false ? nil : now + notice
        }
        moveCount += 1
        if wishes[model]?.noticeUntil == nil {
            tell(.hold(model: model, layers: layers))
        } else {
            tell(.announce(model: model))
        }
    }

    /// Goes back to what is ready.
    mutating func stay(_ model: Digest, at now: Instant) {
        guard let wish = wishes[model], let ready = wish.ready, wish.chosen != ready else { return }
        wishes.update(model) {
            $0.chosen = ready
            $0.chosenAt = now
            $0.noticeUntil = nil
            $0.isUrged = false
        }
        moveCount += 1
        if wish.noticeUntil == nil {
            tell(.hold(model: model, layers: ready))
        } else {
            tell(.announce(model: model))
        }
    }

    /// The notice has run: the plan is carried out, if enough others still keep what goes.
    mutating func commit(_ index: Int, at now: Instant) {
        let wish = wishes.values[index]
        guard let chosen = wish.chosen else { return }
        let coverage = coverage(of: wish)
        guard !isLeavingTooMuch(wish, coverage), !isNeedless(wish, coverage), !isForNothing(wish)
        else {
            stay(wish.model.model, at: now)
            return
        }
        guard chosen.isEmpty else {
            wishes.update(at: index) {
                $0.noticeUntil = nil
                $0.isUrged = false
            }
            tell(.hold(model: wish.model.model, layers: chosen))
            return
        }
        // Given up for another model's sake: that one chooses first.
        wishes.update(at: index) {
            $0.noticeUntil = nil
            $0.chosen = nil
            $0.ready = nil
            $0.dueAt = now + settings.restTime
        }
        for other in wishes.keys.indices where other != index {
            wishes.update(at: other) { $0.dueAt = min($0.dueAt, now) }
        }
        tell(.release(model: wish.model.model))
    }

    /// Whether all that somebody asked for has holders: who was thought gone is there after all.
    private func isNeedless(_ wish: Wish, _ coverage: Coverage) -> Bool {
        guard wish.isUrged, let chosen = wish.chosen, let ready = wish.ready else { return false }
        return chosen.range.allSatisfy { ready.contains($0) || coverage.staying[$0] > 0 }
    }

    /// Whether a plan during its notice has lost its point, since others plan the same: of those
    /// the highest ids go, so those with lower ids count where they are.
    func isForNothing(_ wish: Wish) -> Bool {
        guard wish.isOfChoice, wish.noticeUntil != nil, let chosen = wish.chosen,
            let ready = wish.ready, chosen != ready
        else { return false }
        let others = neighbors.map { neighbor in
            var other = neighbor
            if other.id < id, other.plan(for: wish.model).ready != nil { other.pending = [] }
            return other
        }
        let coverage = coverage(of: wish, by: others)
        let (before, after) = (coverage.tally(with: ready), coverage.tally(with: chosen))
        guard before == after else { return after < before }
        let own = strength(of: wish)
        return coverage.bottleneck(with: chosen, strength: own)
            <= coverage.bottleneck(with: ready, strength: own)
    }

    /// Whether every layer that this node has ready and would drop is kept by somebody else.
    func isSafe(_ next: LayerRange, _ wish: Wish, _ coverage: Coverage) -> Bool {
        wish.dropped(by: next).allSatisfy { coverage.staying[$0] > 0 }
    }

    /// Whether a plan under way would leave some layer with too few: those who leave with lower
    /// ids will see this node leave and stay, those with higher ids go.
    func isLeavingTooMuch(_ wish: Wish, _ coverage: Coverage) -> Bool {
        guard let chosen = wish.chosen, wish.ready != nil, chosen != wish.ready else {
            return false
        }
        let critical = wish.dropped(by: chosen).filter { coverage.staying[$0] < wish.keepers }
        guard !critical.isEmpty else { return false }
        let leavers = neighbors.filter { $0.presence == .idle && $0.id < id }
            .map { $0.plan(for: wish.model) }
        return critical.contains { layer in
            let staying = leavers.count { plan in
                plan.ready?.contains(layer) ?? false && !(plan.staying?.contains(layer) ?? false)
            }
            return coverage.staying[layer] + staying < wish.keepers
        }
    }
}
