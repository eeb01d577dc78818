internal import Identity
internal import Primitives

extension Session {
    /// Sends what may go now. True where the outbox was too full for all of it.
    mutating func pump(
        at now: Instant, bench: inout Workbench, into outbox: inout Outbox
    ) -> Bool {
        guard phase == .established, let keys = current,
            !keys.isExpired(at: now, settings: bench.settings)
        else {
            // Nothing leaves under such keys: what is due waits for new ones, not for a time.
            (transport.ackAt, transport.paceAt) = (.never, .never)
            return false
        }
        if let reply = pathReply {
            guard !outbox.isFull else { return true }
            sendPathFrame(
                FrameKind.pathResponse, reply.token, to: reply.address, at: now, bench: &bench,
                into: &outbox)
            pathReply = nil
        }
        while true {
            let carriesData = maySendData(at: now)
            let isAckDue = transport.isAckDue || transport.ackAt <= now
            guard
                carriesData || isAckDue || transport.wantsPing || transport.wantsAddress
            else { return false }
            guard !outbox.isFull else { return true }
            sendPacket(carriesData: carriesData, at: now, bench: &bench, into: &outbox)
        }
    }

    private mutating func maySendData(at now: Instant) -> Bool {
        transport.paceAt = .never
        guard transport.hasFragment else { return false }
        if transport.probeAllowance > 0 { return true }
        guard transport.congestion.allowsPacket else { return false }
        let paceTime = transport.congestion.paceTime(
            at: now, smoothed: transport.roundTrips.smoothed)
        if paceTime <= now { return true }
        transport.paceAt = paceTime
        return false
    }

    private mutating func sendPacket(
        carriesData: Bool, at now: Instant, bench: inout Workbench, into outbox: inout Outbox
    ) {
        guard let remoteIndex = current?.remoteIndex else { return }
        var packet = SentPacket()
        packet.sentAt = now
        bench.writer.begin(remoteIndex, counter: transport.sent.next)
        transport.writeAck(&bench.writer, at: now)
        if transport.wantsPing {
            transport.wantsPing = false
            bench.writer.put(FrameKind.ping)
            packet.isWaiting = true
        }
        if transport.wantsAddress {
            transport.wantsAddress = false
            writeAddress(into: &bench.writer)
            packet.isWaiting = true
            packet.carriesAddress = true
        }
        let record = bench.ownRecord.encoded
        if transport.wantsRecord, bench.writer.room >= record.count + 3 {
            transport.wantsRecord = false
            bench.writer.put(FrameKind.record)
            bench.writer.put(varint: UInt64(record.count))
            bench.writer.put(record)
            packet.isWaiting = true
            packet.carriesRecord = true
        }
        if carriesData { writeFragments(into: &bench.writer, packet: &packet) }
        seal(packet, to: address, bench: &bench, into: &outbox)
    }

    private func writeAddress(into writer: inout PacketWriter) {
        var field = ByteWriter(reserving: 19)
        field.write(address)
        writer.put(FrameKind.addressSeen)
        writer.put(field.bytes)
    }

    /// Fills the packet, most urgent messages first.
    private mutating func writeFragments(
        into writer: inout PacketWriter, packet: inout SentPacket
    ) {
        while packet.fragmentCount < SentPacket.fragmentLimit {
            // Kind, flags and five varints at their longest for the values that can occur.
            let room = writer.room - 28
            guard room > 0, packet.fragmentCount == 0 || room >= 64,
                let plan = nextPlan(room: room)
            else { break }
            let fragment = plan.fragment
            let isCompressed = plan.uncompressedByteCount > 0
            writer.put(FrameKind.fragment)
            writer.put(fragment.priority.rawValue | (isCompressed ? 4 : 0))
            writer.put(varint: fragment.id)
            writer.put(varint: UInt64(plan.totalByteCount))
            if isCompressed { writer.put(varint: UInt64(plan.uncompressedByteCount)) }
            writer.put(varint: UInt64(fragment.offset))
            writer.put(varint: UInt64(fragment.byteCount))
            transport.queues[Int(fragment.priority.rawValue)].take(fragment, into: &writer)
            packet.fragments[packet.fragmentCount] = fragment
            packet.fragmentCount += 1
            packet.isWaiting = true
        }
    }

    private mutating func nextPlan(room: Int) -> FragmentPlan? {
        for index in transport.queues.indices {
            if let plan = transport.queues[index].plan(room: room) { return plan }
        }
        return nil
    }

    /// Seals the frames in the writer and hands the packet out.
    private mutating func seal(
        _ packet: SentPacket, to target: PeerAddress, bench: inout Workbench,
        into outbox: inout Outbox
    ) {
        guard let key = current?.sendKey, bench.writer.count > Protocol.dataHeaderByteCount
        else { return }
        let total = bench.writer.count + Sealing.tagByteCount
        Sealing.seal(
            &bench.writer.bytes, headerByteCount: Protocol.dataHeaderByteCount,
            bodyByteCount: bench.writer.count - Protocol.dataHeaderByteCount, key: key,
            counter: transport.sent.next)
        outbox.append(bench.writer.bytes.span.extracting(0..<total), to: target)
        bench.counters.packetsSent += 1
        bench.counters.bytesSent += UInt64(total)
        current?.byteCount += UInt64(total)
        if packet.isWaiting {
            if transport.sent.waitingCount == 0, transport.probeCount == 0 {
                transport.progressAt = packet.sentAt
            }
            if packet.fragmentCount > 0 { lastActivity = packet.sentAt }
            transport.congestion.sent(total)
            if transport.probeAllowance > 0 { transport.probeAllowance -= 1 }
        }
        var packet = packet
        packet.byteCount = total
        transport.sent.append(packet)
    }

    /// A packet with one path frame, outside of loss recovery and of the window.
    mutating func sendPathFrame(
        _ kind: UInt8, _ token: UInt64, to target: PeerAddress, at now: Instant,
        bench: inout Workbench, into outbox: inout Outbox
    ) {
        guard let remoteIndex = current?.remoteIndex, !outbox.isFull else { return }
        bench.writer.begin(remoteIndex, counter: transport.sent.next)
        bench.writer.put(kind)
        bench.writer.put(integer: token, byteCount: 8)
        var packet = SentPacket()
        packet.sentAt = now
        seal(packet, to: target, bench: &bench, into: &outbox)
    }

    /// Says goodbye, once and unacknowledged.
    mutating func sendClose(
        _ reason: CloseReason, at now: Instant, bench: inout Workbench, into outbox: inout Outbox
    ) {
        guard phase == .established, let remoteIndex = current?.remoteIndex, !outbox.isFull
        else { return }
        bench.writer.begin(remoteIndex, counter: transport.sent.next)
        bench.writer.put(FrameKind.close)
        bench.writer.put(reason.rawValue)
        var packet = SentPacket()
        packet.sentAt = now
        seal(packet, to: address, bench: &bench, into: &outbox)
    }
}
