/// A generator whose whole sequence follows from its seed: SplitMix64 (Steele, Lea, Flood 2014).
///
/// Cores draw every random decision from one of these, so a run is repeated by its seed. Not for
/// keys: keys come in from the shell.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in `0..<bound`; `bound` must be positive.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0)
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// True with the given chance in a million.
    public mutating func chance(perMillion: Int) -> Bool { below(1_000_000) < perMillion }

    /// An interval drawn evenly from `lowest ... highest`.
    public mutating func interval(_ lowest: Interval, _ highest: Interval) -> Interval {
        guard highest > lowest else { return lowest }
        let span = highest.nanoseconds - lowest.nanoseconds
        return Interval(
            nanoseconds: lowest.nanoseconds + next().multipliedFullWidth(by: span &+ 1).high)
    }

    /// `interval` changed by up to a tenth either way, so that timers of many nodes drift apart.
    public mutating func jittered(_ interval: Interval) -> Interval {
        let tenth = interval / 10
        return self.interval(interval - tenth, interval + tenth)
    }

    /// A generator for a part of the whole, independent of how often the others draw.
    public mutating func split() -> SeededRandom { SeededRandom(seed: next()) }
}
