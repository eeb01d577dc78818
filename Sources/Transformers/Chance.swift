/// Chance as a function of (seed, position): a counter-based generator.
///
/// A position that is computed again, by whoever and however often, draws the same number. The
/// mixing function is SplitMix64's (Steele, Lea, Flood 2014; docs/protocol/sampling.md).
public enum Chance {
    private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Sixty-four bits for one position of one seed.
    public static func word(seed: UInt64, position: Int) -> UInt64 {
        // The seed is mixed first: neighbouring seeds must not give shifted copies of one sequence.
        let key = mix(seed &+ increment)
        return mix(key &+ (UInt64(position) &+ 1) &* increment)
    }

    /// A number in [0, 1): the upper 53 bits of the word, times 2^-53.
    public static func uniform(seed: UInt64, position: Int) -> Double {
        Double(word(seed: seed, position: position) >> 11) * 0x1p-53
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
