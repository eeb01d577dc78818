extension Sampler {
    /// e^x for x <= 0 in Float64, from IEEE additions and multiplications in one written order,
    /// never fused: the same bits on every machine (docs/protocol/sampling.md, "Exponential").
    ///
    /// Error below 2 units in the last place. Below -708 the result is 0, for NaN as well.
    public static func exponential(_ x: Double) -> Double {
        guard x >= -708 else { return 0 }
        // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts, the first with 21 trailing zeros,
        // so that n times it is exact for every n that occurs.
        let n = (x * 0x1.71547652b82fep+0 + roundingShift) - roundingShift
        let r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33
        var sum = sampleExponentialCoefficients[0]
        for index in 1..<sampleExponentialCoefficients.count {
            sum = sum * r
            sum = sum + sampleExponentialCoefficients[index]
        }
        return sum * Double(bitPattern: UInt64(bitPattern: Int64(n) + 1_023) << 52)
    }
}

/// Adding and subtracting 1.5 x 2^52 rounds to the nearest integer, ties to even, without libm.
private let roundingShift = 0x1.8p52

/// 1/13!, 1/12!, ... 1/1!, 1/0!: rounded to nearest.
private let sampleExponentialCoefficients: [Double] = [
    1.0 / 6_227_020_800, 1.0 / 479_001_600, 1.0 / 39_916_800, 1.0 / 3_628_800, 1.0 / 362_880,
    1.0 / 40_320, 1.0 / 5_040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1,
]
