internal import Primitives
internal import Wire

/// Shortest path, layer by layer, over (stages used, node): all edges lead one layer on.
struct ChainSearch {
    let layerCount: Int
    let candidates: [ChainCandidate]
    let settings: ChainSettings
    /// Half round trips in microseconds; behind the candidates stand who sends to the first stage
    /// and who gets the results of the last.
    private let hops: [[Int]]
    /// One layer of one step, by candidate.
    private let layerCosts: [Int]

    private static let infinite = Int.max / 4
    /// Nobody is taken for slower, whatever he says: the sum over all layers stays a number.
    private static let layerCostMaximum = infinite / (2 * Limits.layerCount)

    private struct Reach {
        var cost = ChainSearch.infinite
        var stageCount = 0
        /// Which candidate ran the layer before, -1 for none.
        var before = -1

        func isBetter(than other: Reach) -> Bool {
            (cost, stageCount) < (other.cost, other.stageCount)
        }
    }

    init(
        layerCount: Int, candidates: [ChainCandidate], ends: ChainEnds, positionCount: Int,
        settings: ChainSettings, roundTripMicroseconds: (NodeID?, NodeID?) -> Int
    ) {
        self.layerCount = layerCount
        self.candidates = candidates
        self.settings = settings
        let nodes: [NodeID?] = candidates.map(\.id) + [ends.from, ends.to]
        hops = nodes.map { one in
            nodes.map { one == $0 ? 0 : max(0, roundTripMicroseconds(one, $0)) / 2 }
        }
        layerCosts = candidates.map { candidate in
            let known = candidate.layerMicroseconds
            let single = known > 0 ? known : settings.unknownLayerMicroseconds
            let waiting = Self.product(1 + max(0, candidate.activeRequestCount), positionCount)
            return Self.product(single, waiting)
        }
    }

    private static func product(_ cost: Int, _ factor: Int) -> Int {
        let (product, isTooMuch) = cost.multipliedReportingOverflow(by: max(1, factor))
        return isTooMuch ? layerCostMaximum : min(product, layerCostMaximum)
    }

    func choose() -> ChainChoice {
        if let free = cheapest(stageLimit: nil, onlyOnward: false), isFit(free) {
            return .chain(chain(of: free), estimatedMicroseconds: cost(of: free))
        }
        // Some node came up twice, or too many did: fewer stages, then only ever farther.
        let limit = settings.stageLimit
        var choices: [[Int]] = []
        if let path = cheapest(stageLimit: limit, onlyOnward: false) {
            let whole = withoutReturns(path)
            if isFit(whole) { choices.append(whole) }
        }
        if let path = cheapest(stageLimit: limit, onlyOnward: true), isFit(path) {
            choices.append(path)
        }
        let best = choices.min { cost(of: $0) < cost(of: $1) }
        guard let best else { return .missing([LayerRange(farthest(limit), layerCount)]) }
        return .chain(chain(of: best), estimatedMicroseconds: cost(of: best))
    }

    /// The candidate that runs each layer, on the cheapest path. With a limit, stages are counted;
    /// `onlyOnward` goes to a node only where that holds later layers than the one before.
    private func cheapest(stageLimit: Int?, onlyOnward: Bool) -> [Int]? {
        let depth = stageLimit ?? 1
        let width = candidates.count
        var layers: [[Reach]] = []
        for layer in 0..<layerCount {
            var row = Array(repeating: Reach(), count: depth * width)
            for next in 0..<width where candidates[next].holding.layers.contains(layer) {
                for stage in 0..<depth {
                    row[stage * width + next] = reach(
                        layer, next, stage, isCounted: stageLimit != nil, onlyOnward: onlyOnward,
                        from: layers.last)
                }
            }
            layers.append(row)
        }
        return path(through: layers)
    }

    private func reach(
        _ layer: Int, _ next: Int, _ stage: Int, isCounted: Bool, onlyOnward: Bool,
        from row: [Reach]?
    ) -> Reach {
        let width = candidates.count
        let entering = settings.stageMicroseconds + layerCosts[next]
        guard let row else {
            guard stage == 0 else { return Reach() }
            return Reach(cost: hops[width][next] + entering, stageCount: 1, before: -1)
        }
        var best = Reach()
        let stay = row[stage * width + next]
        if stay.cost < Self.infinite {
            best = Reach(
                cost: stay.cost + layerCosts[next], stageCount: stay.stageCount,
                before: stage * width + next)
        }
        guard !isCounted || stage > 0 else { return best }
        let level = isCounted ? stage - 1 : stage
        for last in 0..<width where last != next {
            let old = row[level * width + last]
            guard old.cost < Self.infinite, candidates[last].id != candidates[next].id else {
                continue
            }
            let (upper, limit) = (
                candidates[next].holding.layers.upper, candidates[last].holding.layers.upper
            )
            if onlyOnward, upper <= limit { continue }
            let moved = Reach(
                cost: old.cost + hops[last][next] + entering, stageCount: old.stageCount + 1,
                before: level * width + last)
            if moved.isBetter(than: best) { best = moved }
        }
        return best
    }

    private func path(through layers: [[Reach]]) -> [Int]? {
        let width = candidates.count
        guard let last = layers.last else { return nil }
        var end: (index: Int, reach: Reach)?
        for index in last.indices where last[index].cost < Self.infinite {
            var whole = last[index]
            whole.cost += hops[index % width][width + 1]
            if end.map({ whole.isBetter(than: $0.reach) }) ?? true { end = (index, whole) }
        }
        guard var index = end?.index else { return nil }
        var path = Array(repeating: 0, count: layerCount)
        for layer in stride(from: layerCount - 1, through: 0, by: -1) {
            path[layer] = index % width
            index = layers[layer][index].before
        }
        return path
    }

    /// A node that comes up twice runs what lies between as well: it holds it.
    private func withoutReturns(_ path: [Int]) -> [Int] {
        var path = path
        for layer in path.indices {
            guard
                let last = path.lastIndex(where: { candidates[$0].id == candidates[path[layer]].id }
                )
            else { continue }
            let isHolder = (layer...last).allSatisfy {
                candidates[path[layer]].holding.layers.contains($0)
            }
            if isHolder { for between in layer...last { path[between] = path[layer] } }
        }
        return path
    }

    private func isFit(_ path: [Int]) -> Bool {
        let stages = chain(of: path).stages
        let ids = stages.map(\.id).sorted()
        return stages.count <= settings.stageLimit
            && zip(ids, ids.dropFirst()).allSatisfy { $0 != $1 }
    }

    private func cost(of path: [Int]) -> Int {
        let width = candidates.count
        var cost = hops[path.last ?? width][width + 1]
        var last = width
        for candidate in path {
            if candidate != last { cost += hops[last][candidate] + settings.stageMicroseconds }
            cost += layerCosts[candidate]
            last = candidate
        }
        return cost
    }

    private func chain(of path: [Int]) -> Chain {
        var stages: [ChainStage] = []
        var last = -1
        for (layer, candidate) in path.enumerated() {
            if candidate == last {
                stages[stages.count - 1].layers.upper = layer + 1
            } else {
                let layers = LayerRange(layer, layer + 1)
                stages.append(ChainStage(id: candidates[candidate].id, layers: layers))
            }
            last = candidate
        }
        return Chain(stages: stages)
    }

    /// How far the greediest chain of so many stages comes.
    private func farthest(_ stageLimit: Int) -> Int {
        var place = 0
        for _ in 0..<stageLimit {
            let uppers = candidates.filter { $0.holding.layers.contains(place) }
                .map(\.holding.layers.upper)
            place = max(place, uppers.max() ?? place)
        }
        return min(place, layerCount - 1)
    }
}
