internal import Primitives

/// NewReno (RFC 9002 section 7) with pacing (section 7.7), in integers.
struct Congestion {
    static let packetByteCount = Limits.datagramByteCount
    private static let burstByteCount = 10 * packetByteCount
    private static let burstTime = Interval.milliseconds(2)

    private(set) var window = 10 * packetByteCount
    private(set) var inFlight = 0
    private var threshold = Int.max
    private var recoveryStart: Instant?
    private var credit = 0
    private var ackedByteCount = 0
    private var budget = burstByteCount
    private var budgetTime = Instant.origin

    var allowsPacket: Bool { inFlight == 0 || inFlight + Self.packetByteCount <= window }

    mutating func sent(_ byteCount: Int) {
        inFlight += byteCount
        budget -= byteCount
    }

    /// A packet left the books without being acknowledged or lost: it is sent again by a probe.
    mutating func forget(_ byteCount: Int) { inFlight -= byteCount }

    mutating func acknowledged(_ byteCount: Int, sentAt: Instant) {
        // A window that was not used does not grow (section 7.8).
        let wasUsed = 2 * inFlight >= window || inFlight + 4 * Self.packetByteCount >= window
        inFlight -= byteCount
        if let recoveryStart, sentAt <= recoveryStart { return }
        guard wasUsed else { return }
        if window < threshold {
            window += byteCount
        } else {
            ackedByteCount += byteCount
            if ackedByteCount >= window {
                ackedByteCount -= window
                window += Self.packetByteCount
            }
        }
        window = min(window, Limits.congestionWindowByteCount)
    }

    mutating func lost(_ byteCount: Int) { inFlight -= byteCount }

    /// Once per loss event: packets sent before the last reduction do not count again.
    mutating func reduce(lastLostSentAt: Instant, at now: Instant) {
        if let recoveryStart, lastLostSentAt <= recoveryStart { return }
        recoveryStart = now
        window = max(window / 2, 2 * Self.packetByteCount)
        threshold = window
        ackedByteCount = 0
    }

    /// Section 7.6.
    mutating func collapse() {
        window = 2 * Self.packetByteCount
        recoveryStart = nil
    }

    /// Another path: begins anew with what is in flight.
    mutating func restart() {
        let kept = inFlight
        self = Congestion()
        inFlight = kept
    }

    /// When the pacer lets the next packet go; not later than `now` where it may go at once.
    mutating func paceTime(at now: Instant, smoothed: Interval) -> Instant {
        let elapsed = min(now.since(budgetTime).nanoseconds, 1_000_000_000)
        let roundTrip = max(smoothed.nanoseconds, 1_000)
        let burst = burstLimit(roundTrip)
        let earned = elapsed * UInt64(window) / roundTrip * 5 / 4
        if earned > 0 {
            budget = min(burst, budget + Int(min(earned, 1 << 30)))
            budgetTime = now
        }
        if budget >= Self.packetByteCount { return now }
        let missing = UInt64(Self.packetByteCount - budget)
        return now + Interval(nanoseconds: missing * roundTrip * 4 / 5 / UInt64(window) + 1_000)
    }

    private func burstLimit(_ roundTrip: UInt64) -> Int {
        let perBurst = UInt64(window) * Self.burstTime.nanoseconds / roundTrip * 5 / 4
        return max(Self.burstByteCount, Int(min(perBurst, UInt64(window))))
    }
}
