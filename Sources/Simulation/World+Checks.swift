internal import Identity
internal import MeshNode
internal import Primitives
internal import Wire

/// What a healed world must come to.
extension World {
    func check() {
        queue.add(.check, at: now + .seconds(1))
        noteCoverage()
        if let hanging = firstHanging() { verdict = .wrong(hanging) }
        if isHealed, convergedAt == nil, whatIsMissing() == nil { convergedAt = now }
    }

    /// Whether some node that is up and awake holds each layer, as nobody in the world can know.
    func noteCoverage() {
        let awake = nodes.filter { $0.pausedUntil <= now }
        let holdings = awake.compactMap { $0.machine?.ownState.holding(of: model.digest) }
        for layer in 0..<model.layerCount
        where !holdings.contains(where: { $0.layers.contains(layer) }) {
            uncoveredAt = now
        }
    }

    /// A prompt that neither went on nor ended: within its patience, and what it takes to find out
    /// that stages are lost, it must do either.
    private func firstHanging() -> String? {
        for (index, node) in nodes.enumerated() where node.isAlive && node.pausedUntil <= now {
            for prompt in node.prompts.values
            where now.since(prompt.progressedAt) > prompt.patience + Limits.stuckTimeout {
                return "a prompt at node \(index) hangs"
            }
        }
        return nil
    }

    /// Lets every prompt end; then no node may keep anything of a request.
    func empty() {
        isClosing = true
        let deadline = now + Limits.stuckTimeout + Limits.stageIdleTimeout
        while verdict == .converged || verdict == nil, now < deadline, firstLeftover() != nil {
            verdict = nil
            advance(to: now + .seconds(1))
        }
        guard verdict == nil || verdict == .converged else { return }
        verdict = firstLeftover().map { .stuck($0) } ?? .converged
    }

    private func firstLeftover() -> String? {
        for (index, node) in nodes.enumerated() {
            if !node.prompts.isEmpty { return "a prompt at node \(index) does not end" }
            if let id = node.caches.keys.first { return "node \(index) keeps a cache of \(id)" }
            if node.machine?.requestCounts ?? (0, 0) != (0, 0) {
                return "node \(index) keeps a request"
            }
        }
        return nil
    }

    /// The first thing that keeps the world from being whole, or nil.
    func whatIsMissing() -> String? {
        for (index, node) in nodes.enumerated() {
            guard node.isAlive else { return "node \(index) is not up" }
            if (node.machine?.peerCount ?? 0) == 0 { return "node \(index) has no peers" }
        }
        if let unreached = firstUnreached() {
            return "node \(unreached) is cut off from node 0's part of the graph"
        }
        if let (index, layer) = firstUncovered() {
            return "node \(index) sees nobody who holds layer \(layer)"
        }
        if let ghost = firstGhost() { return ghost }
        guard healedPrompts.finished >= 5 else { return "prompts are not answered yet" }
        return nil
    }

    /// A walk over who knows whose state, from node 0: everybody must be on it.
    private func firstUnreached() -> Int? {
        var indexOfID = OrderedTable<NodeID, Int>()
        for (index, node) in nodes.enumerated() { indexOfID[node.keys.id] = index }
        var isReached = Array(repeating: false, count: nodes.count)
        var frontier = [0]
        isReached[0] = true
        while let index = frontier.popLast() {
            for known in nodes[index].machine?.knownStates ?? [] {
                guard let other = indexOfID[known.state.id], !isReached[other] else { continue }
                isReached[other] = true
                frontier.append(other)
            }
        }
        return isReached.firstIndex(of: false)
    }

    /// A node in whose neighbourhood, itself included, some layer has no holder.
    private func firstUncovered() -> (Int, Int)? {
        for (index, node) in nodes.enumerated() {
            var states = (node.machine?.knownStates ?? []).map(\.state)
            if let own = node.machine?.ownState { states.append(own) }
            let holdings = states.compactMap { $0.holding(of: model.digest) }
            for layer in 0..<model.layerCount
            where !holdings.contains(where: { $0.layers.contains(layer) }) {
                return (index, layer)
            }
        }
        return nil
    }

    /// A view in which somebody's earlier life still stands.
    private func firstGhost() -> String? {
        for (index, node) in nodes.enumerated() {
            for known in node.machine?.knownStates ?? [] {
                guard let address = known.record.addresses.first else { continue }
                if indexOfAddress[address] == nil {
                    return "node \(index) still believes in \(known.state.id.short) at \(address)"
                }
            }
        }
        return nil
    }
}
