internal import Primitives
internal import Wire

/// Who else holds each layer of a model, and what that is worth without and with this node.
struct Coverage {
    /// Others that hold it, or will when what they choose is ready.
    private(set) var intended: [Holders]
    /// Others that hold it now and do not plan to stop.
    private(set) var staying: [Int]
    /// Layers a second that these others run, in thousandths.
    private(set) var strength: [Int]
    /// Holders that demand asks for, the minimum included.
    private(set) var target: [Int]
    /// Worth of each layer in quarters (`Holders.worth`).
    private(set) var without: [Int]
    private(set) var with: [Int]

    /// Of `neighbors` that are idle; one counts once for each layer.
    init(
        of model: WantedModel, by neighbors: [Neighbor], domain: FailureDomain,
        ready: LayerRange?, demand: Int, farLayers: [Bool], settings: PlacementSettings
    ) {
        let none = Array(repeating: 0, count: model.layerCount)
        intended = Array(repeating: Holders(), count: model.layerCount)
        (staying, strength, target, without, with) = (none, none, none, none, none)
        var load = none
        if let ready { for layer in ready.range { load[layer] += demand } }
        for neighbor in neighbors where neighbor.presence == .idle {
            let plan = neighbor.plan(for: model)
            let time =
                neighbor.layerMicroseconds > 0
                ? neighbor.layerMicroseconds : settings.unknownLayerMicroseconds
            for layer in plan.intended?.range ?? 0..<0 {
                intended[layer].add(neighbor.domain)
                strength[layer] += 1_000_000_000 / time
            }
            for layer in plan.staying?.range ?? 0..<0 { staying[layer] += 1 }
            for layer in plan.ready?.range ?? 0..<0 { load[layer] += plan.demand }
        }
        // What stands far away and is known by hearsay counts where nobody near has it, and not as
        // one that stays.
        for layer in farLayers.indices where farLayers[layer] && intended[layer].count == 0 {
            intended[layer].add(FailureDomain(owner: 0, prefix: 0, region: 0))
        }
        for layer in none.indices {
            let perHolder = settings.demandPerHolder
            let wanted = (load[layer] + perHolder - 1) / perHolder
            target[layer] = max(settings.holderMinimum, min(settings.holderLimit, wanted))
            without[layer] = intended[layer].worth(target: target[layer])
            var joined = intended[layer]
            joined.add(domain)
            with[layer] = joined.worth(target: target[layer])
        }
    }

    func worth(of layer: Int, with window: LayerRange?) -> Int {
        window?.contains(layer) ?? false ? with[layer] : without[layer]
    }

    func tally(with window: LayerRange?) -> Tally {
        var tally = Tally()
        for layer in without.indices { tally.add(worth(of: layer, with: window)) }
        return tally
    }

    /// Quarters that the layers lack of their targets, sixteenths of the mean of all layers; where
    /// the holders stand does not count.
    func need(with window: LayerRange?) -> Int {
        let missing = intended.indices.reduce(0) { sum, layer in
            let count = intended[layer].count + (window?.contains(layer) ?? false ? 1 : 0)
            let reached = count < 2 ? 16 * count : 18 + min(count, target[layer])
            return sum + 18 + target[layer] - reached
        }
        return missing * 16 / intended.count
    }

    /// The speed of the slowest layer with this node's added.
    func bottleneck(with window: LayerRange?, strength own: Int) -> Int {
        strength.indices.reduce(Int.max) { least, layer in
            min(least, strength[layer] + (window?.contains(layer) ?? false ? own : 0))
        }
    }
}

/// Where one neighbour stands with a model.
struct NeighborPlan {
    var ready: LayerRange?
    /// Where it will stand when all is done.
    var intended: LayerRange?
    /// What it holds and will go on to hold.
    var staying: LayerRange?
    var demand: Int
}

extension Neighbor {
    func plan(for model: WantedModel) -> NeighborPlan {
        let (ready, demand) = holding(of: model)
        guard let next = window(of: model, in: pending) else {
            return NeighborPlan(ready: ready, intended: ready, staying: ready, demand: demand)
        }
        let staying = ready.map { ready in
            let lower = max(ready.lower, next.lower)
            return LayerRange(lower, max(lower, min(ready.upper, next.upper)))
        }
        return NeighborPlan(
            ready: ready, intended: next.isEmpty ? nil : next, staying: staying, demand: demand)
    }

    /// The layers it has ready and what is asked of them.
    private func holding(of model: WantedModel) -> (LayerRange?, Int) {
        for (index, holding) in holdings.enumerated() where holding.model == model.model {
            guard fits(holding, model), !holding.layers.isEmpty else { return (nil, 0) }
            return (holding.layers, index < demands.count ? demands[index] : 0)
        }
        return (nil, 0)
    }

    /// What a list says of a model; nil where it says nothing that fits the model.
    private func window(of model: WantedModel, in list: [Holding]) -> LayerRange? {
        guard let holding = list.first(where: { $0.model == model.model }), fits(holding, model)
        else { return nil }
        return holding.layers
    }

    private func fits(_ holding: Holding, _ model: WantedModel) -> Bool {
        holding.layerCount == model.layerCount && holding.layers.upper <= model.layerCount
    }
}

/// Layers counted by their worth. Of two, the better has fewer layers of worth 0, then fewer of
/// the next, and so on: the order of sorted coverage (leximin).
struct Tally: Comparable {
    private var counts = Array(repeating: 0, count: 32)

    /// Layers of exactly this worth; 31 stands for more.
    subscript(worth: Int) -> Int { counts[worth] }

    mutating func add(_ worth: Int) { counts[min(31, worth)] += 1 }

    /// Worse.
    static func < (left: Tally, right: Tally) -> Bool {
        for index in left.counts.indices where left.counts[index] != right.counts[index] {
            return left.counts[index] > right.counts[index]
        }
        return false
    }
}
