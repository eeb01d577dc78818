import Primitives

/// Names, shapes and places of tensors.
extension GGUFReader {
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
