import Tensors

/// Blocks of weights with about the numbers given, for `RandomModel`.
enum RandomBlocks {
    static func bytes(of numbers: [Float], _ format: WeightFormat, _ kernels: Kernels) -> [UInt8] {
        guard format != .float16 else {
            return kernels.halfBits(numbers).flatMap {
                [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
            }
        }
        let count = format.blockInputCount
        return stride(from: 0, to: numbers.count, by: count).flatMap {
            block(numbers[$0..<$0 + count], format)
        }
    }

    private static func block(_ numbers: ArraySlice<Float>, _ format: WeightFormat) -> [UInt8] {
        let top = numbers.reduce(Float(1e-6)) { max($0, $1.magnitude) }
        switch format {
        case .q8:
            return half(top / 127)
                + numbers.map { UInt8(bitPattern: Int8(($0 / top * 127).rounded())) }
        case .q4:
            let quants = numbers.map { UInt8(($0 / top * 7).rounded() + 8) }
            return half(top / 7) + (0..<16).map { quants[$0] | quants[$0 + 16] << 4 }
        default: return noise(numbers, top, format)
        }
    }

    /// Any bits make a block of the K formats: only its scale has to fit.
    private static func noise(_ numbers: ArraySlice<Float>, _ top: Float, _ format: WeightFormat)
        -> [UInt8]
    {
        var bytes = (0..<format.blockByteCount).map { index in
            let number = numbers[numbers.startIndex + index % numbers.count]
            return UInt8(truncatingIfNeeded: Int(number / top * 0x1p20) >> (index / 256 * 4))
        }
        switch format {
        case .q6K: bytes.replaceSubrange(208..<210, with: half(top / 2_300))
        default:
            // The whole numbers reach 15 or 31, scales and minima 63.
            let most: Float = format == .q4K ? 15 : 31
            bytes.replaceSubrange(0..<2, with: half(top / (most * 31)))
            bytes.replaceSubrange(2..<4, with: half(top / 62))
        }
        return bytes
    }

    private static func half(_ number: Float) -> [UInt8] {
        let bits = Kernels.halfBits(number)
        return [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
    }
}
