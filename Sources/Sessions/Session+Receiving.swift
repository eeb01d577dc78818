internal import Identity
internal import Primitives
internal import Wire

/// What the frames of a packet ask for beyond the session itself.
enum FrameOutcome {
    case fine
    /// The peer said goodbye.
    case closed(CloseReason)
    /// The peer sent what the protocol forbids.
    case violation
}

/// What became of a sealed packet.
enum Opening {
    case refused
    case opened
    /// The first packet under new keys: they are in use from now on.
    case confirmation
}

extension Session {
    /// Opens a data packet into the reader.
    mutating func open(
        _ bytes: Span<UInt8>, index: UInt32, counter: UInt64, at now: Instant,
        bench: inout Workbench
    ) -> Opening {
        let isConfirmation = next?.keys.localIndex == index
        // A session that begins anew begins its counters anew: nothing was seen of them.
        let beginsAnew = isConfirmation && next?.continues == false
        let window = beginsAnew ? ReplayWindow() : transport.replay
        guard window.isFresh(counter) else {
            bench.counters.droppedReplayed += 1
            return .refused
        }
        let keys: SessionKeys?
        if isConfirmation {
            keys = next?.keys
        } else if current?.localIndex == index {
            keys = current
        } else if previous?.localIndex == index {
            keys = previous
        } else {
            keys = nil
        }
        // A handshake's index is no key's index.
        guard let keys else {
            bench.counters.droppedUnknownIndex += 1
            return .refused
        }
        guard !keys.isExpired(at: now, settings: bench.settings) else {
            bench.counters.droppedExpiredKey += 1
            return .refused
        }
        guard
            let count = Sealing.open(
                bytes, headerByteCount: Protocol.dataHeaderByteCount, key: keys.receiveKey,
                counter: counter, into: &bench.reader.bytes)
        else {
            bench.counters.droppedUnauthentic += 1
            return .refused
        }
        bench.reader.begin(count: count)
        return isConfirmation ? .confirmation : .opened
    }

    /// Takes in the packet that was opened; the flag says whether none above it came before.
    mutating func take(
        index: UInt32, counter: UInt64, byteCount: Int, from source: PeerAddress,
        at now: Instant, bench: inout Workbench
    ) -> (FrameOutcome, isNewest: Bool) {
        if current?.localIndex == index { current?.byteCount += UInt64(byteCount) }
        let isNewest = transport.replay.isHighest(counter)
        transport.replay.mark(counter)
        let outcome = receiveFrames(counter: counter, from: source, at: now, bench: &bench)
        return (outcome, isNewest)
    }

    /// What of a packet matters once its frames are read.
    private struct Arrival {
        var asksForAck = false
        var carriesActivation = false
        /// A fragment found no room: the packet counts as lost.
        var wasRefused = false
    }

    /// Takes in the opened packet in `bench.reader`.
    mutating func receiveFrames(
        counter: UInt64, from source: PeerAddress, at now: Instant, bench: inout Workbench
    ) -> FrameOutcome {
        var arrival = Arrival()
        do throws(WireError) {
            while !bench.reader.isAtEnd {
                let kind = try bench.reader.readUInt8()
                if kind == FrameKind.padding { continue }
                if kind == FrameKind.close {
                    let reason = CloseReason(rawValue: try bench.reader.readUInt8())
                    return .closed(reason ?? .left)
                }
                try receiveFrame(kind, from: source, at: now, arrival: &arrival, bench: &bench)
            }
        } catch {
            bench.counters.droppedMalformed += 1
            return .violation
        }
        if arrival.wasRefused {
            bench.counters.droppedOverLimit += 1
            return .fine
        }
        transport.noteArrival(
            counter, asksForAck: arrival.asksForAck,
            carriesActivation: arrival.carriesActivation, at: now)
        return .fine
    }

    private mutating func receiveFrame(
        _ kind: UInt8, from source: PeerAddress, at now: Instant, arrival: inout Arrival,
        bench: inout Workbench
    ) throws(WireError) {
        switch kind {
        case FrameKind.ack:
            let lossCount = transport.lossCount
            try transport.readAck(&bench.reader, at: now)
            bench.counters.packetsLost += transport.lossCount - lossCount
            return
        case FrameKind.pathChallenge:
            pathReply = (try bench.reader.readUInt64(), source)
            return
        case FrameKind.pathResponse:
            receivePathResponse(try bench.reader.readUInt64(), from: source, bench: &bench)
            return
        case FrameKind.ping: break
        case FrameKind.fragment:
            try receiveFragment(at: now, arrival: &arrival, bench: &bench)
        case FrameKind.record: try receiveRecord(bench: &bench)
        case FrameKind.addressSeen:
            var field = ByteReader(try bench.reader.readBytes(19))
            bench.events.append(.observed(try field.readAddress(), by: id))
        default: throw .invalid
        }
        arrival.asksForAck = true
    }

    private mutating func receiveFragment(
        at now: Instant, arrival: inout Arrival, bench: inout Workbench
    ) throws(WireError) {
        let flags = try bench.reader.readUInt8()
        guard let priority = Priority(rawValue: flags & 3), flags <= 7 else { throw .invalid }
        let id = try bench.reader.readVarint()
        let total = try bench.reader.readCount(limit: Limits.messageByteCount)
        let isCompressed = flags & 4 != 0
        let uncompressed =
            isCompressed ? try bench.reader.readCount(limit: Limits.messageByteCount) : 0
        let offset = try bench.reader.readCount(limit: total)
        let byteCount = try bench.reader.readCount(limit: total - offset)
        guard byteCount > 0, !isCompressed || uncompressed > total else { throw .invalid }
        let fragment = IncomingFragment(
            id: id, priority: priority, totalByteCount: total, uncompressedByteCount: uncompressed,
            offset: offset, byteCount: byteCount, start: try bench.reader.skip(byteCount))
        lastActivity = now
        if priority == .activation { arrival.carriesActivation = true }
        switch accept(fragment, bench: &bench) {
        case .kept: break
        case .known: bench.counters.spuriousFragments += 1
        case .refused: arrival.wasRefused = true
        case .forbidden: throw .invalid
        case .whole(let bytes):
            let message =
                isCompressed ? try Compression.decompress(bytes, byteCount: uncompressed) : bytes
            bench.counters.messagesReceived += 1
            bench.events.append(.message(from: self.id, bytes: message))
        }
    }

    private mutating func accept(
        _ fragment: IncomingFragment, bench: inout Workbench
    ) -> FragmentVerdict {
        let index = Int(fragment.priority.rawValue)
        let before = transport.inboxes[index].byteCount
        let ownRoom =
            transport.partialCount >= Limits.reassemblyCount
            ? 0 : Limits.reassemblyByteCount - transport.partialByteCount
        let room = Limits.reassemblyByteCountOfAll - bench.reassemblyByteCount
        let verdict = transport.inboxes[index].accept(
            fragment, from: bench.reader.bytes, room: min(ownRoom, room))
        let total = fragment.totalByteCount
        if case .refused = verdict, total > room, total <= ownRoom {
            bench.lackingByteCount = total
        }
        bench.reassemblyByteCount += transport.inboxes[index].byteCount - before
        return verdict
    }

    private mutating func receiveRecord(bench: inout Workbench) throws(WireError) {
        let byteCount = try bench.reader.readCount(limit: Limits.recordByteCount)
        let pushed = try NodeRecord(decoding: try bench.reader.readBytes(byteCount))
        guard pushed.id == id else { throw .invalid }
        guard pushed.sequence > record?.sequence ?? 0 else { return }
        guard
            pushed.isAuthentic(
                suite: bench.suite, puzzleBitCount: bench.settings.puzzleBitCount)
        else { throw .invalid }
        record = pushed
        bench.events.append(.recordChanged(pushed))
    }

    // MARK: paths

    /// An authentic packet came from elsewhere: asks whether the peer is there (RFC 9000
    /// section 8.2) before anything else goes there.
    mutating func notePath(
        from source: PeerAddress, isNewest: Bool, at now: Instant, bench: inout Workbench,
        into outbox: inout Outbox
    ) {
        if path?.address == source { path?.tryLimit = 3 }
        guard source != address, isNewest, path == nil, now >= pathBlockedUntil else { return }
        path = PathCheck(address: source, token: bench.entropy.nextUInt64(), dueAt: now)
        tryPath(at: now, bench: &bench, into: &outbox)
    }

    /// Sends the next challenge, or gives the address up.
    mutating func tryPath(
        at now: Instant, bench: inout Workbench, into outbox: inout Outbox
    ) {
        guard let check = path, check.dueAt <= now else { return }
        guard check.tryCount < check.tryLimit else {
            path = nil
            pathBlockedUntil = now + .seconds(5)
            return
        }
        sendPathFrame(
            FrameKind.pathChallenge, check.token, to: check.address, at: now, bench: &bench,
            into: &outbox)
        path?.tryCount += 1
        path?.dueAt = now + max(transport.roundTrips.probeTimeout * 2, .milliseconds(250))
    }

    private mutating func receivePathResponse(
        _ token: UInt64, from source: PeerAddress, bench: inout Workbench
    ) {
        guard let check = path, check.token == token, check.address == source else {
            bench.counters.droppedUnasked += 1
            return
        }
        path = nil
        address = source
        // A new path has an unknown capacity and round trip (RFC 9000 section 9.4); what is in
        // flight stays on the books.
        transport.congestion.restart()
        transport.roundTrips = RoundTrips()
        transport.wantsAddress = true
        bench.counters.pathsChanged += 1
    }
}
