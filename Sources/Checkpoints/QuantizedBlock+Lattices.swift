/// Blocks of 256 numbers that stand on the points of a lattice, eight or four together: 32 parts of
/// eight numbers.
extension QuantizedBlock {
    func appendPoints(to values: inout [Float]) {
        switch type {
        case .iq2_xxs: appendTwoBitsLeast(to: &values)
        case .iq2_xs: appendTwoBitsLess(to: &values)
        case .iq2_s: appendTwoBitPoints(to: &values)
        case .iq3_xxs: appendThreeBitsLeast(to: &values)
        case .iq3_s: appendThreeBitPoints(to: &values)
        case .iq1_s: appendOneBit(to: &values)
        case .iq1_m: appendOneBitWithMoreScales(to: &values)
        default: preconditionFailure("\(type.rawValue) has no lattice")
        }
    }

    /// Signs of eight numbers in seven bits: an even number of them is negative.
    private func evenSigns(_ bits: UInt32) -> UInt8 {
        let seven = UInt8(truncatingIfNeeded: bits & 127)
        return seven | UInt8(seven.nonzeroBitCount & 1) << 7
    }

    /// The `index`-th four bits from `offset` on, lower halves of bytes first.
    private func nibble(_ index: Int, from offset: Int) -> Int {
        Int(bytes[offset + index / 2] >> UInt8(4 * (index % 2))) & 15
    }

    private func longWord(_ offset: Int) -> UInt32 {
        UInt32(word(offset)) | UInt32(word(offset + 2)) << 16
    }

    /// For each 32 numbers four places of a byte, then their signs and a scale in a word.
    private func appendTwoBitsLeast(to values: inout [Float]) {
        let (lattice, scale) = (Lattice.twoBitsLeast, half(0))
        for part in 0..<32 {
            let start = 2 + part / 4 * 8
            let both = longWord(start + 4)
            lattice.append(
                Int(bytes[start + part % 4]), scale: scale * (0.5 + Float(both >> 28)) * 0.25,
                signs: evenSigns(both >> UInt32(7 * (part % 4))), to: &values)
        }
    }

    /// For each eight numbers a place of nine bits and their signs; a scale for each 16.
    private func appendTwoBitsLess(to values: inout [Float]) {
        let (lattice, scale) = (Lattice.twoBitsLess, half(0))
        for part in 0..<32 {
            let both = word(2 + 2 * part)
            let step = Float(nibble(part / 2, from: 66))
            lattice.append(
                Int(both & 511), scale: scale * (0.5 + step) * 0.25,
                signs: evenSigns(UInt32(both >> 9)), to: &values)
        }
    }

    /// Places of ten bits, the upper two apart; all eight signs; a scale for each 16.
    private func appendTwoBitPoints(to values: inout [Float]) {
        let (lattice, scale) = (Lattice.twoBits, half(0))
        for part in 0..<32 {
            let upper = Int(bytes[66 + part / 4] >> UInt8(2 * (part % 4))) & 3
            let step = Float(nibble(part / 2, from: 74))
            lattice.append(
                Int(bytes[2 + part]) | upper << 8, scale: scale * (0.5 + step) * 0.25,
                signs: bytes[34 + part], to: &values)
        }
    }

    /// Two places of a byte for each eight numbers; signs and a scale for each 32 in a word.
    private func appendThreeBitsLeast(to values: inout [Float]) {
        let (lattice, scale) = (Lattice.threeBitsLeast, half(0))
        for part in 0..<32 {
            let both = longWord(66 + part / 4 * 4)
            let step = scale * (0.5 + Float(both >> 28)) * 0.5
            let signs = evenSigns(both >> UInt32(7 * (part % 4)))
            for four in 0..<2 {
                lattice.append(
                    Int(bytes[2 + 2 * part + four]), scale: step,
                    signs: signs >> UInt8(4 * four), to: &values)
            }
        }
    }

    /// Places of nine bits, the upper one apart; all eight signs; a scale for each 32.
    private func appendThreeBitPoints(to values: inout [Float]) {
        let (lattice, scale) = (Lattice.threeBits, half(0))
        for part in 0..<32 {
            let step = scale * Float(1 + 2 * nibble(part / 4, from: 106))
            for four in 0..<2 {
                let place = 2 * part + four
                let upper = Int(bytes[66 + place / 8] >> UInt8(place % 8)) & 1
                lattice.append(
                    Int(bytes[2 + place]) | upper << 8, scale: step,
                    signs: bytes[74 + part] >> UInt8(4 * four), to: &values)
            }
        }
    }

    /// Places of eleven bits; for each 32 numbers a word with the upper three of all four, a scale,
    /// and the sign of an eighth that is added to each number.
    private func appendOneBit(to values: inout [Float]) {
        let (lattice, scale) = (Lattice.oneBit, half(0))
        for part in 0..<32 {
            let both = Int(word(34 + part / 4 * 2))
            let upper = both >> (3 * (part % 4)) & 7
            appendMoved(
                lattice, Int(bytes[2 + part]) | upper << 8,
                scale: scale * Float(2 * (both >> 12 & 7) + 1), isDown: both & 0x8000 != 0,
                to: &values)
        }
    }

    /// The same with four bits for each eight numbers, the upper three and the sign, and a scale
    /// for each 16. The block's own scale is spread over the words that hold these.
    private func appendOneBitWithMoreScales(to values: inout [Float]) {
        let lattice = Lattice.oneBit
        let words = (0..<4).map { word(48 + 2 * $0) }
        let bits = words.enumerated().reduce(UInt16(0)) {
            $0 | ($1.element >> 12) << UInt16(4 * $1.offset)
        }
        let scale = float(halfBits: bits)
        for part in 0..<32 {
            let both = nibble(part, from: 32)
            let step = Int(words[part / 8] >> UInt16(3 * (part / 2 % 4))) & 7
            appendMoved(
                lattice, Int(bytes[part]) | (both & 7) << 8, scale: scale * Float(2 * step + 1),
                isDown: both & 8 != 0, to: &values)
        }
    }

    private func appendMoved(
        _ lattice: Lattice, _ point: Int, scale: Float, isDown: Bool, to values: inout [Float]
    ) {
        for index in 0..<lattice.dimension {
            let number = lattice.numbers[point * lattice.dimension + index]
            values.append(scale * (number + (isDown ? -0.125 : 0.125)))
        }
    }
}
