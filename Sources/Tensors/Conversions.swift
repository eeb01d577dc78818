import CKernels

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
}
