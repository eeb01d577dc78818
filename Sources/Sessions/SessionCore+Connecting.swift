internal import Identity
internal import Primitives

extension SessionCore {
    /// An index that no other key of this node has.
    mutating func freshIndex(for slot: Int) -> UInt32 {
        while true {
            let index = bench.entropy.nextUInt32()
            guard index != 0, slotOfIndex[index] == nil else { continue }
            slotOfIndex[index] = slot
            return index
        }
    }

    /// Makes an initiation and sends it: the first try of a handshake, or a renewal of keys.
    /// `candidates`: where to, the likeliest first.
    mutating func beginHandshake(
        _ slot: Int, with candidates: [PeerAddress], at now: Instant, into outbox: inout Outbox
    ) {
        let continued = sessions[slot].current?.remoteIndex ?? 0
        sessions[slot].candidates = candidates
        makeInitiation(slot, tryCount: 1, continuing: continued, at: now)
        sendInitiation(slot, at: now, into: &outbox)
        setDeadline(slot, sessions[slot].nextDeadline(bench.settings))
    }

    /// Fresh keys for each try: nothing of an initiation is sent twice, but for a cookie's sake.
    private mutating func makeInitiation(
        _ slot: Int, tryCount: Int, continuing continuedIndex: UInt32, at now: Instant
    ) {
        guard let record = sessions[slot].record else {
            preconditionFailure("a handshake needs the peer's record")
        }
        let old = sessions[slot].handshake
        if let old { slotOfIndex[old.index] = nil }
        let index = freshIndex(for: slot)
        var noise = NoiseIK(
            initiating: record.agreementKey, staticSecret: keys.agreementSecret,
            staticKey: keys.agreementKey, ephemeralSecret: bench.entropy.next32(),
            prologue: Protocol.prologue(
                swarm: bench.settings.swarm.digest, responder: record.id),
            suite: keys.suite)
        initiationCounter += 1
        var payload = ByteWriter(reserving: Protocol.initiationPayloadByteCount)
        payload.write(initiationCounter)
        payload.write(continuedIndex)
        payload.write(bench.ownRecord)
        payload.write(
            [UInt8](repeating: 0, count: Protocol.initiationPayloadByteCount - payload.count))
        var writer = ByteWriter(packet: .initiation)
        writer.write(index)
        // A record with a key of small order can't be spoken to: the tries run out.
        writer.write(
            noise.writeInitiation(payload.bytes)
                ?? [UInt8](repeating: 0, count: 96 + payload.count))
        let macKey = Protocol.macKey(
            swarm: bench.settings.swarm.digest, responder: record.agreementKey)
        writer.write(keyedHash16(key: macKey, writer.bytes))
        writer.write([UInt8](repeating: 0, count: Protocol.macByteCount))
        precondition(writer.count == Protocol.initiationByteCount)
        sessions[slot].handshake = OutgoingHandshake(
            noise: noise, index: index, packet: writer.bytes, continuedIndex: continuedIndex,
            tryCount: tryCount, sentAt: now,
            retryAt: now + bench.settings.handshakeWaits[tryCount - 1],
            cookie: old?.cookie, cookieExpires: old?.cookieExpires ?? .origin, wasResent: false)
        sealWithCookie(slot, at: now)
    }

    /// Puts mac2 at the end of the initiation where a cookie is at hand.
    private mutating func sealWithCookie(_ slot: Int, at now: Instant) {
        guard var handshake = sessions[slot].handshake, let cookie = handshake.cookie,
            handshake.cookieExpires > now
        else { return }
        let covered = Array(handshake.packet.dropLast(Protocol.macByteCount))
        handshake.packet = covered + keyedHash16(key: cookie, covered)
        sessions[slot].handshake = handshake
    }

    /// The first try goes to the likeliest address, later ones to all.
    mutating func sendInitiation(_ slot: Int, at now: Instant, into outbox: inout Outbox) {
        guard let handshake = sessions[slot].handshake else { return }
        let count = handshake.tryCount == 1 ? 1 : sessions[slot].candidates.count
        for address in sessions[slot].candidates.prefix(count)
        where bench.send(handshake.packet, to: address, into: &outbox) {
            bench.counters.handshakesStarted += 1
        }
    }

    /// The next try, or the end of trying; false where the session is gone.
    mutating func retryHandshake(
        _ slot: Int, at now: Instant, into outbox: inout Outbox
    ) -> Bool {
        guard let handshake = sessions[slot].handshake else { return true }
        if handshake.tryCount < bench.settings.handshakeWaits.count {
            makeInitiation(
                slot, tryCount: handshake.tryCount + 1, continuing: handshake.continuedIndex,
                at: now)
            sendInitiation(slot, at: now, into: &outbox)
            return true
        }
        dropHandshake(slot)
        switch sessions[slot].phase {
        case .established:
            if sessions[slot].current?.isExpired(at: now, settings: bench.settings) ?? true {
                end(slot, .timeout, tellsPeer: false, at: now, into: &outbox)
                return false
            }
            sessions[slot].renewalBlockedUntil = now + .seconds(5)
            return true
        case .connecting where sessions[slot].next != nil:
            // The peer asked too, and was answered: its confirmation may still come.
            sessions[slot].phase = .answering
            return true
        default:
            bench.events.append(.unreachable(sessions[slot].id))
            vacate(slot)
            return false
        }
    }

    mutating func dropHandshake(_ slot: Int) {
        if let handshake = sessions[slot].handshake { slotOfIndex[handshake.index] = nil }
        sessions[slot].handshake = nil
    }

    /// Under load the peer wants to see that this node receives at its address.
    mutating func receiveCookie(
        _ bytes: Span<UInt8>, from address: PeerAddress, at now: Instant, into outbox: inout Outbox
    ) {
        guard bytes.count == Protocol.cookieByteCount else {
            bench.counters.droppedWrongSize += 1
            return
        }
        guard let slot = slotOfIndex[readUInt32(bytes, at: 4)],
            let handshake = sessions[slot].handshake,
            handshake.index == readUInt32(bytes, at: 4), !handshake.wasResent,
            let peerKey = sessions[slot].record?.agreementKey
        else {
            bench.counters.droppedUnknownIndex += 1
            return
        }
        let mac1 = Array(handshake.packet.dropLast(16).suffix(16))
        let key = Protocol.cookieKey(
            swarm: bench.settings.swarm.digest, responder: peerKey)
        guard
            let cookie = RandomNonceSealing.open(
                array(bytes, 32..<64), authenticating: mac1, key: key, nonce: array(bytes, 8..<32))
        else {
            bench.counters.droppedUnauthentic += 1
            return
        }
        bench.counters.cookiesReceived += 1
        sessions[slot].handshake?.cookie = cookie
        // Five seconds less than the secret lives, as the answer was on its way for a while.
        sessions[slot].handshake?.cookieExpires = now + (Protocol.cookieLifetime - .seconds(5))
        sessions[slot].handshake?.wasResent = true
        sessions[slot].handshake?.sentAt = now
        sealWithCookie(slot, at: now)
        if let packet = sessions[slot].handshake?.packet {
            _ = bench.send(packet, to: address, into: &outbox)
        }
    }
}
