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
        let links = linkDigest(for: peer, at: now)
        var far: [DigestItem] = []
        guard !record.isMetered, known.count <= settings.smallSwarmLimit, !known.isEmpty else {
            return (links, far)
        }
        let (start, last) = (active[peer]?.digestCursor ?? 0, active[peer]?.digestAt ?? .origin)
        var isListed = Array(repeating: false, count: known.count)
        func list(_ index: Int) {
            let entry = known.values[index]
            let owner = entry.signed.record.id
            if isListed[index] || owner == peer || active.contains(owner) { return }
            if entry.heardFrom == peer || far.count >= farCount { return }
            isListed[index] = true
            far.append(line(of: entry, at: now))
        }
        // What is new first, then the others in turn.
        for index in known.keys.indices where known.values[index].signedAt >= last { list(index) }
        var visited = 0
        while visited < known.count, far.count < farCount {
            list((start + visited) % known.count)
            visited += 1
        }
        let next = (start + visited) % known.count
        active.update(peer) {
            $0.digestCursor = next
            $0.digestAt = now
        }
        return (links, far)
    }

    /// The lines of this node's other links.
    func linkDigest(for peer: NodeID, at now: Instant) -> [DigestItem] {
        // A metered node is a leaf: nobody learns of others through it.
        guard !record.isMetered else { return [] }
        return active.keys.compactMap { owner in
            guard owner != peer, let entry = known[owner], entry.heardFrom != peer else {
                return nil
            }
            return line(of: entry, at: now)
        }
    }

    private func line(of entry: KnownState, at now: Instant) -> DigestItem {
        DigestItem(
            prefix: entry.signed.record.id.prefix,
            sequence: UInt32(truncatingIfNeeded: entry.state.sequence), age: age(of: entry, at: now)
        )
    }

    /// Reads a link's digest: hearsay extends lives, newer sequences are asked for.
    mutating func readDigest(
        _ sequence: UInt32?, _ links: [DigestItem], _ far: [DigestItem], from peer: NodeID,
        at now: Instant, into mail: inout Mail
    ) {
        var wanted: [UInt64] = []
        let own = sequence.map { (DigestItem(prefix: peer.prefix, sequence: $0, age: 0), 1) }
        let lines = [own].compactMap { $0 } + links.map { ($0, 2) } + far.map { ($0, 3) }
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
        // So old a line can only be about a metered node.
        let isOld = now.since(heardAt) >= settings.stateExpiry
        let longest = isOld ? settings.meteredStateExpiry : settings.stateExpiry
        guard now.since(heardAt) + .seconds(2) < longest else { return false }
        guard let index = position(of: line.prefix) else {
            let hasLeft = zip(departed.keys, departed.values).contains { owner, departure in
                let low = UInt32(truncatingIfNeeded: departure.sequence)
                return owner.prefix == line.prefix
                    && Int32(bitPattern: line.sequence &- low) <= 0
            }
            let isFar = hopCount == 3
            return !hasLeft && !(isFar && known.count >= settings.smallSwarmLimit)
        }
        let fadesAt = now + expiry(of: known.values[index].signed)
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
