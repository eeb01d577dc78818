/// One block of a quantised row: what GGML's types mean (ggml's `ggml-common.h` and
/// `ggml-quants.c`), in Float32 operations of one order.
struct QuantizedBlock {
    let type: ElementType
    let bytes: [UInt8]

    /// Adds the block's numbers, exactly as the file means them.
    func append(to values: inout [Float]) {
        switch type {
        case .q4_0: appendNibbles(from: 2, to: &values) { Float($0 - 8) * half(0) }
        case .q4_1: appendNibbles(from: 4, to: &values) { Float($0) * half(0) + half(2) }
        case .q5_0, .q5_1: appendFiveBits(to: &values)
        case .q8_0: for index in 0..<32 { values.append(Float(signed(2 + index)) * half(0)) }
        case .q8_K:
            let scale = Float(bitPattern: UInt32(word(0)) | UInt32(word(2)) << 16)
            for index in 0..<256 { values.append(Float(signed(4 + index)) * scale) }
        case .iq4_nl:
            appendNibbles(from: 2, to: &values) { Float(Self.curve[$0]) * half(0) }
        case .iq4_xs: appendCurved(to: &values)
        case .q2_K: appendTwoBits(to: &values)
        case .q3_K:
            let (quants, scales) = threeBits
            for (index, quant) in quants.enumerated() {
                values.append(Float(quant) * (half(108) * Float(scales[index / 16])))
            }
        case .q4_K, .q5_K: appendWithMinima(to: &values)
        case .q6_K:
            for index in 0..<256 {
                let scale = half(208) * Float(signed(192 + index / 16))
                values.append(Float(sixBits(index) - 32) * scale)
            }
        case .mxfp4:
            let scale = halfOfPower
            appendNibbles(from: 1, to: &values) { Float(Self.fourBitFloats[$0]) * scale }
        case .iq1_s, .iq1_m, .iq2_xxs, .iq2_xs, .iq2_s, .iq3_xxs, .iq3_s: appendPoints(to: &values)
        case .tq1_0, .tq2_0: appendTernary(to: &values)
        default: preconditionFailure("\(type.rawValue) is not decodable")
        }
    }

    /// The same numbers in the block of another type that holds them exactly
    /// (`ElementType.storage`).
    var recoded: [UInt8] {
        switch type {
        case .q5_0:
            return bytes[0..<2] + (0..<32).map { UInt8(bitPattern: Int8(fiveBits($0) - 16)) }
        case .iq4_nl:
            let quants = (0..<32).map { index in
                let byte = Int(bytes[2 + index % 16])
                return UInt8(bitPattern: Int8(Self.curve[index < 16 ? byte & 15 : byte >> 4]))
            }
            return bytes[0..<2] + quants
        case .q3_K: return recodedToSixBits
        case .tq1_0, .tq2_0: return ternaryInNibbles
        default: return bytes
        }
    }

    /// IQ4's steps, finer around zero.
    private static let curve = [
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
    ]

    /// Twice the numbers of MXFP4's four bits (OCP Microscaling Formats 1.0, section 5.3.3).
    private static let fourBitFloats = [
        0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12,
    ]

    /// MXFP4's scale, a power of two whose exponent has a bias of 127, halved.
    private var halfOfPower: Float {
        let exponent = UInt32(bytes[0])
        return Float(
            bitPattern: exponent < 2 ? 0x0020_0000 << exponent : (exponent - 1) << 23)
    }

    // MARK: bits

    func word(_ offset: Int) -> UInt16 {
        UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
    }
    func half(_ offset: Int) -> Float { float(halfBits: word(offset)) }
    private func signed(_ offset: Int) -> Int { Int(Int8(bitPattern: bytes[offset])) }

    /// 16 bytes: numbers 0 ... 15 in their lower halves, 16 ... 31 in the upper ones.
    private func appendNibbles(
        from offset: Int, to values: inout [Float], _ number: (Int) -> Float
    ) {
        for index in 0..<32 {
            let byte = Int(bytes[offset + index % 16])
            values.append(number(index < 16 ? byte & 15 : byte >> 4))
        }
    }

    /// Of Q5_0 and Q5_1: four bits as above, the fifth in a word of 32 bits before them.
    private func fiveBits(_ index: Int) -> Int {
        let fifths = type == .q5_0 ? 2 : 4
        let byte = Int(bytes[fifths + 4 + index % 16])
        let fifth = Int(bytes[fifths + index / 8] >> UInt8(index % 8)) & 1
        return (index < 16 ? byte & 15 : byte >> 4) | fifth << 4
    }

    private func appendFiveBits(to values: inout [Float]) {
        for index in 0..<32 {
            let quant = fiveBits(index)
            values.append(
                type == .q5_0
                    ? Float(quant - 16) * half(0) : Float(quant) * half(0) + half(2))
        }
    }

    /// IQ4_XS: eight groups with scales of six bits.
    private func appendCurved(to values: inout [Float]) {
        for index in 0..<256 {
            let group = index / 32
            let low = Int(bytes[4 + group / 2] >> UInt8(4 * (group % 2))) & 15
            let high = Int(word(2) >> UInt16(2 * group)) & 3
            let byte = Int(bytes[8 + 16 * group + index % 16])
            let step = Self.curve[index % 32 < 16 ? byte & 15 : byte >> 4]
            values.append(half(0) * Float((low | high << 4) - 32) * Float(step))
        }
    }

    /// Two bits of 256 numbers in 64 bytes: a half of the block in each 32.
    func twoBits(_ index: Int, from offset: Int) -> Int {
        let byte = bytes[offset + index / 128 * 32 + index % 32]
        return Int(byte >> UInt8(index % 128 / 32 * 2)) & 3
    }

    private func appendTwoBits(to values: inout [Float]) {
        for index in 0..<256 {
            let scales = bytes[index / 16]
            let scale = half(80) * Float(scales & 15)
            values.append(scale * Float(twoBits(index, from: 16)) - half(82) * Float(scales >> 4))
        }
    }

    /// Q3_K: numbers of -4 ... 3 and sixteen scales of -32 ... 31.
    private var threeBits: (quants: [Int], scales: [Int]) {
        let quants = (0..<256).map { index in
            let isHigh = bytes[index % 32] >> UInt8(index / 32) & 1 == 1
            return twoBits(index, from: 32) - (isHigh ? 0 : 4)
        }
        let scales = (0..<16).map { group in
            let low = Int(bytes[96 + group % 8] >> UInt8(4 * (group / 8))) & 15
            let high = Int(bytes[104 + group % 4] >> UInt8(2 * (group / 4))) & 3
            return (low | high << 4) - 32
        }
        return (quants, scales)
    }

    /// Q4_K and Q5_K: eight groups with a scale and a minimum of six bits each.
    private func appendWithMinima(to values: inout [Float]) {
        for index in 0..<256 {
            let group = index / 32
            let (scale, minimum): (Int, Int)
            if group < 4 {
                (scale, minimum) = (Int(bytes[4 + group]) & 63, Int(bytes[8 + group]) & 63)
            } else {
                let both = Int(bytes[8 + group])
                scale = both & 15 | Int(bytes[group] >> 6) << 4
                minimum = both >> 4 | Int(bytes[4 + group] >> 6) << 4
            }
            let quants = type == .q4_K ? 16 : 48
            let byte = Int(bytes[quants + group / 2 * 32 + index % 32])
            var quant = group % 2 == 0 ? byte & 15 : byte >> 4
            if type == .q5_K { quant |= Int(bytes[16 + index % 32] >> UInt8(group) & 1) << 4 }
            values.append(
                Float(quant) * (half(0) * Float(scale)) - half(2) * Float(minimum))
        }
    }

    /// Q6_K: four bits in 128 bytes, two more in 64.
    private func sixBits(_ index: Int) -> Int {
        let (halfIndex, rest) = index.quotientAndRemainder(dividingBy: 128)
        let byte = Int(bytes[64 * halfIndex + rest % 64])
        let upper = Int(bytes[128 + 32 * halfIndex + rest % 32] >> UInt8(rest / 32 * 2)) & 3
        return (rest < 64 ? byte & 15 : byte >> 4) | upper << 4
    }

    /// Q3_K's numbers as a block of Q6_K: the scales are the same, and the steps fit.
    private var recodedToSixBits: [UInt8] {
        let (quants, scales) = threeBits
        var block = [UInt8](repeating: 0, count: ElementType.q6_K.block.byteCount)
        for (index, quant) in quants.enumerated() {
            let (halfIndex, rest) = index.quotientAndRemainder(dividingBy: 128)
            let six = UInt8(quant + 32)
            block[64 * halfIndex + rest % 64] |= rest < 64 ? six & 15 : (six & 15) << 4
            block[128 + 32 * halfIndex + rest % 32] |= (six >> 4) << UInt8(rest / 32 * 2)
        }
        for (group, scale) in scales.enumerated() {
            block[192 + group] = UInt8(bitPattern: Int8(scale))
        }
        block[208...209] = bytes[108...109]
        return block
    }
}

extension ElementType {
    /// The type in which a matrix of this type is kept: itself where products with it are known,
    /// else one that holds its numbers exactly, else F16, which rounds them.
    public var storage: ElementType {
        switch self {
        case .q8_0, .q4_0, .q4_K, .q5_K, .q6_K: self
        case .q5_0, .iq4_nl: .q8_0
        case .q3_K: .q6_K
        case .tq1_0, .tq2_0: .q4_0
        default: .f16
        }
    }
}

extension Checkpoint {
    /// The bytes of whole rows in the tensor's `storage` type.
    ///
    /// Throws where the tensor is absent or not decodable, and where a number does not fit Float16;
    /// traps where `rows` is outside of the tensor.
    public func storedBytes(_ name: String, rows: Range<Int>) throws(CheckpointError) -> [UInt8] {
        guard let type = tensor(name)?.type, type.storage != .f16 else {
            return try halfBytes(name, rows: rows)
        }
        let bytes = try bytes(name, rows: rows)
        guard type.storage != type else { return bytes }
        let byteCount = type.block.byteCount
        return stride(from: 0, to: bytes.count, by: byteCount).flatMap { start in
            QuantizedBlock(type: type, bytes: Array(bytes[start..<start + byteCount])).recoded
        }
    }

    /// Rows as little-endian halves: those of F16 are only looked at.
    private func halfBytes(_ name: String, rows: Range<Int>) throws(CheckpointError) -> [UInt8] {
        if tensor(name)?.type == .f16, tensor(name)?.addend == 0 {
            let bytes = try bytes(name, rows: rows)
            if areFiniteHalves(bytes) { return bytes }
        }
        let halves = try halves(name, rows: rows)
        var bytes = [UInt8](repeating: 0, count: 2 * halves.count)
        for (index, half) in halves.enumerated() {
            bytes[2 * index] = UInt8(truncatingIfNeeded: half)
            bytes[2 * index + 1] = UInt8(truncatingIfNeeded: half >> 8)
        }
        return bytes
    }

    /// Whether no little-endian half has an exponent of ones, which infinities and NaN have.
    private func areFiniteHalves(_ bytes: [UInt8]) -> Bool {
        let wordCount = bytes.count / 8
        let sign: UInt64 = 0x8000_8000_8000_8000
        var signs: UInt64 = 0
        unsafe bytes.withUnsafeBytes { bytes in
            for index in 0..<wordCount {
                // Whole words: `index` is below their count. An exponent of ones and one more
                // carries into the place of the sign, and no further.
                let word = UInt64(
                    littleEndian: unsafe bytes.loadUnaligned(
                        fromByteOffset: 8 * index, as: UInt64.self))
                signs |= (word & 0x7C00_7C00_7C00_7C00) &+ 0x0400_0400_0400_0400
            }
        }
        let rest = stride(from: 8 * wordCount + 1, to: bytes.count, by: 2)
        return signs & sign == 0 && !rest.contains { bytes[$0] & 0x7C == 0x7C }
    }
}
