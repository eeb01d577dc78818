public import Checkpoints
import Primitives
import Tensors
import Tokenizers

/// Turns a checkpoint into pieces, one at a time: the memory needed is that of one piece.
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

    /// All bytes of piece `index`. Throws where a tensor holds a number that Float16 cannot: the
    /// error names it.
    public func build(_ index: Int) throws(ModelError) -> [UInt8] {
        do throws(CheckpointError) {
            return try layout(of: index).fill(
                bytes: { tokenizerBytes },
                vector: { section throws(CheckpointError) in
                    try vector(sources.source(of: section, piece: index), section.columnCount)
                },
                rows: { section, rows throws(CheckpointError) in
                    let source = sources.source(of: section, piece: index)
                    let start = source.start + rows.lowerBound
                    return try checkpoint.storedBytes(
                        source.name, rows: start..<start + rows.count)
                })
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
    /// The bytes of a whole piece, each section's numbers asked for in order: a matrix in groups of
    /// up to 32 rows, in the bytes of its format.
    func fill<Failure: Error>(
        bytes: () -> [UInt8], vector: (Section) throws(Failure) -> [Float],
        rows: (Section, Range<Int>) throws(Failure) -> [UInt8]
    ) throws(Failure) -> [UInt8] {
        var piece = [UInt8](repeating: 0, count: byteCount)
        var end = put(header, into: &piece, at: 0)
        for section in sections {
            precondition(section.offset >= end)
            end = section.offset
            switch section.format {
            case .bytes: end = put(bytes(), into: &piece, at: end)
            case .vector:
                for number in try vector(section) {
                    for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
                        piece[end] = UInt8(truncatingIfNeeded: number.bitPattern >> shift)
                        end += 1
                    }
                }
            case .panels(let format):
                let width = PieceLayout.panelRowCount
                for first in stride(from: 0, to: section.rowCount, by: width) {
                    let group = first..<min(first + width, section.rowCount)
                    PanelMatrix.pack(
                        bytes: try rows(section, group), outputCount: group.count,
                        inputCount: section.columnCount, format: format, into: &piece, at: end)
                    end += PanelMatrix.byteCount(
                        outputCount: group.count, inputCount: section.columnCount, format: format)
                }
            }
        }
        precondition(end == byteCount)
        return piece
    }

    /// Copies bytes; where they end.
    private func put(_ bytes: [UInt8], into piece: inout [UInt8], at offset: Int) -> Int {
        let end = offset + bytes.count
        piece.replaceSubrange(offset..<end, with: bytes)
        return end
    }
}
