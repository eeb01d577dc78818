public import Checkpoints
import Primitives
import Tensors
import Tokenizers

/// Turns a checkpoint into pieces, one at a time: the memory needed is that of one piece.
///
/// Matrices become Float16, rounded to nearest, ties to even, whatever the source's format; the
/// same source gives the same bytes on every machine (docs/protocol/pieces.md).
public struct PieceBuilder: Sendable {
    public let shape: ModelShape
    private let checkpoint: Checkpoint
    private let tokenizerBytes: [UInt8]

    /// `tokenizerBytes` are kept in the ends as they are. Throws where the checkpoint's
    /// architecture or a variant of it is not supported.
    public init(_ checkpoint: Checkpoint, tokenizerBytes: [UInt8]) throws(ModelError) {
        guard tokenizerBytes.count <= Limits.tokenizerByteCount else {
            throw .unsupported("a tokenizer of \(tokenizerBytes.count) bytes")
        }
        let parameters: ModelParameters
        do throws(CheckpointError) {
            parameters = try ModelParameters(checkpoint)
        } catch {
            throw .checkpoint(error)
        }
        shape = try ModelShape(parameters)
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

    public func layout(of index: Int) -> PieceLayout {
        precondition((0..<pieceCount).contains(index))
        return .piece(index, of: shape, tokenizerByteCount: tokenizerBytes.count)
    }

    /// All bytes of piece `index`. Throws where a tensor is absent, has other dimensions, or holds
    /// a number that Float16 cannot: the error names it.
    public func build(_ index: Int) throws(ModelError) -> [UInt8] {
        do throws(CheckpointError) {
            return try layout(of: index).fill(
                bytes: { tokenizerBytes },
                vector: { section throws(CheckpointError) in
                    try vector(section.role.tensorName(piece: index), section.columnCount)
                },
                rows: { section, rows throws(CheckpointError) in
                    let name = section.role.tensorName(piece: index)
                    _ = try checkpoint.tensor(
                        name, shape: [section.rowCount, section.columnCount])
                    return try checkpoint.halves(name, rows: rows)
                })
        } catch {
            throw .checkpoint(error)
        }
    }

    private func vector(_ name: String, _ count: Int) throws(CheckpointError) -> [Float] {
        let entry = try checkpoint.tensor(name, shape: [count])
        let numbers = try checkpoint.floats(name)
        for number in numbers where !number.isFinite {
            throw .tensor(
                file: checkpoint.files[entry.fileIndex].name, name: name,
                expected: "finite numbers", found: "\(number)")
        }
        return numbers
    }
}

extension PieceLayout {
    /// The bytes of a whole piece, each section's numbers asked for in order: a matrix in groups of
    /// up to 32 rows, as bits of Float16.
    func fill<Failure: Error>(
        bytes: () -> [UInt8], vector: (Section) throws(Failure) -> [Float],
        rows: (Section, Range<Int>) throws(Failure) -> [UInt16]
    ) throws(Failure) -> [UInt8] {
        var piece: [UInt8] = []
        piece.reserveCapacity(byteCount)
        piece += header
        for section in sections {
            piece.append(contentsOf: repeatElement(0, count: section.offset - piece.count))
            switch section.format {
            case .bytes: piece += bytes()
            case .vector:
                for number in try vector(section) {
                    for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
                        piece.append(UInt8(truncatingIfNeeded: number.bitPattern >> shift))
                    }
                }
            case .panels:
                let width = PieceLayout.panelRowCount
                for first in stride(from: 0, to: section.rowCount, by: width) {
                    let group = first..<min(first + width, section.rowCount)
                    piece += PanelMatrix.pack(
                        rows: try rows(section, group), outputCount: group.count,
                        inputCount: section.columnCount)
                }
            }
        }
        precondition(piece.count == byteCount)
        return piece
    }
}

extension PieceLayout.Role {
    /// The tensor of a checkpoint that a section is made from, by GGUF's name.
    func tensorName(piece: Int) -> String {
        let name =
            switch self {
            case .finalNorm: "output_norm"
            case .embedding: "token_embd"
            case .head: "output"
            case .attentionNorm: "attn_norm"
            case .feedForwardNorm: "ffn_norm"
            case .query: "attn_q"
            case .key: "attn_k"
            case .value: "attn_v"
            case .output: "attn_output"
            case .gate: "ffn_gate"
            case .up: "ffn_up"
            case .down: "ffn_down"
            case .tokenizer: "tokenizer"
            }
        return piece == 0 ? "\(name).weight" : "blk.\(piece - 1).\(name).weight"
    }
}
