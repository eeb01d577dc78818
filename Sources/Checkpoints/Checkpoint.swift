import Primitives

/// Where a tensor is and how its numbers are written.
public struct TensorEntry: Hashable, Sendable {
    /// GGUF's name for it (`blk.3.attn_q.weight`), whatever the file calls it.
    public var name: String
    /// Outermost dimension first: rows, columns. Never empty.
    public var shape: [Int]
    public var type: ElementType
    /// Which of `Checkpoint.files` holds it.
    public var fileIndex: Int
    /// Its bytes, from the start of that file.
    public var byteRange: Range<Int>
    /// Where row r of this tensor is among the stored rows.
    public var rowOrder: RowOrder = .asStored
    /// What every number has to be increased by: 1 for norms that are stored around 0.
    public var addend: Float = 0

    /// Numbers in a row: the innermost dimension.
    public var columnCount: Int { shape[shape.count - 1] }
    /// Rows over all outer dimensions; 1 for a vector.
    public var rowCount: Int { shape.dropLast().reduce(1, *) }
    public var rowByteCount: Int { byteRange.count / max(rowCount, 1) }

    /// The stored row that holds row `row`.
    public func storedRow(_ row: Int) -> Int {
        switch rowOrder {
        case .asStored: return row
        case .pairedHalves(let headSize):
            let (head, index) = row.quotientAndRemainder(dividingBy: headSize)
            return head * headSize + index / 2 + (index % 2) * (headSize / 2)
        }
    }
}

/// How the rows of a tensor are grouped in its file.
public enum RowOrder: Hashable, Sendable {
    case asStored
    /// Stored for a rotation of two halves of each head, and read for one of neighbouring pairs:
    /// row 2i of a head is stored as row i, row 2i + 1 as row i + headSize / 2.
    case pairedHalves(headSize: Int)
}

/// A model's files, read: what it is, what its metadata says, and where its tensors are.
///
/// Both formats look the same from here: tensors have GGUF's names, llama's query and key rows are
/// grouped for neighbouring pairs, metadata has GGUF's keys.
public struct Checkpoint: Sendable {
    public enum Format: String, Hashable, Sendable { case gguf, safetensors }

    public let format: Format
    /// Which forward pass it needs: `llama`, `qwen2`, ...
    public let architecture: String
    public let metadata: Metadata
    /// In the order of the files.
    public let tensors: [TensorEntry]
    public let files: [NamedRegion]
    private let positions: [String: Int]

    init(
        format: Format, architecture: String, metadata: Metadata, tensors: [TensorEntry],
        files: [NamedRegion]
    ) throws(CheckpointError) {
        guard tensors.count <= Limits.checkpointTensorCount else {
            throw .malformed(
                file: metadata.file, offset: 0,
                expected: "at most \(Limits.checkpointTensorCount) tensors",
                found: "\(tensors.count)")
        }
        var positions: [String: Int] = [:]
        for (index, tensor) in tensors.enumerated() {
            let taken = positions.updateValue(index, forKey: tensor.name)
            guard taken == nil else {
                throw .tensor(
                    file: files[tensor.fileIndex].name, name: tensor.name,
                    expected: "one tensor of this name", found: "two")
            }
        }
        self.format = format
        self.architecture = architecture
        self.metadata = metadata
        self.tensors = tensors
        self.files = files
        self.positions = positions
    }

    /// The tensor of this name, or nil.
    public func tensor(_ name: String) -> TensorEntry? { positions[name].map { tensors[$0] } }

    /// The tensor of this name, which must have this shape.
    public func tensor(_ name: String, shape: [Int]) throws(CheckpointError) -> TensorEntry {
        let entry = try require(name)
        guard entry.shape == shape else {
            throw .tensor(
                file: files[entry.fileIndex].name, name: name,
                expected: "shape \(shape)", found: "\(entry.shape)")
        }
        return entry
    }

    /// The file of this name, or nil.
    public func file(named name: String) -> Region? {
        files.first { $0.name == name }?.region
    }

    /// The JSON file of this name, or nil. Throws where it is none.
    public func json(named name: String) throws(CheckpointError) -> JSONValue? {
        guard let region = file(named: name) else { return nil }
        return try JSONValue(parsing: region.bytes, file: name)
    }

    /// The file that holds the tensor of this name, for messages.
    public func fileName(of name: String) -> String {
        tensor(name).map { files[$0.fileIndex].name } ?? metadata.file
    }

    /// Throws unless the tensor's type is one whose numbers this program reads.
    public func requireDecodable(_ entry: TensorEntry) throws(CheckpointError) {
        guard !ElementType.decodable.contains(entry.type) else { return }
        throw .unsupported(
            file: files[entry.fileIndex].name, what: "element type of tensor '\(entry.name)'",
            found: entry.type.rawValue, supported: ElementType.decodable.map(\.rawValue))
    }

    /// Numbers of whole rows, row after row, exactly as the file means them.
    ///
    /// Throws where the tensor is absent or of a type that is not decodable; traps where `rows` is
    /// outside of the tensor.
    public func floats(_ name: String, rows: Range<Int>) throws(CheckpointError) -> [Float] {
        try Rows(of: try require(name), in: self).floats(rows)
    }

    /// All numbers of a tensor.
    public func floats(_ name: String) throws(CheckpointError) -> [Float] {
        try floats(name, rows: 0..<(try require(name)).rowCount)
    }

    /// The bytes of whole rows, as they are stored: blocks of GGML, or plain numbers.
    ///
    /// Throws where the tensor is absent; traps where `rows` is outside of it.
    public func bytes(_ name: String, rows: Range<Int>) throws(CheckpointError) -> [UInt8] {
        let entry = try require(name)
        precondition(rows.lowerBound >= 0 && rows.upperBound <= entry.rowCount)
        let region = files[entry.fileIndex].region
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rows.count * entry.rowByteCount)
        for row in rows {
            let start = entry.byteRange.lowerBound + entry.storedRow(row) * entry.rowByteCount
            region.append(bytesIn: start..<start + entry.rowByteCount, to: &bytes)
        }
        return bytes
    }

    /// The same rows as bits of Float16: exact for F16, else rounded to nearest, ties to even.
    ///
    /// Throws where a number is beyond Float16's range, or is not a number.
    public func halves(_ name: String, rows: Range<Int>) throws(CheckpointError) -> [UInt16] {
        try Rows(of: try require(name), in: self).halves(rows)
    }

    /// All numbers of a tensor as bits of Float16.
    public func halves(_ name: String) throws(CheckpointError) -> [UInt16] {
        try halves(name, rows: 0..<(try require(name)).rowCount)
    }

    private func require(_ name: String) throws(CheckpointError) -> TensorEntry {
        guard let entry = tensor(name) else {
            throw .tensor(
                file: metadata.file, name: name, expected: "a tensor of this name",
                found: "none among \(tensors.count)")
        }
        return entry
    }
}
