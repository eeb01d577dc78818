import Primitives

/// Where sessions are kept: a slot for each, used again by the next.
extension SessionCore {
    /// A slot for a peer that has none; nil where every session is in use.
    mutating func allocate(
        _ peer: NodeID, address: PeerAddress, at now: Instant, into outbox: inout Outbox
    ) -> Int? {
        if slotOfPeer.count >= bench.settings.sessionCount {
            guard let victim = leastRecentlyUsed() else {
                bench.counters.droppedTableFull += 1
                return nil
            }
            end(victim, .evicted, tellsPeer: true, at: now, into: &outbox)
        }
        let session = Session(id: peer, address: address, at: now)
        let slot: Int
        if let vacant = vacantSlots.popLast() {
            slot = vacant
            sessions[slot] = session
            deadlines[slot] = .never
        } else {
            slot = sessions.count
            sessions.append(session)
            deadlines.append(.never)
        }
        slotOfPeer[peer] = slot
        return slot
    }

    private func leastRecentlyUsed() -> Int? {
        sessions.indices.filter { sessions[$0].isIdle }
            .min { sessions[$0].lastActivity < sessions[$1].lastActivity }
    }

    mutating func vacate(_ slot: Int) {
        let id = sessions[slot].id
        if let mark = sessions[slot].lastInitiation { remember(mark, of: id) }
        bench.reassemblyByteCount -= sessions[slot].transport.partialByteCount
        for index in [
            sessions[slot].current?.localIndex, sessions[slot].previous?.localIndex,
            sessions[slot].next?.keys.localIndex, sessions[slot].handshake?.index,
        ] {
            if let index { slotOfIndex[index] = nil }
        }
        slotOfPeer[id] = nil
        sessions[slot] = Session(id: id, address: sessions[slot].address, at: .origin)
        deadlines[slot] = .never
        vacantSlots.append(slot)
    }

    private mutating func remember(_ mark: Session.InitiationMark, of peer: NodeID) {
        if initiationMarks[peer] == nil { initiationOrder.append(peer) }
        initiationMarks[peer] = mark
        if initiationOrder.count > Limits.sessionCount, let oldest = initiationOrder.popFirst() {
            initiationMarks[oldest] = nil
        }
    }
}
