import Identity
import Placement
import Primitives
import Testing
import Wire

/// One node of a neighbourhood on two halves of a model: four hold the first half and one the
/// second, so one of the four should change sides, and one alone: though two could be spared.
@Suite struct NoticeTests {
    private static let model = WantedModel(
        model: Digest(Bytes32(first: 9, second: 9, third: 9, fourth: 9)), layerCount: 6,
        layerByteCounts: Array(repeating: 1_000, count: 6), endsByteCount: 1_000)
    private static let first = LayerRange(0, 3)
    private static let second = LayerRange(3, 6)

    private static func id(_ number: Int) -> NodeID {
        NodeID(Bytes32(first: UInt64(number), second: 0, third: 0, fourth: 0))
    }

    private static func holding(_ layers: LayerRange) -> Holding {
        Holding(model: model.model, layers: layers, layerCount: 6, hasEnds: true)
    }

    private static func neighbor(_ number: Int, _ ready: LayerRange, plans: LayerRange? = nil)
        -> Neighbor
    {
        Neighbor(
            id: id(number), holdings: [holding(ready)], pending: plans.map { [holding($0)] } ?? [],
            presence: .idle)
    }

    private static func neighbors(
        low: LayerRange = first, high: LayerRange = first, lowPlans: LayerRange? = nil,
        highPlans: LayerRange? = nil
    ) -> [Neighbor] {
        [
            neighbor(10, first), neighbor(20, low, plans: lowPlans),
            neighbor(70, high, plans: highPlans), neighbor(80, second),
        ]
    }

    /// Node 50, which has announced that it will hold the second half.
    private final class Planner {
        var core: PlacementCore
        var now = Instant.origin

        init() {
            core = PlacementCore(
                own: NoticeTests.id(50), settings: PlacementSettings(), seed: 1, at: now)
            core.setBudget(memoryByteCount: 3_500, layerLimit: nil)
            core.want(model, at: now)
            core.held(model: model.model, layers: first, layerMicroseconds: 100, at: now)
            core.neighborsChanged(NoticeTests.neighbors(), at: now)
            while !isPlanning && core.nextDeadline < .origin + .seconds(30) {
                now = core.nextDeadline
                core.fire(at: now)
            }
            while core.nextEvent() != nil {}
        }

        var isPlanning: Bool { core.holdings.contains { !$0.isReady && $0.layers == second } }

        /// Whether the plan is carried out after its notice, with these about the node.
        func carriesOut(among neighbors: [Neighbor]) -> Bool {
            let end = now + .seconds(4)
            now = now + .milliseconds(300)
            core.neighborsChanged(neighbors, at: now)
            while core.nextDeadline <= end {
                now = max(now, core.nextDeadline)
                core.fire(at: now)
                while let event = core.nextEvent() {
                    if event == .hold(model: model.model, layers: second) { return true }
                }
            }
            return false
        }
    }

    private func carriesOut(_ neighbors: [Neighbor]) -> Bool {
        let planner = Planner()
        #expect(planner.isPlanning)
        return planner.carriesOut(among: neighbors)
    }

    @Test func `a plan is carried out after its notice`() {
        #expect(carriesOut(Self.neighbors()))
    }

    @Test func `of two who announce the same move, the one with the higher id goes`() {
        #expect(!carriesOut(Self.neighbors(highPlans: Self.second)))
        #expect(carriesOut(Self.neighbors(lowPlans: Self.second)))
    }

    @Test func `a plan is given up where somebody has done the same meanwhile`() {
        #expect(!carriesOut(Self.neighbors(high: Self.second)))
        #expect(!carriesOut(Self.neighbors(low: Self.second)))
    }
}
