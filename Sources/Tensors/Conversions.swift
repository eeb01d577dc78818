import CKernels

/// How numbers lie in a checkpoint's raw little-endian bytes.
public enum RawNumber: Sendable {
    case float32, float16, bfloat16

    public var byteCount: Int { self == .float32 ? 4 : 2 }
}

extension Kernels {
    /// Rounds to nearest, ties to even; every NaN becomes 0x7E00.
    public static func halfBits(_ number: Float) -> UInt16 {
        var number = number
        var half: UInt16 = 0
        unsafe bored_half_from_float(CInt(BORED_SCALAR), &number, 1, &half)
        return half
    }

    /// Exact; every NaN becomes 0x7FC00000.
    public static func float(halfBits: UInt16) -> Float {
        var half = halfBits
        var number: Float = 0
        unsafe bored_float_from_half(CInt(BORED_SCALAR), &half, 1, &number)
        return number
    }

    /// Float32 to half bits, in bulk.
    public func halfBits(_ numbers: [Float]) -> [UInt16] {
        unsafe Array(unsafeUninitializedCapacity: numbers.count) { target, count in
            count = numbers.count
            // Both hold `count` numbers; an empty array has nothing to convert.
            guard count > 0 else { return }
            unsafe bored_half_from_float(code, numbers, count, target.baseAddress)
        }
    }

    /// Half bits to Float32, in bulk.
    public func floats(halfBits: [UInt16]) -> [Float] {
        unsafe Array(unsafeUninitializedCapacity: halfBits.count) { target, count in
            count = halfBits.count
            // As above.
            guard count > 0 else { return }
            unsafe bored_float_from_half(code, halfBits, count, target.baseAddress)
        }
    }

    /// Raw little-endian numbers to Float32. Traps unless the bytes are whole numbers.
    public func floats(raw bytes: [UInt8], as type: RawNumber) -> [Float] {
        switch type {
        case .float32: return words32(bytes).map { Float(bitPattern: $0) }
        case .float16: return floats(halfBits: words16(bytes))
        case .bfloat16:
            let words = words16(bytes)
            return unsafe Array(unsafeUninitializedCapacity: words.count) { target, count in
                count = words.count
                // As above.
                guard count > 0 else { return }
                unsafe bored_float_from_bfloat16(words, count, target.baseAddress)
            }
        }
    }

    /// Raw little-endian numbers to half bits, rounded where wider; Float16 stays as it is.
    public func halfBits(raw bytes: [UInt8], as type: RawNumber) -> [UInt16] {
        type == .float16 ? words16(bytes) : halfBits(floats(raw: bytes, as: type))
    }

    private func words16(_ bytes: [UInt8]) -> [UInt16] {
        precondition(bytes.count % 2 == 0)
        return (0..<bytes.count / 2).map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 }
    }

    private func words32(_ bytes: [UInt8]) -> [UInt32] {
        precondition(bytes.count % 4 == 0)
        return (0..<bytes.count / 4).map { index in
            let low = UInt32(bytes[4 * index]) | UInt32(bytes[4 * index + 1]) << 8
            let high = UInt32(bytes[4 * index + 2]) | UInt32(bytes[4 * index + 3]) << 8
            return low | high << 16
        }
    }
}
