/// Writes fields in wire order: the mirror of `ByteReader`.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8]

    public init(reserving byteCount: Int = 64) {
        bytes = []
        bytes.reserveCapacity(byteCount)
    }

    public var count: Int { bytes.count }

    public mutating func write(_ value: UInt8) { bytes.append(value) }
    public mutating func write(_ value: UInt16) { writeInteger(value) }
    public mutating func write(_ value: UInt32) { writeInteger(value) }
    public mutating func write(_ value: UInt64) { writeInteger(value) }

    private mutating func writeInteger(_ value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    public mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    public mutating func writeVarint(_ value: Int) { writeVarint(UInt64(value)) }
    public mutating func write(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    public mutating func writeBlob(_ blob: [UInt8]) {
        writeVarint(blob.count)
        bytes.append(contentsOf: blob)
    }

    public mutating func writeString(_ text: String) { writeBlob(Array(text.utf8)) }
    public mutating func write(_ value: some Bytes32Value) { bytes.append(contentsOf: value.bytes) }

    public mutating func write(_ address: PeerAddress) {
        bytes.append(address.isIPv4 ? 4 : 6)
        writeInteger(address.high.bigEndian)
        writeInteger(address.low.bigEndian)
        writeInteger(address.port)
    }
}
