import Identity
import Placement
import Primitives
import Wire

/// Placement cores that hear of each other with a delay, and load for a while; steps of 25 ms.
final class Village {
    final class House {
        var core: PlacementCore
        var ready: LayerRange?
        var loading: (layers: LayerRange, until: Instant)?
        var isAlive = true
        init(core: consuming PlacementCore) { self.core = core }
    }

    struct Notice {
        let at: Instant
        let from: Int
        let to: Int
        let neighbor: Neighbor?
    }

    let model: WantedModel
    let ids: [NodeID]
    private(set) var houses: [House] = []
    private(set) var now = Instant.origin
    private var views: [[Neighbor?]]
    private var notices: [Notice] = []
    private var random: SeededRandom
    private let delay: Interval

    /// `capacities` in layers, by node.
    init(
        layerCount: Int, capacities: [Int], seed: UInt64, delay: Interval = .milliseconds(400)
    ) {
        var random = SeededRandom(seed: seed)
        model = WantedModel(
            model: Digest(Bytes32(random: &random)), layerCount: layerCount,
            layerByteCounts: Array(repeating: 1_000, count: layerCount), endsByteCount: 5_000)
        ids = capacities.map { _ in NodeID(Bytes32(random: &random)) }
        views = Array(
            repeating: Array(repeating: nil, count: capacities.count), count: capacities.count)
        self.delay = delay
        for (index, capacity) in capacities.enumerated() {
            var core = PlacementCore(
                own: ids[index], settings: PlacementSettings(), seed: random.next(), at: now)
            core.setBudget(memoryByteCount: UInt64(capacity) * 1_000 + 999, layerLimit: nil)
            core.want(model, at: now)
            houses.append(House(core: core))
        }
        self.random = random
        // Discovery: within a second everybody has heard of everybody.
        for index in houses.indices { announce(index, slowest: .seconds(1)) }
    }

    func holding(_ layers: LayerRange) -> Holding {
        Holding(
            model: model.model, layers: layers, layerCount: model.layerCount, hasEnds: false)
    }

    func kill(_ index: Int) {
        houses[index].isAlive = false
        for other in houses.indices where other != index {
            notices.append(Notice(at: now + .seconds(8), from: index, to: other, neighbor: nil))
        }
    }

    private func announce(_ index: Int, slowest: Interval) {
        let house = houses[index]
        var neighbor = Neighbor(id: ids[index], holdings: [], pending: [], presence: .idle)
        for placed in house.core.holdings {
            if placed.isReady {
                neighbor.holdings = [holding(placed.layers)]
            } else {
                neighbor.pending = [holding(placed.layers)]
            }
        }
        for other in houses.indices where other != index {
            let at = now + random.interval(.milliseconds(2), slowest)
            notices.append(Notice(at: at, from: index, to: other, neighbor: neighbor))
        }
    }

    func step() {
        now = now + .milliseconds(25)
        let due = notices.filter { $0.at <= now }
        notices.removeAll { $0.at <= now }
        var changed: Set<Int> = []
        for notice in due {
            views[notice.to][notice.from] = notice.neighbor
            changed.insert(notice.to)
        }
        for index in houses.indices where houses[index].isAlive {
            let house = houses[index]
            if changed.contains(index) {
                house.core.neighborsChanged(views[index].compactMap { $0 }, at: now)
            }
            if let loading = house.loading, loading.until <= now {
                house.loading = nil
                house.ready = loading.layers
                house.core.held(model: model.model, layers: loading.layers, at: now)
                announce(index, slowest: delay)
            }
            if house.core.nextDeadline <= now { house.core.fire(at: now) }
            var spoke = false
            while let event = house.core.nextEvent() {
                spoke = true
                guard case .hold(_, let layers) = event, layers != house.ready else {
                    house.loading = nil
                    continue
                }
                let time = random.interval(.milliseconds(50), .milliseconds(400))
                house.loading = (layers, now + time)
            }
            if spoke { announce(index, slowest: delay) }
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

    /// Nodes that have each layer ready.
    var holderCounts: [Int] {
        (0..<model.layerCount).map { layer in
            houses.count { $0.isAlive && ($0.ready?.contains(layer) ?? false) }
        }
    }

    var fewest: Int { holderCounts.min() ?? 0 }
    var moveCount: Int { houses.reduce(0) { $0 + $1.core.moveCount } }
}
