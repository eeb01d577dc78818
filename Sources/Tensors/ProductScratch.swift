import CKernels

/// Where products with quantised weights put their rows, rounded to 8 bits. Allocated once, for the
/// most rows and inputs that will come; products with Float16 weights need none.
@safe public struct ProductScratch: ~Copyable {
    private let memory: OwnedMemory

    public init(rowCount: Int, inputCount: Int) {
        precondition(rowCount >= 0 && inputCount >= 0)
        memory = OwnedMemory(
            byteCount: Self.byteCount(rowCount: rowCount, inputCount: inputCount))
    }

    static func byteCount(rowCount: Int, inputCount: Int) -> Int {
        rowCount * bored_group_stride(inputCount) * MemoryLayout<bored_input_group>.stride
    }

    /// Room for `rowCount` rows of `inputCount` numbers; traps where there is less.
    mutating func groups(rowCount: Int, inputCount: Int)
        -> UnsafeMutablePointer<bored_input_group>
    {
        precondition(
            Self.byteCount(rowCount: rowCount, inputCount: inputCount) <= memory.byteCount,
            "the scratch was made for fewer rows or inputs")
        return unsafe memory.base.assumingMemoryBound(to: bored_input_group.self)
    }
}
