extension FloatBuffer {
    /// Replaces the first numbers by Float32s in little-endian bytes, as rows cross the wire.
    /// Traps unless `bytes` is a whole count of numbers that fits.
    public mutating func write(littleEndian bytes: [UInt8]) {
        precondition(bytes.count % 4 == 0 && bytes.count <= count * 4)
        unsafe bytes.withUnsafeBytes { source in
            for index in 0..<bytes.count / 4 {
                // In range: the count was checked above.
                let word = unsafe source.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
                self[index] = Float(bitPattern: UInt32(littleEndian: word))
            }
        }
    }

    /// The first `numberCount` numbers as little-endian bytes.
    public func littleEndianBytes(numberCount: Int) -> [UInt8] {
        precondition(numberCount >= 0 && numberCount <= count)
        return unsafe [UInt8](unsafeUninitializedCapacity: numberCount * 4) { target, written in
            let raw = UnsafeMutableRawBufferPointer(target)
            for index in 0..<numberCount {
                // The capacity is four bytes for each number.
                unsafe raw.storeBytes(
                    of: self[index].bitPattern.littleEndian, toByteOffset: index * 4,
                    as: UInt32.self)
            }
            written = numberCount * 4
        }
    }
}
