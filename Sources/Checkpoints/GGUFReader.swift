import Primitives

/// Reads one GGUF file from its first byte on. No count is believed before it is compared with the
/// bytes that remain.
struct GGUFReader {
    let file: NamedRegion
    let fileIndex: Int
    var offset = 0
    private var metadataCount = 0
    private var tensorCount = 0
    private var valueCount = 0

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
    private mutating func count(
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

    private mutating func string(of thing: String, limit: Int = .max)
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

    // MARK: metadata

    mutating func readMetadata() throws(CheckpointError) -> Metadata {
        var metadata = Metadata(file: file.name)
        for _ in 0..<metadataCount {
            let place = offset
            let key = try string(of: "a metadata key", limit: Limits.checkpointNameByteCount)
            let type = try integer(UInt32.self)
            let value = try value(ofType: type, depth: 0)
            guard metadata.add(value, for: key) else {
                throw wrong(at: place, "each metadata key once", "'\(key)' a second time")
            }
        }
        return metadata
    }

    private mutating func value(ofType type: UInt32, depth: Int)
        throws(CheckpointError) -> MetadataValue
    {
        switch type {
        case 0: .integer(Int64(try integer(UInt8.self)))
        case 1: .integer(Int64(try integer(Int8.self)))
        case 2: .integer(Int64(try integer(UInt16.self)))
        case 3: .integer(Int64(try integer(Int16.self)))
        case 4: .integer(Int64(try integer(UInt32.self)))
        case 5: .integer(Int64(try integer(Int32.self)))
        case 6: .double(Double(Float(bitPattern: try integer(UInt32.self))))
        case 7: .bool(try bool())
        case 8: .string(try string(of: "a metadata string"))
        case 9: try array(depth: depth)
        case 10: .integer(try wide())
        case 11: .integer(try integer(Int64.self))
        case 12: .double(Double(bitPattern: try integer(UInt64.self)))
        default: throw wrong(at: offset - 4, "a metadata type from 0 to 12", "\(type)")
        }
    }

    private mutating func bool() throws(CheckpointError) -> Bool {
        let byte = try integer(UInt8.self)
        guard byte <= 1 else { throw wrong(at: offset - 1, "a boolean of 0 or 1", "\(byte)") }
        return byte == 1
    }

    private mutating func wide() throws(CheckpointError) -> Int64 {
        let value = try integer(UInt64.self)
        guard let signed = Int64(exactly: value) else {
            throw wrong(at: offset - 8, "an integer below 2^63", "\(value)")
        }
        return signed
    }

    private mutating func array(depth: Int) throws(CheckpointError) -> MetadataValue {
        let type = try integer(UInt32.self)
        let sizes: [UInt32: Int] = [
            0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 9: 12, 10: 8, 11: 8, 12: 8,
        ]
        guard let byteCount = sizes[type] else {
            throw wrong(at: offset - 4, "a metadata type from 0 to 12", "\(type)")
        }
        guard depth < Limits.nestingDepth else {
            throw wrong(at: offset, "at most \(Limits.nestingDepth) levels of arrays", "more")
        }
        let place = offset
        let count = try count(
            of: "array elements", atLeast: byteCount, limit: Limits.checkpointMetadataValueCount)
        valueCount += count
        guard valueCount <= Limits.checkpointMetadataValueCount else {
            throw wrong(
                at: place, "at most \(Limits.checkpointMetadataValueCount) metadata values",
                "\(valueCount)")
        }
        return try elements(count, ofType: type, depth: depth)
    }

    private mutating func elements(_ count: Int, ofType type: UInt32, depth: Int)
        throws(CheckpointError) -> MetadataValue
    {
        switch type {
        case 6, 12:
            var values: [Double] = []
            for _ in 0..<count {
                if case .double(let value) = try value(ofType: type, depth: depth) {
                    values.append(value)
                }
            }
            return .doubles(values)
        case 7:
            var values: [Bool] = []
            for _ in 0..<count { values.append(try bool()) }
            return .bools(values)
        case 8:
            var values: [String] = []
            for _ in 0..<count { values.append(try string(of: "an array element")) }
            return .strings(values)
        case 9:
            var values: [MetadataValue] = []
            for _ in 0..<count { values.append(try array(depth: depth + 1)) }
            return .arrays(values)
        default:
            var values: [Int64] = []
            for _ in 0..<count {
                if case .integer(let value) = try value(ofType: type, depth: depth) {
                    values.append(value)
                }
            }
            return .integers(values)
        }
    }

    // MARK: tensors

    /// Reads the list of tensors, which follows the metadata, and checks that each lies inside of
    /// the file, where its alignment wants it, and over no other.
    mutating func readTensors(_ metadata: Metadata) throws(CheckpointError) -> [TensorEntry] {
        let alignment = try metadata.integer("general.alignment") ?? 32
        guard alignment >= 8, alignment % 8 == 0, alignment <= 1 << 20 else {
            throw .metadata(
                file: file.name, key: "general.alignment",
                expected: "a multiple of 8 up to 1048576", found: "\(alignment)")
        }
        var tensors: [TensorEntry] = []
        for _ in 0..<tensorCount { tensors.append(try tensor(alignment: alignment)) }
        let dataOffset = (offset + alignment - 1) / alignment * alignment
        for index in tensors.indices {
            let range = tensors[index].byteRange
            let (end, overflow) = range.upperBound.addingReportingOverflow(dataOffset)
            guard !overflow, end <= file.region.byteCount else {
                throw .tensor(
                    file: file.name, name: tensors[index].name,
                    expected: "its \(range.count) bytes within the file's \(file.region.byteCount)",
                    found: "their start at \(range.lowerBound) after byte \(dataOffset)")
            }
            tensors[index].byteRange = range.lowerBound + dataOffset..<end
        }
        try checkOverlap(tensors, file: file.name)
        return tensors
    }

    private mutating func tensor(alignment: Int) throws(CheckpointError) -> TensorEntry {
        let name = try string(of: "a tensor's name", limit: Limits.checkpointNameByteCount)
        let place = offset
        let dimensionCount = try integer(UInt32.self)
        guard (1...4).contains(dimensionCount) else {
            throw wrong(at: place, "1 to 4 dimensions of '\(name)'", "\(dimensionCount)")
        }
        var shape: [Int] = []
        for _ in 0..<dimensionCount {
            let size = try integer(UInt64.self)
            guard size > 0, let size = Int(exactly: size) else {
                throw wrong(at: offset - 8, "dimensions of '\(name)' from 1 to 2^63 - 1", "\(size)")
            }
            shape.insert(size, at: 0)
        }
        let number = try integer(UInt32.self)
        guard let type = ElementType(ggml: number) else {
            throw wrong(at: offset - 4, "a known GGML type of '\(name)'", "type \(number)")
        }
        guard let byteCount = byteCount(ofShape: shape, type: type) else {
            throw wrong(
                at: place, "a size of '\(name)' below 2^63 in whole blocks of \(type.rawValue)",
                "shape \(shape)")
        }
        let start = try integer(UInt64.self)
        guard let start = Int(exactly: start), start % alignment == 0,
            !start.addingReportingOverflow(byteCount).overflow
        else {
            throw wrong(
                at: offset - 8, "an offset of '\(name)' that is a multiple of \(alignment)",
                "\(start)")
        }
        return TensorEntry(
            name: name, shape: shape, type: type, fileIndex: fileIndex,
            byteRange: start..<start + byteCount)
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
