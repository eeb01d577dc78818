/// Blocks of 256 numbers that are -1, 0 or 1 times one scale.
extension QuantizedBlock {
    /// The factors of the scale, -1 ... 2: the highest only where two bits say so.
    private var factors: [Int] {
        switch type {
        case .tq2_0: (0..<256).map { twoBits($0, from: 0) - 1 }
        case .tq1_0: (0..<256).map(digit)
        default: preconditionFailure("\(type.rawValue) is not ternary")
        }
    }

    /// TQ1_0: five digits of base 3 in a byte, for 160 and for 80 numbers, then four for 16. A byte
    /// is a fraction of 256, of which a digit is shifted out by a multiplication.
    private func digit(_ index: Int) -> Int {
        let (start, width, place): (Int, Int, Int) =
            switch index {
            case ..<160: (0, 32, index)
            case ..<240: (32, 16, index - 160)
            default: (48, 4, index - 240)
            }
        let powers: [UInt8] = [1, 3, 9, 27, 81]
        let shifted = bytes[start + place % width] &* powers[place / width]
        return Int((UInt16(shifted) * 3) >> 8) - 1
    }

    private var scaleOffset: Int { type == .tq2_0 ? 64 : 52 }

    func appendTernary(to values: inout [Float]) {
        let scale = half(scaleOffset)
        for factor in factors { values.append(Float(factor) * scale) }
    }

    /// The same numbers in eight blocks of Q4_0, whose steps are -8 ... 7.
    var ternaryInNibbles: [UInt8] {
        let factors = factors
        return (0..<8).flatMap { block in
            bytes[scaleOffset..<scaleOffset + 2]
                + (0..<16).map { index in
                    let (low, high) = (
                        factors[32 * block + index], factors[32 * block + index + 16]
                    )
                    return UInt8(low + 8) | UInt8(high + 8) << 4
                }
        }
    }
}
