internal import Identity
internal import MeshNode
internal import Primitives
internal import Wire

/// What a commute writes down while the world runs.
final class CommuteLedger {
    private(set) var failedCovered = 0
    private(set) var uncovered = 0
    private(set) var firstFailure: String?
    private(set) var traffic = RoomTraffic()
    private(set) var nodeSeconds = 0.0
    private(set) var moves = 0
    /// By layer, when it last had no holder anywhere.
    private var lastUncovered: [Instant?] = []

    var failedCount: Int { failedCovered + uncovered }

    func saw(holderCounts: [Int], at now: Instant) {
        if lastUncovered.isEmpty { lastUncovered = holderCounts.map { _ in nil } }
        for layer in holderCounts.indices where holderCounts[layer] == 0 {
            lastUncovered[layer] = now
        }
    }

    /// Judges a failure: excused where some layer had no holder a short time ago.
    func failed(_ end: RequestEnd, at now: Instant) {
        let isExcused = lastUncovered.contains { last in
            last.map { now.since($0) < .seconds(10) } ?? false
        }
        if isExcused {
            uncovered += 1
        } else {
            failedCovered += 1
            firstFailure = firstFailure ?? "\(end) at \(now.seconds)"
        }
    }

    func add(_ life: RoomTraffic, seconds: Double, moves count: Int) {
        traffic.add(life)
        nodeSeconds += seconds
        moves += count
    }
}

/// What a commute asks of a world.
extension World {
    /// Counts who holds each layer and works for others; true where some layer has nobody.
    func noteCoverage(in ledger: CommuteLedger) -> Bool {
        var counts = Array(repeating: 0, count: model.layerCount)
        for simulated in nodes {
            guard let state = simulated.machine?.ownState, state.presence == .idle,
                let holding = state.holding(of: model.digest)
            else { continue }
            for layer in holding.layers.range { counts[layer] += 1 }
        }
        ledger.saw(holderCounts: counts, at: now)
        return counts.contains(0)
    }

    /// The node takes leave in order; its process ends a moment later.
    func takeLeave(_ index: Int) {
        nodes[index].machine?.node.leave(at: now, into: &outbox)
        settle(index)
    }

    /// Adds what a node sent in the life that ends.
    func noteTraffic(of index: Int, in ledger: CommuteLedger) {
        guard nodes[index].isAlive else { return }
        let sent = nodes[index].machine?.sent
        ledger.add(
            sent ?? RoomTraffic(), seconds: now.since(nodes[index].startedAt).seconds,
            moves: nodes[index].machine?.placementMoveCount ?? 0)
    }

    /// Stages that nodes still serve.
    var leftOver: Int { nodes.reduce(0) { $0 + ($1.machine?.stageCount ?? 0) } }
}

extension Instant {
    /// For people: seconds since the world began.
    fileprivate var seconds: Double { since(.origin).seconds }
}
