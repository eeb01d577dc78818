internal import Primitives

/// Copies `count` bytes between arrays; traps where either is too short.
func copyBytes(
    _ source: [UInt8], from start: Int, count: Int, into target: inout [UInt8], at offset: Int
) {
    precondition(count >= 0 && start >= 0 && offset >= 0)
    precondition(count <= source.count - start && count <= target.count - offset)
    guard count > 0 else { return }
    // The preconditions bound both sides, and two arrays never overlap.
    unsafe source.withUnsafeBytes { source in
        unsafe target.withUnsafeMutableBytes { target in
            guard let from = source.baseAddress, let to = target.baseAddress else { return }
            unsafe (to + offset).copyMemory(from: from + start, byteCount: count)
        }
    }
}

/// The packet being built: one buffer for a core's whole life.
struct PacketWriter {
    var bytes = [UInt8](repeating: 0, count: Limits.datagramByteCount)
    private(set) var count = 0

    /// What frames may still take: the tag comes behind them.
    var room: Int { Limits.datagramByteCount - 16 - count }

    mutating func begin(_ keyIndex: UInt32, counter: UInt64) {
        count = 0
        put(PacketKind.data.rawValue)
        put(Protocol.version)
        put(0)
        put(0)
        put(integer: UInt64(keyIndex), byteCount: 4)
        put(integer: counter, byteCount: 8)
    }

    @inline(always)
    mutating func put(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    mutating func put(integer value: UInt64, byteCount: Int) {
        for offset in 0..<byteCount {
            put(UInt8(truncatingIfNeeded: value >> UInt64(8 * offset)))
        }
    }

    mutating func put(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            put(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        put(UInt8(rest))
    }

    mutating func put(_ more: [UInt8]) { put(more, from: 0, count: more.count) }

    mutating func put(_ source: [UInt8], from start: Int, count added: Int) {
        copyBytes(source, from: start, count: added, into: &bytes, at: count)
        count += added
    }

    static func varintByteCount(_ value: UInt64) -> Int {
        value == 0 ? 1 : (70 - value.leadingZeroBitCount) / 7
    }
}

/// The frames of an opened packet: one buffer for a core's whole life.
struct FrameReader {
    var bytes = [UInt8](repeating: 0, count: Limits.datagramByteCount)
    private(set) var index = 0
    private(set) var end = 0

    mutating func begin(count: Int) {
        index = 0
        end = count
    }

    /// The same frames from the beginning.
    mutating func rewind() { index = 0 }

    var isAtEnd: Bool { index == end }
    var remaining: Int { end - index }

    mutating func readUInt8() throws(WireError) -> UInt8 {
        guard index < end else { throw .truncated }
        defer { index += 1 }
        return bytes[index]
    }

    mutating func readUInt64() throws(WireError) -> UInt64 {
        guard remaining >= 8 else { throw .truncated }
        var value: UInt64 = 0
        for offset in 0..<8 { value |= UInt64(bytes[index + offset]) << UInt64(8 * offset) }
        index += 8
        return value
    }

    /// Unsigned LEB128 in its shortest form, as `ByteReader` reads it.
    mutating func readVarint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift <= 63 {
            let byte = try readUInt8()
            if shift == 63, byte > 1 { throw .invalid }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 {
                if byte == 0, shift > 0 { throw .invalid }
                return value
            }
            shift += 7
        }
        throw .invalid
    }

    mutating func readCount(limit: Int) throws(WireError) -> Int {
        let value = try readVarint()
        guard value <= UInt64(limit) else { throw .overLimit }
        return Int(value)
    }

    /// Where the next `count` bytes lie; they are stepped over.
    mutating func skip(_ count: Int) throws(WireError) -> Int {
        guard count <= remaining else { throw .truncated }
        defer { index += count }
        return index
    }

    mutating func readBytes(_ count: Int) throws(WireError) -> [UInt8] {
        let start = try skip(count)
        return Array(bytes[start..<start + count])
    }
}
