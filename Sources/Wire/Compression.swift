internal import CLZ4
public import Primitives

/// LZ4 blocks (lz4's block format) around messages, where they shrink.
public enum Compression {
    /// The compressed bytes, or nil where they would not be at least an eighth smaller.
    public static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= 128, bytes.count <= Limits.messageByteCount else { return nil }
        let capacity = bytes.count - bytes.count / 8
        var failed = false
        let output = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            // LZ4 writes at most `capacity` bytes and returns 0 when they do not suffice.
            let written = unsafe bytes.withUnsafeBytes { source in
                unsafe LZ4_compress_default(
                    source.baseAddress?.assumingMemoryBound(to: CChar.self),
                    UnsafeMutableRawPointer(buffer.baseAddress)?
                        .assumingMemoryBound(to: CChar.self),
                    Int32(source.count), Int32(capacity))
            }
            failed = written <= 0
            count = max(0, Int(written))
        }
        return failed ? nil : output
    }

    /// Exactly `byteCount` bytes, which must be within `Limits.messageByteCount`.
    public static func decompress(_ bytes: [UInt8], byteCount: Int) throws(WireError) -> [UInt8] {
        guard byteCount > 0, byteCount <= Limits.messageByteCount else { throw .overLimit }
        var written: Int32 = -1
        let output = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            // LZ4_decompress_safe never writes past the capacity it is given.
            written = unsafe bytes.withUnsafeBytes { source in
                unsafe LZ4_decompress_safe(
                    source.baseAddress?.assumingMemoryBound(to: CChar.self),
                    UnsafeMutableRawPointer(buffer.baseAddress)?
                        .assumingMemoryBound(to: CChar.self),
                    Int32(source.count), Int32(byteCount))
            }
            count = max(0, Int(written))
        }
        guard Int(written) == byteCount else { throw .invalid }
        return output
    }
}
