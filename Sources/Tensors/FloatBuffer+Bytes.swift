extension FloatBuffer {
    /// Replaces the numbers from `offset` on by Float32s in little-endian bytes, as rows cross the
    /// wire. Traps unless `bytes` is a whole count of numbers that fits.
    public mutating func write(littleEndian bytes: ArraySlice<UInt8>, at offset: Int = 0) {
        let numberCount = bytes.count / 4
        precondition(bytes.count % 4 == 0 && offset >= 0 && numberCount <= count - offset)
        unsafe bytes.withUnsafeBytes { source in
            // In range: the counts were checked above.
            unsafe UnsafeMutableRawBufferPointer(start: base + offset, count: source.count)
                .copyMemory(from: source)
        }
        swapBytes(offset..<offset + numberCount)
    }

    /// As above, from the first number on.
    public mutating func write(littleEndian bytes: [UInt8]) { write(littleEndian: bytes[...]) }

    /// The first `numberCount` numbers as little-endian bytes.
    public func littleEndianBytes(numberCount: Int) -> [UInt8] {
        littleEndianBytes(of: 0..<numberCount)
    }

    /// A range of the numbers as little-endian bytes.
    public func littleEndianBytes(of numbers: Range<Int>) -> [UInt8] {
        precondition(numbers.lowerBound >= 0 && numbers.upperBound <= count)
        return unsafe [UInt8](unsafeUninitializedCapacity: numbers.count * 4) { target, written in
            // The capacity is four bytes for each number.
            let raw = UnsafeMutableRawBufferPointer(target)
            for (slot, index) in numbers.enumerated() {
                unsafe raw.storeBytes(
                    of: self[index].bitPattern.littleEndian, toByteOffset: slot * 4,
                    as: UInt32.self)
            }
            written = numbers.count * 4
        }
    }

    /// Nothing on machines that are little-endian themselves.
    private mutating func swapBytes(_ numbers: Range<Int>) {
        guard UInt16(1).littleEndian != 1 else { return }
        for index in numbers {
            self[index] = Float(bitPattern: UInt32(littleEndian: self[index].bitPattern))
        }
    }
}
