internal import Identity
internal import MeshNode
internal import Primitives
internal import Wire

/// What a healed world must come to.
extension World {
    func check() {
        guard isHealed else { return }
        if whatIsMissing() == nil {
            convergedAt = now
        } else {
            queue.add(.check, at: now + .seconds(1))
        }
    }

    /// The first thing that keeps the world from being whole, or nil.
    func whatIsMissing() -> String? {
        for (index, node) in nodes.enumerated() {
            guard node.isAlive else { return "node \(index) is not up" }
            if (node.machine?.node.peerCount ?? 0) == 0 { return "node \(index) has no peers" }
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
            for known in nodes[index].machine?.node.knownStates ?? [] {
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
            var states = (node.machine?.node.knownStates ?? []).map(\.state)
            if let own = node.machine?.node.ownState { states.append(own) }
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
            for known in node.machine?.node.knownStates ?? [] {
                guard let address = known.record.addresses.first else { continue }
                if indexOfAddress[address] == nil {
                    return "node \(index) still believes in \(known.state.id.short) at \(address)"
                }
            }
        }
        return nil
    }
}
