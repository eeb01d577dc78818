internal import Gossip
internal import Identity
public import MeshNode
public import Primitives
internal import Wire

/// A world lived moment by moment, for tests of single lives: computers that leave, die, sleep.
extension World {
    public func live(_ time: Interval) { advance(to: now + time) }

    /// Lives until something holds; how long that took, or nil where it did not in time.
    public func live(atMost time: Interval, until isDone: () -> Bool) -> Interval? {
        let start = now
        while now.since(start) < time, verdict == nil {
            if isDone() { return now.since(start) }
            live(.milliseconds(50))
        }
        return isDone() ? now.since(start) : nil
    }

    /// The node takes leave in order, and its process ends a moment later.
    public func depart(_ index: Int) {
        takeLeave(index)
        live(Limits.leaveTime)
        stop(index)
    }

    /// The process ends without a word.
    public func kill(_ index: Int) { stop(index) }

    /// The computer is switched on again, at another address.
    public func restart(_ index: Int) { start(index) }

    /// The computer stands still: a stopped process, a paused container, a closed lid.
    public func pause(_ index: Int) { nodes[index].isPaused = true }

    /// It goes on, and finds in its socket what came meanwhile, as far as that fits; nothing where
    /// its line was off.
    public func resume(_ index: Int, isLineKept: Bool) {
        let simulated = nodes[index]
        guard simulated.isPaused else { return }
        simulated.isPaused = false
        let waiting = isLineKept ? simulated.inbox : []
        simulated.inbox = []
        simulated.nextWake = .never
        for (bytes, from) in waiting { arrive(bytes, from: from, to: simulated.address) }
        scheduleWake(index)
    }

    /// How many other nodes that are up have a state of this node, of whichever life.
    public func knowerCount(of index: Int) -> Int {
        let id = nodes[index].keys.id
        return nodes.indices.count { other in
            other != index && nodes[other].isAlive
                && nodes[other].machine?.knownStates.contains { $0.state.id == id } ?? false
        }
    }

    /// How many states of nodes that are up this node has.
    public func knownCount(by index: Int) -> Int {
        let living = nodes.filter(\.isAlive).map(\.keys.id)
        return nodes[index].machine?.knownStates.count { living.contains($0.state.id) } ?? 0
    }

    /// Whether every layer has so many holders among the nodes that are up and not paused.
    public func isCovered(times count: Int) -> Bool {
        (0..<model.layerCount).allSatisfy { layer in
            nodes.count { simulated in
                !simulated.isPaused
                    && simulated.machine?.ownState.holding(of: model.digest)?.layers.contains(
                        layer)
                        ?? false
            } >= count
        }
    }

    /// Tells each request's failure, from now on.
    public func watchFailures(_ tell: @escaping (String) -> Void) {
        watch = { effect, index in
            if case .requestFailed(_, let end) = effect { tell("node \(index): \(end)") }
        }
    }

    /// What must never happen and did, or nil.
    public var wrong: String? {
        if case .wrong(let what)? = verdict { return what }
        return nil
    }
}

extension World {
    /// Nodes in whose neighbourhood, themselves included, some layer has no holder.
    public var gapViewCount: Int {
        nodes.count { simulated in
            guard let own = simulated.machine?.ownState else { return false }
            let states = [own] + (simulated.machine?.knownStates ?? []).map(\.state)
            let holdings = states.compactMap { $0.holding(of: model.digest)?.layers }
            return (0..<model.layerCount).contains { layer in
                !holdings.contains { $0.contains(layer) }
            }
        }
    }

    /// Choices of layers of the nodes that are up, first ones included.
    public var moveCount: Int {
        nodes.reduce(0) { $0 + ($1.machine?.placementMoveCount ?? 0) }
    }

    /// What the nodes that are up did so far, for comparing.
    public var figures: WorldFigures {
        var figures = WorldFigures()
        for simulated in nodes {
            guard let sent = simulated.machine?.sent else { continue }
            figures.nodeCount += 1
            figures.handshakeCount += Int(simulated.machine?.handshakeCount ?? 0)
            figures.peerCount += simulated.machine?.peerCount ?? 0
            figures.knownCount += simulated.machine?.knownStates.count ?? 0
            figures.sent.add(sent)
        }
        figures.eventCount = eventCount
        figures.datagramByteCount = datagramByteCount
        return figures
    }

    /// Prompts that were answered so far, and that failed.
    public var promptCounts: (finished: Int, failed: Int) { (promptsFinished, promptsFailed) }
}

/// Sums over all nodes that are up, since each was started.
public struct WorldFigures: Sendable {
    public var nodeCount = 0
    public var handshakeCount = 0
    public var peerCount = 0
    public var knownCount = 0
    public var sent = RoomTraffic()
    /// Of the whole world, since its start.
    public var eventCount: UInt64 = 0
    public var datagramByteCount: UInt64 = 0
}
