import Primitives

/// Reads one GGUF file from its first byte on. No count is believed before it is compared with the
/// bytes that remain.
struct GGUFReader {
    let file: NamedRegion
    let fileIndex: Int
    var offset = 0
    var metadataCount = 0
    var tensorCount = 0
    var valueCount = 0

    /// Reads the header.
    init(file: NamedRegion, fileIndex: Int) throws(CheckpointError) {
        self.file = file
        self.fileIndex = fileIndex
        guard file.region.byteCount >= 4, file.region.bytes(in: 0..<4) == GGUF.magic else {
            throw wrong(at: 0, "the four bytes 'GGUF'", "others")
        }
        offset = 4
        let version = try integer(UInt32.self)
        guard version == 2 || version == 3 else {
            let found = [2, 3].contains(version.byteSwapped) ? "a big-endian file" : "\(version)"
            throw .unsupported(
                file: file.name, what: "GGUF version", found: found, supported: ["2", "3"])
        }
        // A tensor takes 32 bytes at least, a key with its value 13.
        tensorCount = try count(
            of: "tensors", atLeast: 32, limit: Limits.checkpointTensorCount)
        metadataCount = try count(
            of: "metadata keys", atLeast: 13, limit: Limits.checkpointMetadataValueCount)
    }

    func wrong(at place: Int, _ expected: String, _ found: String) -> CheckpointError {
        .malformed(file: file.name, offset: place, expected: expected, found: found)
    }

    private var remaining: Int { file.region.byteCount - offset }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type)
        throws(CheckpointError) -> Value
    {
        let byteCount = MemoryLayout<Value>.size
        guard remaining >= byteCount else {
            throw wrong(at: offset, "\(byteCount) more bytes", "\(remaining) before the end")
        }
        defer { offset += byteCount }
        return file.region.integer(type, at: offset)
    }

    /// A 64-bit count of things that take at least `byteCount` bytes each.
    mutating func count(
        of things: String, atLeast byteCount: Int, limit: Int
    ) throws(CheckpointError) -> Int {
        let place = offset
        let value = try integer(UInt64.self)
        let most = min(remaining / byteCount, limit)
        guard value <= UInt64(most) else {
            throw wrong(at: place, "at most \(most) \(things)", "\(value)")
        }
        return Int(value)
    }

    mutating func string(of thing: String, limit: Int = .max)
        throws(CheckpointError) -> String
    {
        let place = offset
        let byteCount = try count(of: "bytes of \(thing)", atLeast: 1, limit: limit)
        defer { offset += byteCount }
        let bytes = file.region.bytes(in: offset..<offset + byteCount)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw wrong(at: place, "\(thing) in UTF-8", "other bytes")
        }
        return text
    }
}

/// Bytes of a tensor, or nil where they are too many to count or rows do not divide into blocks.
func byteCount(ofShape shape: [Int], type: ElementType) -> Int? {
    let (elementCount, blockByteCount) = type.block
    guard let columns = shape.last, columns % elementCount == 0 else { return nil }
    var byteCount = blockByteCount
    for size in shape.dropLast() + [columns / elementCount] {
        let (product, overflow) = byteCount.multipliedReportingOverflow(by: size)
        if overflow { return nil }
        byteCount = product
    }
    return byteCount
}

/// Throws where two tensors of one file share a byte.
func checkOverlap(_ tensors: [TensorEntry], file: String) throws(CheckpointError) {
    let sorted = tensors.sorted { $0.byteRange.lowerBound < $1.byteRange.lowerBound }
    for (first, second) in zip(sorted, sorted.dropFirst())
    where first.byteRange.upperBound > second.byteRange.lowerBound {
        throw .tensor(
            file: file, name: second.name,
            expected: "bytes of its own", found: "some that belong to '\(first.name)'")
    }
}
