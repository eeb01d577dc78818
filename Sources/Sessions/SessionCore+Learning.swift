public import Identity
public import Primitives

/// What this node hears of a peer's record, and what follows for the session with it.
extension SessionCore {
    /// Sees to it that there is a session with the life that a record tells of, or a handshake on
    /// the way to one. `address` is tried first, then all addresses of the record.
    public mutating func connect(
        to record: NodeRecord, address: PeerAddress?, at now: Instant, into outbox: inout Outbox
    ) {
        guard record.id != keys.id, !hasLeft else { return }
        if let slot = slotOfPeer[record.id] {
            sessions[slot].isWanted = true
            if hasMoved(slot, by: record), address != sessions[slot].address {
                let told = [address].compactMap { $0 } + record.addresses
                startOver(slot, with: record, to: told, at: now, into: &outbox)
            } else {
                learn(record, address: address, slot: slot, at: now, into: &outbox)
            }
            return
        }
        let candidates = merge([address].compactMap { $0 } + record.addresses, before: [])
        guard let first = candidates.first,
            let slot = allocate(record.id, address: first, at: now, into: &outbox)
        else {
            bench.events.append(.unreachable(record.id))
            return
        }
        sessions[slot].phase = .connecting
        sessions[slot].record = record
        sessions[slot].isWanted = true
        beginHandshake(slot, with: candidates, at: now, into: &outbox)
    }

    /// Others told of a peer's record. Where there is a session or a handshake with that peer, and
    /// the record is newer than the one it was made with, the peer may have begun a new life.
    public mutating func learn(
        _ record: NodeRecord, at now: Instant, into outbox: inout Outbox
    ) {
        guard !hasLeft, let slot = slotOfPeer[record.id] else { return }
        learn(record, address: nil, slot: slot, at: now, into: &outbox)
    }

    private mutating func learn(
        _ record: NodeRecord, address: PeerAddress?, slot: Int, at now: Instant,
        into outbox: inout Outbox
    ) {
        let isNewer = record.sequence > sessions[slot].record?.sequence ?? 0
        switch sessions[slot].phase {
        case .connecting:
            let told = [address].compactMap { $0 } + (isNewer ? record.addresses : [])
            redirect(slot, record: isNewer ? record : nil, to: told, at: now, into: &outbox)
        case .established where isNewer:
            askAgain(slot, record: record, at: now, into: &outbox)
        case .established, .answering, .vacant: return
        }
    }

    /// Whether a peer with which there is a session says in a newer record that it is elsewhere.
    private func hasMoved(_ slot: Int, by record: NodeRecord) -> Bool {
        let session = sessions[slot]
        return session.phase == .established && record.sequence > session.record?.sequence ?? 0
            && !record.addresses.isEmpty && !record.addresses.contains(session.address)
    }

    /// A handshake under way begins anew where there are addresses that it did not know.
    private mutating func redirect(
        _ slot: Int, record: NodeRecord?, to told: [PeerAddress], at now: Instant,
        into outbox: inout Outbox
    ) {
        let known = sessions[slot].candidates
        let keyChanged = record.map { $0.agreementKey != sessions[slot].record?.agreementKey }
        if let record { sessions[slot].record = record }
        let fresh = merge(told.filter { !known.contains($0) }, before: [])
        guard !fresh.isEmpty || keyChanged == true else { return }
        beginHandshake(slot, with: merge(fresh, before: known), at: now, into: &outbox)
    }

    /// Renews the keys of a session whose peer has a newer record than it was made with: who still
    /// lives the same life continues it, who was started anew has a new session with it at once.
    private mutating func askAgain(
        _ slot: Int, record: NodeRecord, at now: Instant, into outbox: inout Outbox
    ) {
        guard sessions[slot].handshake == nil, now >= sessions[slot].renewalBlockedUntil,
            record.agreementKey == sessions[slot].record?.agreementKey
        else { return }
        let address = sessions[slot].address
        let isThere = record.addresses.isEmpty || record.addresses.contains(address)
        let candidates =
            isThere
            ? merge([address], before: record.addresses)
            : merge(record.addresses, before: [address])
        beginHandshake(slot, with: candidates, at: now, into: &outbox)
    }

    /// Leaves a session for a new one with the life that the peer lives now. Nobody hears of the
    /// old one's end: what waits for the peer goes into the new one.
    private mutating func startOver(
        _ slot: Int, with record: NodeRecord, to told: [PeerAddress], at now: Instant,
        into outbox: inout Outbox
    ) {
        let candidates = merge(told, before: [sessions[slot].address])
        empty(slot)
        sessions[slot].phase = .connecting
        sessions[slot].record = record
        beginHandshake(slot, with: candidates, at: now, into: &outbox)
    }

    /// Addresses one may speak to, each once, as many as a record has and one more.
    private func merge(_ first: [PeerAddress], before others: [PeerAddress]) -> [PeerAddress] {
        var merged: [PeerAddress] = []
        for address in first + others
        where !address.isUnspecified && !merged.contains(address) {
            merged.append(address)
        }
        return Array(merged.prefix(Limits.recordAddressCount + 1))
    }
}
