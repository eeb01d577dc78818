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
        guard open(bytes, slot: slot, index: index, counter: counter, at: now, into: &outbox)
        else { return }
        let isNewest = sessions[slot].transport.replay.isHighest(counter)
        sessions[slot].transport.replay.mark(counter)
        let outcome = sessions[slot].receiveFrames(
            counter: counter, from: address, at: now, bench: &bench)
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

    /// Opens a data packet into the reader; the first one under new keys puts them in use.
    private mutating func open(
        _ bytes: Span<UInt8>, slot: Int, index: UInt32, counter: UInt64, at now: Instant,
        into outbox: inout Outbox
    ) -> Bool {
        let next = sessions[slot].next
        let isConfirmation = next?.keys.localIndex == index
        let beginsAnew = isConfirmation && next?.continues == false
        guard beginsAnew || sessions[slot].transport.replay.isFresh(counter) else {
            bench.counters.droppedReplayed += 1
            return false
        }
        let keys: SessionKeys?
        if isConfirmation {
            keys = next?.keys
        } else if sessions[slot].current?.localIndex == index {
            keys = sessions[slot].current
        } else if sessions[slot].previous?.localIndex == index {
            keys = sessions[slot].previous
        } else {
            keys = nil
        }
        // A handshake's index is no key's index.
        guard let keys else {
            bench.counters.droppedUnknownIndex += 1
            return false
        }
        guard !keys.isExpired(at: now, settings: bench.settings) else {
            bench.counters.droppedExpiredKey += 1
            return false
        }
        guard
            let count = Sealing.open(
                bytes, headerByteCount: Protocol.dataHeaderByteCount, key: keys.receiveKey,
                counter: counter, into: &bench.reader.bytes)
        else {
            bench.counters.droppedUnauthentic += 1
            return false
        }
        if isConfirmation { confirm(slot, at: now) }
        if sessions[slot].current?.localIndex == index {
            sessions[slot].current?.byteCount += UInt64(bytes.count)
        }
        bench.reader.begin(count: count)
        return true
    }
}
