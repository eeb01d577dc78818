internal import Identity
public import Primitives

extension SessionCore {
    public mutating func receive(
        _ bytes: Span<UInt8>, from address: PeerAddress, at now: Instant, into outbox: inout Outbox
    ) {
        bench.counters.packetsReceived += 1
        bench.counters.bytesReceived += UInt64(bytes.count)
        guard bytes.count >= 4, bytes.count <= Limits.datagramByteCount,
            let kind = PacketKind(rawValue: bytes[0]), bytes[1] == Protocol.version
        else {
            bench.counters.droppedUnknownKind += 1
            return
        }
        guard !hasLeft else { return }
        switch kind {
        case .data: receiveData(bytes, from: address, at: now, into: &outbox)
        case .initiation: receiveInitiation(bytes, from: address, at: now, into: &outbox)
        case .response: receiveResponse(bytes, from: address, at: now, into: &outbox)
        case .cookie: receiveCookie(bytes, from: address, at: now, into: &outbox)
        case .inquiry: receiveInquiry(bytes, from: address, at: now, into: &outbox)
        case .introduction: receiveIntroduction(bytes, from: address)
        }
    }

    private mutating func receiveData(
        _ bytes: Span<UInt8>, from address: PeerAddress, at now: Instant, into outbox: inout Outbox
    ) {
        guard bytes.count > Protocol.dataHeaderByteCount + Protocol.macByteCount else {
            bench.counters.droppedWrongSize += 1
            return
        }
        let index = readUInt32(bytes, at: 4)
        guard let slot = slotOfIndex[index] else {
            bench.counters.droppedUnknownIndex += 1
            return
        }
        let counter = readUInt64(bytes, at: 8)
        switch sessions[slot].open(bytes, index: index, counter: counter, at: now, bench: &bench) {
        case .refused: return
        case .confirmation: confirm(slot, at: now)
        case .opened: break
        }
        var (outcome, isNewest) = sessions[slot].take(
            index: index, counter: counter, byteCount: bytes.count, from: address, at: now,
            bench: &bench)
        while makeRoom(for: slot, at: now, into: &outbox) {
            // What was taken in at first is known now.
            bench.reader.rewind()
            outcome = sessions[slot].receiveFrames(
                counter: counter, from: address, at: now, bench: &bench)
        }
        switch outcome {
        case .closed(let reason):
            return end(slot, reason, tellsPeer: false, at: now, into: &outbox)
        case .violation:
            return end(slot, .protocolViolation, tellsPeer: true, at: now, into: &outbox)
        case .fine: break
        }
        sessions[slot].notePath(
            from: address, isNewest: isNewest, at: now, bench: &bench, into: &outbox)
        service(slot, at: now, into: &outbox)
    }

    /// Where unfinished messages have taken the room of all, and another's would still take less:
    /// ends the session that has most of it. Else a few peers that begin messages and never end
    /// them would keep the others' out.
    private mutating func makeRoom(
        for slot: Int, at now: Instant, into outbox: inout Outbox
    ) -> Bool {
        guard bench.lackingByteCount > 0 else { return false }
        var (victim, most) = (
            slot, sessions[slot].transport.partialByteCount + bench.lackingByteCount
        )
        bench.lackingByteCount = 0
        for other in sessions.indices where sessions[other].transport.partialByteCount > most {
            (victim, most) = (other, sessions[other].transport.partialByteCount)
        }
        guard victim != slot else { return false }
        end(victim, .evicted, tellsPeer: true, at: now, into: &outbox)
        return true
    }
}
