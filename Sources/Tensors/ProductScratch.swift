import CKernels

/// Where products with quantised weights put their rows, rounded to 8 bits. Allocated once, for the
/// most rows and inputs that will come; products with Float16 weights need none.
@safe public struct ProductScratch: ~Copyable {
    private let memory: OwnedMemory
    /// Whether products of this scratch take each row in two terms.
    let isTwoTerm: Bool
    /// Only in two terms, (rows, inputCount): what the first terms leave.
    private let rest: FloatBuffer
    /// Only in two terms, (2 rows, outputCount): first what comes of the first terms.
    private let sums: FloatBuffer

    /// - Parameter outputCount: the most outputs that will come, for products in two terms; nil for
    ///   products in one.
    public init(rowCount: Int, inputCount: Int, twoTermOutputCount outputCount: Int? = nil) {
        precondition(rowCount >= 0 && inputCount >= 0 && (outputCount ?? 0) >= 0)
        isTwoTerm = outputCount != nil
        rest = FloatBuffer(count: isTwoTerm ? rowCount * inputCount : 0)
        sums = FloatBuffer(count: 2 * rowCount * (outputCount ?? 0))
        memory = OwnedMemory(
            byteCount: Self.byteCount(
                rowCount: isTwoTerm ? 2 * rowCount : rowCount, inputCount: inputCount))
    }

    static func byteCount(rowCount: Int, inputCount: Int) -> Int {
        rowCount * bored_group_stride(inputCount) * MemoryLayout<bored_input_group>.stride
    }

    /// Room for `rowCount` rows of `inputCount` numbers, each in its terms; traps where there is
    /// less.
    mutating func groups(rowCount: Int, inputCount: Int)
        -> UnsafeMutablePointer<bored_input_group>
    {
        precondition(
            Self.byteCount(rowCount: isTwoTerm ? 2 * rowCount : rowCount, inputCount: inputCount)
                <= memory.byteCount && (!isTwoTerm || rowCount * inputCount <= rest.count),
            "the scratch was made for fewer rows or inputs")
        return unsafe memory.base.assumingMemoryBound(to: bored_input_group.self)
    }

    /// Room for as many rests as `groups` was last asked for.
    mutating func rests() -> UnsafeMutablePointer<Float> { unsafe rest.base }

    /// Room for what comes of both terms; traps where there is less.
    mutating func sums(rowCount: Int, outputCount: Int) -> UnsafeMutablePointer<Float> {
        precondition(2 * rowCount * outputCount <= sums.count, "made for fewer rows or outputs")
        return unsafe sums.base
    }
}
