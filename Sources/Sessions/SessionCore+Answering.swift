internal import Identity
internal import Primitives

extension SessionCore {
    /// What an initiation says once it is opened and its record verified.
    private struct Request {
        var noise: NoiseIK
        var remoteIndex: UInt32
        var mark: Session.InitiationMark
        var continuedIndex: UInt32
        var record: NodeRecord
    }

    mutating func receiveInitiation(
        _ bytes: Span<UInt8>, from address: PeerAddress, at now: Instant, into outbox: inout Outbox
    ) {
        guard bytes.count == Protocol.initiationByteCount else {
            bench.counters.droppedWrongSize += 1
            return
        }
        let packet = array(bytes, 0..<bytes.count)
        let mac1 = Array(packet[480..<496])
        guard mac1 == keyedHash16(key: macKey, Array(packet[0..<480])) else {
            bench.counters.droppedWrongMAC += 1
            return
        }
        switch gate.judge(packet, from: address, at: now, entropy: &bench.entropy) {
        case .refuse:
            bench.counters.droppedRateLimited += 1
            return
        case .askCookie:
            sendCookie(readUInt32(bytes, at: 4), mac1: mac1, to: address, at: now, into: &outbox)
            return
        case .welcome: break
        }
        guard let request = openInitiation(packet, remoteIndex: readUInt32(bytes, at: 4)) else {
            return
        }
        answer(request, from: address, at: now, into: &outbox)
    }

    private mutating func sendCookie(
        _ index: UInt32, mac1: [UInt8], to address: PeerAddress, at now: Instant,
        into outbox: inout Outbox
    ) {
        let cookie = gate.cookie(for: address, at: now, entropy: &bench.entropy)
        let nonce = Array(bench.entropy.next32().bytes.prefix(RandomNonceSealing.nonceByteCount))
        let key = Protocol.cookieKey(
            swarm: bench.settings.swarm.digest, responder: keys.agreementKey)
        var writer = ByteWriter(packet: .cookie)
        writer.write(index)
        writer.write(nonce)
        writer.write(RandomNonceSealing.seal(cookie, authenticating: mac1, key: key, nonce: nonce))
        if bench.send(writer.bytes, to: address, into: &outbox) { bench.counters.cookiesSent += 1 }
    }

    private mutating func openInitiation(_ packet: [UInt8], remoteIndex: UInt32) -> Request? {
        var noise = NoiseIK(
            respondingWith: keys.agreementSecret, staticKey: keys.agreementKey,
            ephemeralSecret: bench.entropy.next32(),
            prologue: Protocol.prologue(swarm: bench.settings.swarm.digest, responder: keys.id),
            suite: keys.suite)
        guard let payload = noise.readInitiation(Array(packet[8..<480])) else {
            bench.counters.droppedUnauthentic += 1
            return nil
        }
        var reader = ByteReader(payload)
        guard let counter = try? reader.readUInt64(), let continued = try? reader.readUInt32(),
            let record = try? reader.readRecord(), reader.readRemaining().allSatisfy({ $0 == 0 }),
            record.agreementKey == noise.remoteStatic, record.id != keys.id
        else {
            bench.counters.droppedWrongRecord += 1
            return nil
        }
        let mark = Session.InitiationMark(sequence: record.sequence, counter: counter)
        let known = slotOfPeer[record.id]
        let lastMark = known.flatMap { sessions[$0].lastInitiation } ?? initiationMarks[record.id]
        if let lastMark, mark <= lastMark {
            bench.counters.droppedReplayed += 1
            return nil
        }
        let isKnownRecord = known.map { sessions[$0].record?.encoded == record.encoded } ?? false
        guard
            isKnownRecord
                || record.isAuthentic(
                    suite: bench.suite, puzzleBitCount: bench.settings.puzzleBitCount)
        else {
            bench.counters.droppedWrongRecord += 1
            return nil
        }
        return Request(
            noise: noise, remoteIndex: remoteIndex, mark: mark, continuedIndex: continued,
            record: record)
    }

    private mutating func answer(
        _ request: Request, from address: PeerAddress, at now: Instant,
        into outbox: inout Outbox
    ) {
        let peer = request.record.id
        if let slot = slotOfPeer[peer] {
            sessions[slot].lastInitiation = request.mark
            if sessions[slot].handshake != nil, keys.id < peer {
                return insist(slot, at: address, now: now, into: &outbox)
            }
        }
        guard
            let slot = slotOfPeer[peer]
                ?? allocateAnswering(request, address: address, at: now, into: &outbox)
        else { return }
        sessions[slot].lastInitiation = request.mark
        let continues =
            request.continuedIndex != 0 && sessions[slot].phase == .established
            && (sessions[slot].current?.localIndex == request.continuedIndex
                || sessions[slot].previous?.localIndex == request.continuedIndex)
        var noise = request.noise
        var payload = ByteWriter(reserving: 24 + Limits.recordByteCount)
        payload.write(UInt8(continues ? 1 : 0))
        payload.write(address)
        payload.write(bench.ownRecord)
        guard let message = noise.writeResponse(payload.bytes) else {
            bench.counters.droppedUnauthentic += 1
            if sessions[slot].phase == .answering { vacate(slot) }
            return
        }
        if let old = sessions[slot].next { slotOfIndex[old.keys.localIndex] = nil }
        let index = freshIndex(for: slot)
        var writer = ByteWriter(packet: .response)
        writer.write(index)
        writer.write(request.remoteIndex)
        writer.write(message)
        let (initiatorKey, responderKey) = noise.split()
        sessions[slot].next = UnconfirmedKeys(
            keys: SessionKeys(
                localIndex: index, remoteIndex: request.remoteIndex, sendKey: responderKey,
                receiveKey: initiatorKey, createdAt: now, isInitiator: false),
            continues: continues, record: request.record, address: address,
            expires: now + .seconds(10))
        if bench.send(writer.bytes, to: address, into: &outbox) {
            bench.counters.handshakesAnswered += 1
        }
        setDeadline(slot, sessions[slot].nextDeadline(bench.settings))
    }

    /// Two initiations crossed: the lower id's stands. It goes out again to where the other came
    /// from, which is an address that works.
    private mutating func insist(
        _ slot: Int, at address: PeerAddress, now: Instant, into outbox: inout Outbox
    ) {
        bench.counters.droppedCrossing += 1
        guard sessions[slot].phase == .connecting, let handshake = sessions[slot].handshake,
            sessions[slot].candidates.first != address
        else { return }
        sessions[slot].candidates.removeAll { $0 == address }
        sessions[slot].candidates.insert(address, at: 0)
        if sessions[slot].candidates.count > Limits.recordAddressCount + 1 {
            sessions[slot].candidates.removeLast()
        }
        _ = bench.send(handshake.packet, to: address, into: &outbox)
    }

    private mutating func allocateAnswering(
        _ request: Request, address: PeerAddress, at now: Instant, into outbox: inout Outbox
    ) -> Int? {
        guard makeRoomForAnswer(at: now) else {
            bench.counters.droppedTableFull += 1
            return nil
        }
        guard let slot = allocate(request.record.id, address: address, at: now, into: &outbox)
        else { return nil }
        sessions[slot].phase = .answering
        sessions[slot].record = request.record
        return slot
    }

    /// Whether one more handshake may be answered. At the limit one whose confirmation is overdue
    /// gives way; while all are young the newcomer waits for its next try: an initiator that was
    /// answered believes in its session, and would lose what it sends there.
    private mutating func makeRoomForAnswer(at now: Instant) -> Bool {
        var (count, oldest) = (0, 0)
        for slot in sessions.indices where phase(slot) == .answering {
            if count == 0 || sessions[slot].lastActivity < sessions[oldest].lastActivity {
                oldest = slot
            }
            count += 1
        }
        guard count >= Limits.unconfirmedHandshakeCount else { return true }
        guard now.since(sessions[oldest].lastActivity) >= Protocol.confirmationPatience else {
            return false
        }
        bench.counters.droppedTableFull += 1
        if sessions[oldest].isWanted { bench.events.append(.unreachable(sessions[oldest].id)) }
        vacate(oldest)
        return true
    }
}
