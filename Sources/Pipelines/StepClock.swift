internal import Primitives

/// How long a chain takes for a step, and with it how long to wait before asking what became of
/// one (RFC 6298: smoothed time and variation, in integers).
struct StepClock: Sendable {
    private var smoothed = Interval.zero
    private var variation = Interval.zero
    private var isMeasured = false

    /// Counts a step that went through the chain undisturbed (section 2; Karn's rule leaves out
    /// those that were sent again).
    mutating func add(_ sample: Interval) {
        guard isMeasured else {
            isMeasured = true
            (smoothed, variation) = (sample, sample / 2)
            return
        }
        let difference = smoothed > sample ? smoothed - sample : sample - smoothed
        variation = (variation * 3 + difference) / 4
        smoothed = (smoothed * 7 + sample) / 8
    }

    private var expected: Interval {
        isMeasured ? smoothed + variation * 4 : Limits.stepTimeoutInitial
    }

    /// After so long without anything the stages are asked.
    var stepTimeout: Interval {
        min(max(expected, Limits.stepTimeoutLowest), Limits.stepTimeoutHighest)
    }

    /// An asked stage must answer within this. No stage is farther away than the whole chain is
    /// long, and a lost question is asked again by its session.
    var answerTimeout: Interval {
        min(max(expected * 2, Limits.answerTimeoutLowest), Limits.answerTimeoutHighest)
    }
}
