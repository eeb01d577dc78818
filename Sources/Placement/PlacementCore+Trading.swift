internal import Primitives
internal import Wire

/// Memory goes from a model that has holders to spare to one that lacks them: what nobody asks for
/// fades to its minimum, what is in demand gains holders.
extension PlacementCore {
    /// Gives another model up for this one's sake, where that pays: the gain here outweighs the
    /// loss there, the weights to load, and the requests that lose their stage.
    mutating func trade(for wish: Wish, _ coverage: Coverage, at now: Instant) {
        guard wishes.count > 1, coverage.need(with: wish.chosen) > 0 else { return }
        for index in wishes.keys.indices where wishes.keys[index] != wish.model.model {
            let other = wishes.values[index]
            guard let given = other.chosen, !given.isEmpty, other.ready == given,
                other.noticeUntil == nil, now.since(other.chosenAt) >= settings.tradeRestTime
            else { continue }
            let there = self.coverage(of: other)
            let nothing = LayerRange(0, 0)
            guard isSafe(nothing, other, there), isMyTurn(toGive: other, for: coverage) else {
                continue
            }
            let windows = fittingWindows(for: wish, without: other.model.model)
            guard let best = bestWindow(windows, wish, coverage) else { continue }
            let gain = gain(of: best, over: wish.chosen, wish, coverage)
            let loss = self.gain(of: given, over: nil, other, there)
            let price = loadMilliseconds(best, wish) + 4 * price(ofDropping: other)
            if gain > loss, gain - loss >= price {
                choose(nothing, of: other.model.model, there, at: now)
                return
            }
        }
    }

    /// Of those who hold what this node would give, the highest ids go first, no more of them than
    /// the other model lacks holders.
    private func isMyTurn(toGive other: Wish, for coverage: Coverage) -> Bool {
        let lacking = coverage.intended.indices.map {
            coverage.target[$0] - coverage.intended[$0].count
        }
        guard let most = lacking.max(), most > 0 else { return false }
        let before = neighbors.count { neighbor in
            neighbor.id > id && neighbor.presence == .idle
                && neighbor.plan(for: other.model).ready.map {
                    $0.overlaps(other.ready ?? LayerRange(0, 0))
                } ?? false
        }
        return before < most
    }
}
