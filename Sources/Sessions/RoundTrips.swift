internal import Primitives

/// RFC 9002 section 5, in integers.
struct RoundTrips {
    private(set) var latest = Interval.zero
    private(set) var minimum = Interval.zero
    private(set) var smoothed = Protocol.initialRoundTrip
    private(set) var variation = Protocol.initialRoundTrip / 2
    private(set) var isMeasured = false

    mutating func add(_ sample: Interval, ackDelay: Interval) {
        let sample = max(sample, .microseconds(1))
        latest = sample
        guard isMeasured else {
            isMeasured = true
            (minimum, smoothed, variation) = (sample, sample, sample / 2)
            return
        }
        minimum = min(minimum, sample)
        let delay = min(ackDelay, Protocol.ackDelay)
        let adjusted = sample >= minimum + delay ? sample - delay : sample
        let difference = smoothed > adjusted ? smoothed - adjusted : adjusted - smoothed
        variation = (variation * 3 + difference) / 4
        smoothed = (smoothed * 7 + adjusted) / 8
    }

    /// Section 6.1.2: how long after it was sent a packet overtaken by another is lost.
    var lossDelay: Interval { max(max(smoothed, latest) * 9 / 8, Protocol.granularity) }

    /// Section 6.2.1.
    var probeTimeout: Interval {
        smoothed + max(variation * 4, Protocol.granularity) + Protocol.ackDelay
    }
}
