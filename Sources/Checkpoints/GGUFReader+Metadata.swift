import Primitives

/// Keys and their values.
extension GGUFReader {
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
}
