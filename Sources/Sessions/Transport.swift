internal import Identity
internal import Primitives

/// Everything of a session that does not outlive it: numbers, acknowledgements, messages.
struct Transport {
    var replay = ReplayWindow()
    var arrived = AckRanges()
    /// Packets that ask for an acknowledgement since the last one was sent.
    var unacknowledgedCount = 0
    var ackAt = Instant.never
    var isAckDue = false
    var largestArrivedAt = Instant.origin

    var sent = SentPackets()
    var roundTrips = RoundTrips()
    var congestion = Congestion()
    var queues = Priority.allCases.map { OutgoingQueue($0) }
    var inboxes = [Inbox(), Inbox(), Inbox()]

    var wantsPing = false
    var wantsRecord = false
    var wantsAddress = false
    /// Packets that may leave although the window is full, and probe timeouts in a row.
    var probeAllowance = 0
    var probeCount = 0
    var lossAt = Instant.never
    var paceAt = Instant.never
    /// When something was last acknowledged, or first sent after everything was.
    var progressAt = Instant.origin

    var queuedByteCount: Int { queues[0].byteCount + queues[1].byteCount + queues[2].byteCount }
    var partialByteCount: Int {
        inboxes[0].byteCount + inboxes[1].byteCount + inboxes[2].byteCount
    }
    var partialCount: Int { inboxes[0].count + inboxes[1].count + inboxes[2].count }
    var hasFragment: Bool {
        queues[0].hasFragment || queues[1].hasFragment || queues[2].hasFragment
    }
    var isQuiet: Bool { sent.waitingCount == 0 && queuedByteCount == 0 }

    /// RFC 9002 section 6.2, doubled with each probe up to half a second, so that several probes
    /// fit into the loss timeout.
    var probeAt: Instant {
        guard sent.waitingCount > 0 else { return .never }
        let base = roundTrips.probeTimeout
        let doubled = base * (1 << min(probeCount, 10))
        return sent.lastSentAt + min(doubled, max(base, .milliseconds(500)))
    }

    func lostPeerAt(_ lossTimeout: Interval) -> Instant {
        guard sent.waitingCount > 0 else { return .never }
        return progressAt + max(lossTimeout, roundTrips.probeTimeout * 4)
    }

    // MARK: acknowledgements from the peer

    /// Reads an ack frame behind its kind byte. Throws where it acknowledges what was never sent.
    mutating func readAck(_ reader: inout FrameReader, at now: Instant) throws(WireError) {
        let largest = try reader.readVarint()
        let delay = Interval(nanoseconds: min(try reader.readVarint(), 1_000_000) * 1_000)
        let rangeCount = try reader.readCount(limit: Protocol.ackRangeCount)
        guard largest < sent.next, rangeCount > 0 else { throw .invalid }
        var upper = largest
        var didProgress = false
        for index in 0..<rangeCount {
            if index > 0 {
                // The gap is what lies between two ranges, less one, as in RFC 9000 section 19.3.
                let gap = try reader.readVarint()
                guard gap <= upper, upper - gap >= 2 else { throw .invalid }
                upper -= gap + 2
            }
            let length = try reader.readVarint()
            guard length <= upper else { throw .invalid }
            let lower = upper - length
            if acknowledge(lower...upper, largest: largest, delay: delay, at: now) {
                didProgress = true
            }
            upper = lower
        }
        sent.noteAcknowledged(largest)
        if didProgress {
            progressAt = now
            probeCount = 0
            probeAllowance = 0
        }
        detectLosses(at: now)
        sent.trim()
    }

    /// Whether anything of the range was waiting.
    private mutating func acknowledge(
        _ range: ClosedRange<UInt64>, largest: UInt64, delay: Interval, at now: Instant
    ) -> Bool {
        guard range.upperBound >= sent.base else { return false }
        var didProgress = false
        for number in max(sent.base, range.lowerBound)...range.upperBound {
            guard let packet = sent.settle(number, wasAcknowledged: true) else { continue }
            didProgress = true
            congestion.acknowledged(packet.byteCount, sentAt: packet.sentAt)
            for index in 0..<packet.fragmentCount {
                let fragment = packet.fragments[index]
                queues[Int(fragment.priority.rawValue)].acknowledge(fragment)
            }
            if number == largest {
                roundTrips.add(now.since(packet.sentAt), ackDelay: delay)
            }
        }
        return didProgress
    }

    /// RFC 9002 section 6.1: packets that later acknowledged ones overtook are lost.
    mutating func detectLosses(at now: Instant) {
        lossAt = .never
        guard let largest = sent.largestAcknowledged, largest > sent.base else { return }
        let delay = roundTrips.lossDelay
        var (longestRun, lastLostSentAt) = (Interval.zero, Instant.origin)
        var runStart: Instant?
        var lostCount = 0
        for number in sent.base..<min(largest, sent.next) {
            let state = sent.state(of: number)
            guard state.isWaiting else {
                if state.wasAcknowledged { runStart = nil }
                continue
            }
            guard number + Protocol.packetThreshold <= largest || state.sentAt + delay <= now
            else {
                lossAt = min(lossAt, state.sentAt + delay)
                continue
            }
            guard let packet = sent.settle(number, wasAcknowledged: false) else { continue }
            congestion.lost(packet.byteCount)
            sendAgain(packet)
            lostCount += 1
            lastLostSentAt = packet.sentAt
            longestRun = max(longestRun, packet.sentAt.since(runStart ?? packet.sentAt))
            runStart = runStart ?? packet.sentAt
        }
        lossCount += UInt64(lostCount)
        guard lostCount > 0 else { return }
        congestion.reduce(lastLostSentAt: lastLostSentAt, at: now)
        if longestRun > roundTrips.probeTimeout * 3 { congestion.collapse() }
    }

    /// Packets lost since the session began.
    private(set) var lossCount: UInt64 = 0

    /// Puts what a packet carried back to where it waits.
    private mutating func sendAgain(_ packet: SentPacket) {
        for index in 0..<packet.fragmentCount {
            let fragment = packet.fragments[index]
            queues[Int(fragment.priority.rawValue)].lose(fragment)
        }
        if packet.carriesRecord { wantsRecord = true }
        if packet.carriesAddress { wantsAddress = true }
        if packet.fragmentCount == 0 { wantsPing = true }
    }

    /// Section 6.2.4: the oldest two packets go again, whatever the window says.
    mutating func probe() {
        probeCount += 1
        probeAllowance = 2
        for _ in 0..<2 {
            guard let packet = sent.takeOldest() else { break }
            congestion.forget(packet.byteCount)
            sendAgain(packet)
        }
        sent.trim()
        if !hasFragment { wantsPing = true }
    }

    // MARK: acknowledgements to the peer

    /// Notes a packet that was taken in whole.
    mutating func noteArrival(
        _ number: UInt64, asksForAck: Bool, carriesActivation: Bool, at now: Instant
    ) {
        let isInOrder = arrived.add(number)
        if let first = arrived.ranges.first, first.upperBound == number { largestArrivedAt = now }
        guard asksForAck else { return }
        unacknowledgedCount += 1
        // Every second packet while the peer's window opens, every eighth afterwards.
        if !isInOrder || unacknowledgedCount >= (number < 64 ? 2 : 8) { isAckDue = true }
        let delay = carriesActivation ? Protocol.activationAckDelay : Protocol.ackDelay
        ackAt = min(ackAt, now + delay)
    }

    /// Writes an ack frame where something waits for one.
    mutating func writeAck(_ writer: inout PacketWriter, at now: Instant) {
        guard unacknowledgedCount > 0, let first = arrived.ranges.first else { return }
        writer.put(FrameKind.ack)
        writer.put(varint: first.upperBound)
        writer.put(varint: now.since(largestArrivedAt).microseconds)
        writer.put(varint: UInt64(arrived.ranges.count))
        writer.put(varint: first.upperBound - first.lowerBound)
        var lower = first.lowerBound
        for range in arrived.ranges.dropFirst() {
            writer.put(varint: lower - range.upperBound - 2)
            writer.put(varint: range.upperBound - range.lowerBound)
            lower = range.lowerBound
        }
        unacknowledgedCount = 0
        ackAt = .never
        isAckDue = false
    }
}
