/// Why bytes could not be read. The network's mistake: callers count it and drop the input.
public enum WireError: Error, Hashable, Sendable {
    /// The input ended before the field did.
    case truncated
    /// A field has a value that the format forbids.
    case invalid
    /// A count or a length is over its limit.
    case overLimit
    /// Bytes follow where the format ends.
    case trailing
}

/// Reads fields in wire order. Integers are little-endian; every read is bounds-checked.
public struct ByteReader: Sendable {
    private let bytes: [UInt8]
    public private(set) var index: Int
    private let end: Int

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        index = 0
        end = bytes.count
    }

    public init(_ bytes: ArraySlice<UInt8>) { self.init(Array(bytes)) }

    public var remaining: Int { end - index }
    public var isAtEnd: Bool { index == end }

    /// Throws `.trailing` unless everything was read.
    public func finish() throws(WireError) { guard isAtEnd else { throw .trailing } }

    public mutating func readUInt8() throws(WireError) -> UInt8 {
        guard index < end else { throw .truncated }
        defer { index += 1 }
        return bytes[index]
    }

    public mutating func readUInt16() throws(WireError) -> UInt16 { try readInteger() }
    public mutating func readUInt32() throws(WireError) -> UInt32 { try readInteger() }
    public mutating func readUInt64() throws(WireError) -> UInt64 { try readInteger() }

    private mutating func readInteger<Value: FixedWidthInteger & UnsignedInteger>()
        throws(WireError) -> Value
    {
        let byteCount = Value.bitWidth / 8
        guard remaining >= byteCount else { throw .truncated }
        var value: Value = 0
        for offset in 0..<byteCount { value |= Value(bytes[index + offset]) << Value(8 * offset) }
        index += byteCount
        return value
    }

    /// An unsigned LEB128 number of at most ten bytes, in its shortest form.
    public mutating func readVarint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, through: 63, by: 7) {
            let byte = try readUInt8()
            if shift == 63, byte > 1 { throw .invalid }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte & 0x80 == 0 {
                if byte == 0, shift > 0 { throw .invalid }
                return value
            }
        }
        throw .invalid
    }

    /// A varint that counts something, at most `limit`.
    public mutating func readCount(limit: Int) throws(WireError) -> Int {
        let value = try readVarint()
        guard value <= UInt64(limit) else { throw .overLimit }
        return Int(value)
    }

    public mutating func readBytes(_ count: Int) throws(WireError) -> [UInt8] {
        guard count >= 0, remaining >= count else { throw .truncated }
        defer { index += count }
        return Array(bytes[index..<index + count])
    }

    /// A varint length, then that many bytes, at most `limit`.
    public mutating func readBlob(limit: Int) throws(WireError) -> [UInt8] {
        try readBytes(try readCount(limit: limit))
    }

    /// A blob that must be UTF-8.
    public mutating func readString(limit: Int) throws(WireError) -> String {
        guard let text = String(validating: try readBlob(limit: limit), as: UTF8.self) else {
            throw .invalid
        }
        return text
    }

    public mutating func readRemaining() -> [UInt8] {
        defer { index = end }
        return Array(bytes[index..<end])
    }

    /// The bytes from `start` to here: what a signature covers.
    public func bytesRead(from start: Int) -> [UInt8] { Array(bytes[start..<index]) }

    public mutating func read32<Value: Bytes32Value>(_ type: Value.Type) throws(WireError) -> Value
    {
        guard remaining >= 32 else { throw .truncated }
        defer { index += 32 }
        return Value(Bytes32(bytes[index..<index + 32]))
    }

    /// Nineteen bytes: family (4 or 6), sixteen bytes of address, port.
    public mutating func readAddress() throws(WireError) -> PeerAddress {
        let family = try readUInt8()
        let high = UInt64(bigEndian: try readUInt64())
        let low = UInt64(bigEndian: try readUInt64())
        let address = PeerAddress(high: high, low: low, port: try readUInt16())
        guard family == (address.isIPv4 ? 4 : 6) else { throw .invalid }
        return address
    }
}
