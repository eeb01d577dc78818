public import Checkpoints
import Primitives
import Tensors
import Tokenizers

/// Turns a checkpoint into pieces, one at a time and a panel at a time.
///
/// Matrices stay in the quantised formats that products are known for, or go into one that holds
/// their numbers exactly; all others become Float16, rounded to nearest, ties to even. The same
/// source gives the same bytes on every machine (Protocol.md).
public struct PieceBuilder: Sendable {
    public let shape: ModelShape
    private let checkpoint: Checkpoint
    private let sources: TensorSources
    private let tokenizerBytes: [UInt8]
    private let layouts: [PieceLayout]

    /// `tokenizerBytes` are kept in the ends as they are. Throws where the checkpoint's
    /// architecture or a variant of it is not supported, and where a tensor is absent, has other
    /// dimensions, a type that can't be read, or no use that is known.
    public init(_ checkpoint: Checkpoint, tokenizerBytes: [UInt8]) throws(ModelError) {
        guard tokenizerBytes.count <= Limits.tokenizerByteCount else {
            throw .unsupported(
                "its tokenizer has \(tokenizerBytes.count) bytes, and at most "
                    + "\(Limits.tokenizerByteCount) are supported")
        }
        let parameters: ModelParameters
        do throws(CheckpointError) {
            parameters = try ModelParameters(checkpoint)
        } catch {
            throw .checkpoint(error)
        }
        shape = try ModelShape(parameters, of: checkpoint)
        sources = TensorSources(checkpoint: checkpoint, shape: shape)
        do throws(CheckpointError) {
            layouts = try sources.layouts(tokenizerByteCount: tokenizerBytes.count)
        } catch {
            throw .checkpoint(error)
        }
        self.checkpoint = checkpoint
        self.tokenizerBytes = tokenizerBytes
    }

    /// With the checkpoint's own tokenizer in the ends.
    public init(_ checkpoint: Checkpoint) throws(ModelError) {
        let tokenizer: TokenizerModel
        do throws(CheckpointError) {
            tokenizer = try TokenizerModel(checkpoint)
        } catch {
            throw .checkpoint(error)
        }
        try self.init(checkpoint, tokenizerBytes: tokenizer.encode())
    }

    /// The ends and each layer.
    public var pieceCount: Int { shape.layerCount + 1 }

    public func layout(of index: Int) -> PieceLayout { layouts[index] }

    /// All bytes of piece `index`; throws as the function below does.
    public func build(_ index: Int) throws(ModelError) -> [UInt8] {
        var piece: [UInt8] = []
        piece.reserveCapacity(layout(of: index).byteCount)
        try build(index) { piece += $0 }
        return piece
    }

    /// Gives the bytes of piece `index` to `take`, in order. Throws where a tensor holds a number
    /// that Float16 cannot: the error names it.
    public func build(_ index: Int, _ take: ([UInt8]) -> Void) throws(ModelError) {
        do throws(CheckpointError) {
            try layout(of: index).write(
                bytes: { tokenizerBytes },
                vector: { section throws(CheckpointError) in
                    try vector(sources.source(of: section, piece: index), section.columnCount)
                },
                rows: { section, rows throws(CheckpointError) in
                    let source = sources.source(of: section, piece: index)
                    let start = source.start + rows.lowerBound
                    return try checkpoint.storedBytes(
                        source.name, rows: start..<start + rows.count)
                }, to: take)
        } catch {
            throw .checkpoint(error)
        }
    }

    private func vector(_ source: TensorSource, _ count: Int) throws(CheckpointError) -> [Float] {
        let numbers = try Array(checkpoint.floats(source.name)[source.start...].prefix(count))
        for number in numbers where !number.isFinite {
            throw .tensor(
                file: checkpoint.fileName(of: source.name), name: source.name,
                expected: "finite numbers", found: "\(number)")
        }
        return numbers
    }
}

extension PieceLayout {
    /// Gives all bytes of a piece to `take`, in order. Each section's numbers are asked for in
    /// order: a matrix in groups of up to 32 rows, in the bytes of its format.
    func write<Failure: Error>(
        bytes: () -> [UInt8], vector: (Section) throws(Failure) -> [Float],
        rows: (Section, Range<Int>) throws(Failure) -> [UInt8], to take: ([UInt8]) -> Void
    ) throws(Failure) {
        var end = 0
        func put(_ bytes: [UInt8]) {
            take(bytes)
            end += bytes.count
        }
        put(header)
        for section in sections {
            precondition(section.offset >= end)
            put([UInt8](repeating: 0, count: section.offset - end))
            switch section.format {
            case .bytes: put(bytes())
            case .vector:
                var numbers = ByteWriter(reserving: section.byteCount)
                for number in try vector(section) { numbers.write(number.bitPattern) }
                put(numbers.bytes)
            case .panels(let format):
                let width = PieceLayout.panelRowCount
                for first in stride(from: 0, to: section.rowCount, by: width) {
                    let group = first..<min(first + width, section.rowCount)
                    put(
                        PanelMatrix.pack(
                            bytes: try rows(section, group), outputCount: group.count,
                            inputCount: section.columnCount, format: format))
                }
            }
        }
        precondition(end == byteCount)
    }
}
