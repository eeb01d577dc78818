internal import Identity
internal import Primitives

extension SessionCore {
    mutating func receiveResponse(
        _ bytes: Span<UInt8>, from address: PeerAddress, at now: Instant, into outbox: inout Outbox
    ) {
        guard Protocol.responseByteCounts.contains(bytes.count) else {
            bench.counters.droppedWrongSize += 1
            return
        }
        let index = readUInt32(bytes, at: 8)
        guard let slot = slotOfIndex[index], let handshake = sessions[slot].handshake,
            handshake.index == index
        else {
            bench.counters.droppedUnknownIndex += 1
            return
        }
        // The copy is thrown away where the response is forged.
        var noise = handshake.noise
        guard let payload = noise.readResponse(array(bytes, 12..<bytes.count)) else {
            bench.counters.droppedUnauthentic += 1
            return
        }
        guard let answer = openAnswer(payload, slot: slot) else {
            bench.counters.droppedWrongRecord += 1
            return
        }
        let (initiatorKey, responderKey) = noise.split()
        let newKeys = SessionKeys(
            localIndex: index, remoteIndex: readUInt32(bytes, at: 4), sendKey: initiatorKey,
            receiveKey: responderKey, createdAt: now, isInitiator: true)
        let roundTrip = now.since(handshake.sentAt)
        // The index now names the keys, not the handshake.
        sessions[slot].handshake = nil
        adopt(
            newKeys, continues: answer.continues && handshake.continuedIndex != 0,
            record: answer.record, address: address, roundTrip: roundTrip, slot: slot, at: now)
        bench.events.append(.observed(answer.observed, by: sessions[slot].id))
        // The first packet under the new keys tells the peer that they work.
        sessions[slot].transport.wantsPing = true
        service(slot, at: now, into: &outbox)
    }

    private func openAnswer(
        _ payload: [UInt8], slot: Int
    ) -> (continues: Bool, observed: PeerAddress, record: NodeRecord)? {
        var reader = ByteReader(payload)
        guard let flags = try? reader.readUInt8(), flags <= 1,
            let observed = try? reader.readAddress(), let record = try? reader.readRecord(),
            reader.isAtEnd, record.id == sessions[slot].id,
            record.agreementKey == sessions[slot].record?.agreementKey
        else { return nil }
        guard
            record.isAuthentic(suite: bench.suite, puzzleBitCount: bench.settings.puzzleBitCount)
        else { return nil }
        return (flags == 1, observed, record)
    }

    /// The initiator's first packet under offered keys arrived: both ends have them.
    mutating func confirm(_ slot: Int, at now: Instant) {
        guard let next = sessions[slot].next else { return }
        sessions[slot].next = nil
        adopt(
            next.keys, continues: next.continues, record: next.record, address: next.address,
            roundTrip: now.since(next.keys.createdAt), slot: slot, at: now)
    }

    /// Puts keys in use: renewed ones in the session that is there, others in a new one.
    private mutating func adopt(
        _ newKeys: SessionKeys, continues: Bool, record: NodeRecord, address: PeerAddress,
        roundTrip: Interval, slot: Int, at now: Instant
    ) {
        dropHandshake(slot)
        let isNewer = record.sequence > sessions[slot].record?.sequence ?? 0
        if continues, sessions[slot].phase == .established {
            if let retired = sessions[slot].rotate(to: newKeys) { slotOfIndex[retired] = nil }
            bench.counters.rekeys += 1
            if isNewer {
                sessions[slot].record = record
                bench.events.append(.recordChanged(record))
            }
            return
        }
        if let unconfirmed = sessions[slot].next {
            slotOfIndex[unconfirmed.keys.localIndex] = nil
            sessions[slot].next = nil
        }
        if sessions[slot].phase == .established { discard(slot) }
        sessions[slot].phase = .established
        sessions[slot].current = newKeys
        sessions[slot].record = record
        sessions[slot].address = address
        sessions[slot].lastActivity = now
        sessions[slot].transport.roundTrips.add(roundTrip, ackDelay: .zero)
        sessions[slot].transport.wantsAddress = newKeys.isInitiator
        bench.counters.sessionsEstablished += 1
        bench.events.append(.established(record, address: address))
    }

    /// The peer began anew: what the old session had is lost with it.
    private mutating func discard(_ slot: Int) {
        empty(slot)
        bench.events.append(.closed(sessions[slot].id, .replaced))
    }

    /// Takes keys, path and transport out of an established session.
    mutating func empty(_ slot: Int) {
        for index in [sessions[slot].current?.localIndex, sessions[slot].previous?.localIndex] {
            if let index { slotOfIndex[index] = nil }
        }
        bench.reassemblyByteCount -= sessions[slot].transport.partialByteCount
        sessions[slot].current = nil
        sessions[slot].previous = nil
        sessions[slot].path = nil
        sessions[slot].pathReply = nil
        sessions[slot].transport = Transport()
        bench.counters.sessionsClosed += 1
    }
}
