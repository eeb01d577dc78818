extension Sampler {
    /// e^x for x <= 0 in Float64, from IEEE additions and multiplications in one written order,
    /// never fused: the same bits on every machine (Protocol.md, "Exponential").
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

    /// Natural logarithm of a positive, finite, normal x in Float64, from IEEE operations in one
    /// written order, never fused (Protocol.md, "Logarithm").
    ///
    /// Error below 2 units in the last place.
    public static func logarithm(_ x: Double) -> Double {
        // x = m 2^e with m from 0.75 up to 1.5; ln m = 2 artanh s, s = (m - 1) / (m + 1).
        var exponent = Int(x.bitPattern >> 52) - 1_023
        var mantissa = Double(bitPattern: x.bitPattern & (1 << 52 - 1) | 1_023 << 52)
        if mantissa >= 1.5 {
            mantissa = mantissa * 0.5
            exponent += 1
        }
        let s = (mantissa - 1) / (mantissa + 1)
        let square = s * s
        var sum = sampleLogarithmCoefficients[0]
        for index in 1..<sampleLogarithmCoefficients.count {
            sum = sum * square
            sum = sum + sampleLogarithmCoefficients[index]
        }
        let n = Double(exponent)
        let small = n * 0x1.a39ef35793c76p-33 + (2 * s) * sum
        return n * 0x1.62e42feep-1 + small
    }
}

/// Adding and subtracting 1.5 x 2^52 rounds to the nearest integer, ties to even, without libm.
private let roundingShift = 0x1.8p52

/// 1/13!, 1/12!, ... 1/1!, 1/0!: rounded to nearest.
private let sampleExponentialCoefficients: [Double] = [
    1.0 / 6_227_020_800, 1.0 / 479_001_600, 1.0 / 39_916_800, 1.0 / 3_628_800, 1.0 / 362_880,
    1.0 / 40_320, 1.0 / 5_040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1,
]

/// 1/23, 1/21, ... 1/3, 1: rounded to nearest.
private let sampleLogarithmCoefficients: [Double] = [
    1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7,
    1.0 / 5, 1.0 / 3, 1,
]
