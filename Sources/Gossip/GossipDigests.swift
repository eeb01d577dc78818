internal import Identity
internal import Primitives
internal import Wire

/// What probes say of others: enough to keep a state alive and to notice a newer one.
extension GossipCore {
    func owner(of prefix: UInt64) -> NodeID? { position(of: prefix).map { known.keys[$0] } }

    /// Where the owner stands among those known.
    private func position(of prefix: UInt64) -> Int? {
        let lowest = NodeID(Bytes32(first: prefix << 16, second: 0, third: 0, fourth: 0))
        let index = known.position(of: lowest).index
        guard index < known.count, known.keys[index].prefix == prefix else { return nil }
        return index
    }

    /// What a probe to `peer` tells of others: this node's links, and some of the rest in turn.
    mutating func digest(
        for peer: NodeID, farCount: Int, at now: Instant
    ) -> (links: [DigestItem], far: [DigestItem]) {
        var (links, far) = ([DigestItem](), [DigestItem]())
        for owner in active.keys where owner != peer {
            guard let entry = known[owner], entry.heardFrom != peer else { continue }
            links.append(line(of: entry, at: now))
        }
        guard known.count <= settings.smallSwarmLimit, !known.isEmpty else { return (links, far) }
        let start = active[peer]?.digestCursor ?? 0
        var visited = 0
        while visited < known.count, far.count < farCount {
            let entry = known.values[(start + visited) % known.count]
            visited += 1
            let owner = entry.signed.record.id
            if owner == peer || entry.heardFrom == peer || active.contains(owner) { continue }
            far.append(line(of: entry, at: now))
        }
        let next = (start + visited) % known.count
        active.update(peer) { $0.digestCursor = next }
        return (links, far)
    }

    private func line(of entry: KnownState, at now: Instant) -> DigestItem {
        DigestItem(
            prefix: entry.signed.record.id.prefix,
            sequence: UInt32(truncatingIfNeeded: entry.state.sequence), age: age(of: entry, at: now)
        )
    }

    /// Reads a link's digest: hearsay extends lives, newer sequences are asked for.
    mutating func readDigest(
        _ sequence: UInt32, _ links: [DigestItem], _ far: [DigestItem], from peer: NodeID,
        at now: Instant, into mail: inout Mail
    ) {
        var wanted: [UInt64] = []
        let own = DigestItem(prefix: peer.prefix, sequence: sequence, age: 0)
        let lines = [(own, 1)] + links.map { ($0, 2) } + far.map { ($0, 3) }
        for (line, hopCount) in lines where line.prefix != id.prefix {
            let isWanted = note(line, hopCount, from: peer, at: now)
            guard isWanted, !pulled.contains(line.prefix, at: now) else { continue }
            guard wanted.count < Limits.gossipDigestItemCount else { break }
            pulled.mark(line.prefix, until: now + .seconds(1))
            wanted.append(line.prefix)
        }
        if !wanted.isEmpty { send(.askStates(wanted), to: peer, into: &mail) }
    }

    /// Takes one line in; true where the state behind it should be asked for.
    private mutating func note(
        _ line: DigestItem, _ hopCount: Int, from peer: NodeID, at now: Instant
    ) -> Bool {
        let heardAt = evidence(age: line.age, isDirect: hopCount == 1, at: now)
        guard now.since(heardAt) + .seconds(2) < settings.stateExpiry else { return false }
        guard let index = position(of: line.prefix) else {
            let hasLeft = departed.keys.contains { $0.prefix == line.prefix }
            let isFar = hopCount == 3
            return !hasLeft && !(isFar && known.count >= settings.smallSwarmLimit)
        }
        let fadesAt = now + settings.stateExpiry
        var isNewer = false
        known.update(at: index) { entry in
            entry.extend(to: heardAt, from: peer)
            if hopCount == 2, entry.hopCount > 1 {
                entry.hopCount = 2
                entry.secondHopUntil = fadesAt
            }
            let low = UInt32(truncatingIfNeeded: entry.signed.state.sequence)
            isNewer = Int32(bitPattern: line.sequence &- low) > 0
        }
        return isNewer
    }
}
