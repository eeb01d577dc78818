/// Divisors of the rotation frequencies under "llama3" scaling, one for each pair of a head: 1 for
/// short wavelengths, `factor` for long ones, and a smooth change between them (transformers,
/// `modeling_rope_utils`, `_compute_llama3_parameters`).
///
/// In Float32 and with the divisions as reciprocals, as llama.cpp's converter does it: an
/// import from safetensors then gives the bits that the GGUF file has.
func llama3RopeDivisors(
    base: Double, dimension: Int, factor: Double, lowFrequencyFactor: Double,
    highFrequencyFactor: Double, originalContextLength: Double
) -> [Float] {
    let longest = originalContextLength / lowFrequencyFactor
    let shortest = originalContextLength / highFrequencyFactor
    let (low, high) = (Float(lowFrequencyFactor), Float(highFrequencyFactor))
    return (0..<dimension / 2).map { pair in
        let exponent = Float(2 * pair) / Float(dimension)
        let frequency = 1 / Float(power(base, Double(exponent)))
        let wavelength = (1 / frequency) * Float(2 * Double.pi)
        if Double(wavelength) < shortest { return 1 }
        if Double(wavelength) > longest { return Float(factor) }
        let smooth = ((1 / wavelength) * Float(originalContextLength) - low) / (high - low)
        return 1 / ((1 - smooth) / Float(factor) + smooth)
    }
}

/// Divisors and the factor of attention under YaRN (Peng et al. 2023; transformers,
/// `_compute_yarn_parameters`): short wavelengths stay, long ones are stretched by `factor`.
func yarnRopeDivisors(
    base: Double, dimension: Int, factor: Double, originalContextLength: Double,
    fastRotations: Double, slowRotations: Double, truncates: Bool
) -> [Float] {
    /// The pair that turns so many times within the original context.
    func pair(turning count: Double) -> Double {
        Double(dimension) * naturalLogarithm(originalContextLength / (count * 2 * Double.pi))
            / (2 * naturalLogarithm(base))
    }
    var low = pair(turning: fastRotations)
    var high = pair(turning: slowRotations)
    if truncates {
        low = low.rounded(.down)
        high = high.rounded(.up)
    }
    low = max(low, 0)
    high = min(high, Double(dimension - 1))
    if low == high { high += 0.001 }
    return (0..<dimension / 2).map { pair in
        let ramp = min(max((Double(pair) - low) / (high - low), 0), 1)
        return Float(1 / (ramp / factor + (1 - ramp)))
    }
}

/// base to the power of exponent, for base > 0, to about 14 digits.
///
/// In a fixed order of IEEE operations, so that an import gives the same bytes on every machine.
func power(_ base: Double, _ exponent: Double) -> Double {
    let x = exponent * naturalLogarithm(base)
    let ln2 = 0.693147180559945309417232121458
    let scale = Double(Int(x / ln2 + (x < 0 ? -0.5 : 0.5)))
    let rest = x - scale * ln2
    // |rest| <= 0.35: twenty terms of the series leave less than 1e-18.
    var (term, sum) = (1.0, 1.0)
    for index in 1...20 {
        term *= rest / Double(index)
        sum += term
    }
    return Double(sign: .plus, exponent: Int(scale), significand: sum)
}

/// ln(x), for x > 0, to about 15 digits; a fixed order of operations, as above.
func naturalLogarithm(_ x: Double) -> Double {
    let ln2 = 0.693147180559945309417232121458
    // ln(m) = 2 artanh((m - 1) / (m + 1)); for m in 1..<2 the ratio is below 1/3.
    let ratio = (x.significand - 1) / (x.significand + 1)
    var (term, sum) = (ratio, 0.0)
    for index in 0..<20 {
        sum += term / Double(2 * index + 1)
        term *= ratio * ratio
    }
    return Double(x.exponent) * ln2 + 2 * sum
}
