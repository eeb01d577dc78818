import Identity
import Placement
import Primitives
import Wire

/// Placement cores that hear of each other with a delay, and load for a while; steps of 25 ms.
final class Village {
    final class House {
        var core: PlacementCore
        /// By model.
        var ready = OrderedTable<Digest, LayerRange>()
        var loading = OrderedTable<Digest, (layers: LayerRange, until: Instant)>()
        var disk: [Set<Int>]
        var isAlive = true
        var domain: FailureDomain?
        var layerMicroseconds = 0
        /// Requests served at once in tenths, by model.
        var demands: [Int]
        var fetchedLayerCount = 0

        init(core: consuming PlacementCore, modelCount: Int) {
            self.core = core
            disk = Array(repeating: [], count: modelCount)
            demands = Array(repeating: 0, count: modelCount)
        }
    }

    struct Notice {
        let at: Instant
        let sequence: Int
        let from: Int
        let to: Int
        let neighbor: Neighbor?
    }

    static let layerByteCount: UInt64 = 1_000

    let models: [WantedModel]
    let ids: [NodeID]
    private(set) var houses: [House] = []
    private(set) var now = Instant.origin
    private var views: [[(sequence: Int, neighbor: Neighbor?)]]
    private var notices: [Notice] = []
    private var sequence = 0
    var random: SeededRandom
    private let delay: Interval
    private let capacities: [Int]
    /// How long a load takes.
    var loadTime = (Interval.milliseconds(50), Interval.milliseconds(400))

    var model: WantedModel { models[0] }

    /// `capacities` in layers, by node. With `isAwake` false nobody is up before `park`.
    init(
        layerCount: Int, capacities: [Int], seed: UInt64, delay: Interval = .milliseconds(400),
        modelCount: Int = 1, layerByteCount: UInt64 = Village.layerByteCount, isAwake: Bool = true
    ) {
        var random = SeededRandom(seed: seed)
        models = (0..<modelCount).map { _ in
            WantedModel(
                model: Digest(Bytes32(random: &random)), layerCount: layerCount,
                layerByteCounts: Array(repeating: layerByteCount, count: layerCount),
                endsByteCount: 5_000)
        }
        ids = capacities.map { _ in NodeID(Bytes32(random: &random)) }
        views = Array(
            repeating: Array(repeating: (0, nil), count: capacities.count),
            count: capacities.count)
        self.delay = delay
        self.capacities = capacities
        self.random = random
        for index in capacities.indices {
            let core = PlacementCore(
                own: ids[index], settings: PlacementSettings(), seed: 0, at: now)
            houses.append(House(core: core, modelCount: modelCount))
            houses[index].isAlive = false
        }
        if isAwake {
            for index in houses.indices { park(index) }
        }
    }

    /// Switches a node on: within a second it and everybody have heard of each other.
    func park(_ index: Int) {
        let house = houses[index]
        house.core = PlacementCore(
            own: ids[index], settings: PlacementSettings(), seed: random.next(), at: now)
        house.isAlive = true
        let bytes = UInt64(capacities[index]) * models[0].layerByteCounts[0]
        house.core.setBudget(
            memoryByteCount: bytes + models[0].layerByteCounts[0] / 2, layerLimit: nil)
        if let domain = house.domain { house.core.setDomain(domain) }
        for (number, model) in models.enumerated() {
            house.core.want(model, at: now)
            house.core.setOnDisk(
                model.model, layers: (0..<model.layerCount).map { house.disk[number].contains($0) })
        }
        announce(index, slowest: .seconds(1))
        for other in houses.indices where other != index && houses[other].isAlive {
            announce(other, to: index, slowest: .seconds(1))
        }
    }

    /// Takes a node away: in order it is gone from all views within a moment, else after 8 s.
    func leave(_ index: Int, isInOrder: Bool = true) {
        let house = houses[index]
        house.isAlive = false
        house.ready = OrderedTable()
        house.loading = OrderedTable()
        for other in houses.indices {
            views[index][other] = (0, nil)
            guard other != index else { continue }
            sequence += 1
            let wait = isInOrder ? random.interval(.milliseconds(2), delay) : .seconds(8)
            notices.append(
                Notice(at: now + wait, sequence: sequence, from: index, to: other, neighbor: nil))
        }
    }

    func kill(_ index: Int) { leave(index, isInOrder: false) }

    private func state(of index: Int) -> Neighbor {
        let house = houses[index]
        var neighbor = Neighbor(
            id: ids[index], holdings: [], pending: [], presence: .idle, domain: house.domain,
            layerMicroseconds: house.layerMicroseconds)
        for placed in house.core.holdings {
            guard let number = models.firstIndex(where: { $0.model == placed.model }) else {
                continue
            }
            let holding = Holding(
                model: placed.model, layers: placed.layers,
                layerCount: models[number].layerCount, hasEnds: false)
            if placed.isReady {
                neighbor.holdings.append(holding)
                neighbor.demands.append(house.demands[number])
            } else {
                neighbor.pending.append(holding)
            }
        }
        return neighbor
    }

    private func announce(_ index: Int, to only: Int? = nil, slowest: Interval) {
        let neighbor = state(of: index)
        sequence += 1
        for other in houses.indices where other != index && houses[other].isAlive {
            guard only == nil || only == other else { continue }
            let at = now + random.interval(.milliseconds(2), slowest)
            notices.append(
                Notice(at: at, sequence: sequence, from: index, to: other, neighbor: neighbor))
        }
    }

    /// So many requests at once on a model, in tenths, shared evenly by the holders of each layer.
    func setDemand(_ number: Int, tenths: Int) {
        let counts = holderCounts(of: number)
        for (index, house) in houses.enumerated() where house.isAlive {
            let layers = house.ready[models[number].model]
            let own = layers.map { tenths / max(1, counts[$0.lower]) } ?? 0
            guard house.demands[number] != own else { continue }
            house.demands[number] = own
            house.core.setDemand(models[number].model, activeRequestCount: 0, tenths: own)
            announce(index, slowest: delay)
        }
    }

    // MARK: time

    func step() {
        now = now + .milliseconds(25)
        var changed: Set<Int> = []
        var later: [Notice] = []
        for notice in notices {
            guard notice.at <= now else {
                later.append(notice)
                continue
            }
            guard views[notice.to][notice.from].sequence < notice.sequence else { continue }
            views[notice.to][notice.from] = (notice.sequence, notice.neighbor)
            changed.insert(notice.to)
        }
        notices = later
        for index in houses.indices where houses[index].isAlive {
            if changed.contains(index) {
                houses[index].core.neighborsChanged(
                    views[index].compactMap(\.neighbor), at: now)
            }
            run(index)
        }
    }

    private func run(_ index: Int) {
        let house = houses[index]
        var spoke = false
        for model in house.loading.keys {
            guard let loading = house.loading[model], loading.until <= now else { continue }
            house.loading[model] = nil
            house.ready[model] = loading.layers
            let number = models.firstIndex { $0.model == model } ?? 0
            house.disk[number].formUnion(loading.layers.range)
            house.core.setOnDisk(
                model,
                layers: (0..<models[number].layerCount).map { house.disk[number].contains($0) })
            house.core.held(
                model: model, layers: loading.layers,
                layerMicroseconds: house.layerMicroseconds, at: now)
            spoke = true
        }
        if house.core.nextDeadline <= now { house.core.fire(at: now) }
        while let event = house.core.nextEvent() {
            spoke = true
            take(event, house)
        }
        if spoke { announce(index, slowest: delay) }
    }

    private func take(_ event: PlacementEvent, _ house: House) {
        switch event {
        case .announce: break
        case .release(let model):
            house.ready[model] = nil
            house.loading[model] = nil
        case .hold(let model, let layers):
            house.loading[model] = nil
            guard layers != house.ready[model] else { return }
            let number = models.firstIndex { $0.model == model } ?? 0
            house.fetchedLayerCount += layers.range.count { !house.disk[number].contains($0) }
            house.loading[model] = (layers, now + random.interval(loadTime.0, loadTime.1))
        }
    }

    func run(_ time: Interval) {
        let end = now + time
        while now < end { step() }
    }

    func run(atMost time: Interval, until isDone: () -> Bool) -> Interval? {
        let start = now
        while now.since(start) < time {
            if isDone() { return now.since(start) }
            step()
        }
        return nil
    }

    // MARK: what became of it

    /// Nodes that have each layer of a model ready.
    func holders(of number: Int, layer: Int) -> [Int] {
        houses.indices.filter {
            houses[$0].isAlive && houses[$0].ready[models[number].model]?.contains(layer) ?? false
        }
    }

    func holderCounts(of number: Int) -> [Int] {
        (0..<models[number].layerCount).map { holders(of: number, layer: $0).count }
    }

    var holderCounts: [Int] { holderCounts(of: 0) }
    var fewest: Int { holderCounts.min() ?? 0 }
    var moveCount: Int { houses.reduce(0) { $0 + $1.core.moveCount } }
}
