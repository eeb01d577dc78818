import Primitives

/// Reads one safetensors file: eight bytes of header length, a JSON header, tensors
/// (huggingface/safetensors, "Format").
struct SafetensorsReader {
    let file: NamedRegion
    let fileIndex: Int

    func tensors() throws(CheckpointError) -> [TensorEntry] {
        let total = file.region.byteCount
        guard total >= 8 else {
            throw .malformed(
                file: file.name, offset: 0, expected: "eight bytes of header length",
                found: "a file of \(total)")
        }
        let length = file.region.integer(UInt64.self, at: 0)
        let most = min(total - 8, Limits.safetensorsHeaderByteCount)
        guard length <= UInt64(most) else {
            throw .malformed(
                file: file.name, offset: 0, expected: "a header of at most \(most) bytes",
                found: "\(length)")
        }
        let dataOffset = 8 + Int(length)
        let text = file.region.bytes(in: 8..<dataOffset)
        let header = try JSONValue(parsing: text, file: file.name, offset: 8)
        guard let header = header.object else {
            throw .malformed(
                file: file.name, offset: 8, expected: "a JSON object", found: header.kind)
        }
        var tensors: [TensorEntry] = []
        for (name, value) in zip(header.keys, header.values) where name != "__metadata__" {
            tensors.append(try tensor(name, value, dataOffset: dataOffset))
        }
        try checkOverlap(tensors, file: file.name)
        return tensors
    }

    private func tensor(_ name: String, _ value: JSONValue, dataOffset: Int)
        throws(CheckpointError) -> TensorEntry
    {
        func wrong(_ expected: String, _ found: String) -> CheckpointError {
            .tensor(file: file.name, name: name, expected: expected, found: found)
        }
        guard name.utf8.count <= Limits.checkpointNameByteCount else {
            throw wrong("a name of at most \(Limits.checkpointNameByteCount) bytes", "a longer one")
        }
        guard let typeName = value["dtype"]?.string else {
            throw wrong("a 'dtype' string", value["dtype"]?.kind ?? "none")
        }
        guard let type = ElementType(rawValue: typeName), type.block.elementCount == 1 else {
            throw wrong("a dtype of safetensors", "'\(typeName.prefix(80))'")
        }
        guard let sizes = value["shape"]?.array, sizes.count <= 8 else {
            throw wrong("a 'shape' of at most 8 dimensions", value["shape"]?.kind ?? "none")
        }
        var shape: [Int] = []
        for size in sizes {
            guard let size = size.integer, size > 0 else {
                throw wrong("dimensions from 1 on", size.kind)
            }
            shape.append(size)
        }
        // A scalar is a vector of one.
        if shape.isEmpty { shape = [1] }
        guard let byteCount = byteCount(ofShape: shape, type: type) else {
            throw wrong("a size below 2^63 bytes", "shape \(shape)")
        }
        let offsets = value["data_offsets"]?.array?.compactMap(\.integer) ?? []
        let dataByteCount = file.region.byteCount - dataOffset
        guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1],
            offsets[1] <= dataByteCount
        else {
            throw wrong("'data_offsets' within the file's \(dataByteCount) bytes", "\(offsets)")
        }
        guard offsets[1] - offsets[0] == byteCount else {
            throw wrong(
                "\(byteCount) bytes for shape \(shape) of \(typeName)",
                "\(offsets[1] - offsets[0])")
        }
        return TensorEntry(
            name: name, shape: shape, type: type, fileIndex: fileIndex,
            byteRange: dataOffset + offsets[0]..<dataOffset + offsets[1])
    }
}
