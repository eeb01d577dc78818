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
        let (outcome, isNewest) = sessions[slot].take(
            index: index, counter: counter, byteCount: bytes.count, from: address, at: now,
            bench: &bench)
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
}
