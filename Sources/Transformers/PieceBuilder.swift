public import Checkpoints
import Primitives
import Tensors

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
            throw .invalidTokenizer("larger than the limit")
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

    /// The ends and each layer.
    public var pieceCount: Int { shape.layerCount + 1 }

    public func layout(of index: Int) -> PieceLayout {
        precondition((0..<pieceCount).contains(index))
        return .piece(index, of: shape, tokenizerByteCount: tokenizerBytes.count)
    }

    /// All bytes of piece `index`. Throws where a tensor is absent, has other dimensions, or holds
    /// a number that Float16 cannot: the error names it.
    public func build(_ index: Int) throws(ModelError) -> [UInt8] {
        let layout = layout(of: index)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(layout.byteCount)
        bytes += layout.header
        for section in layout.sections {
            bytes.append(contentsOf: repeatElement(0, count: section.offset - bytes.count))
            do throws(CheckpointError) {
                try append(section, piece: index, to: &bytes)
            } catch {
                throw .checkpoint(error)
            }
        }
        precondition(bytes.count == layout.byteCount)
        return bytes
    }

    private func append(_ section: PieceLayout.Section, piece: Int, to bytes: inout [UInt8])
        throws(CheckpointError)
    {
        let name = section.role.tensorName(piece: piece)
        switch section.format {
        case .bytes: bytes += tokenizerBytes
        case .vector:
            let entry = try checkpoint.tensor(name, shape: [section.columnCount])
            for number in try checkpoint.floats(name) {
                guard number.isFinite else {
                    throw .tensor(
                        file: checkpoint.files[entry.fileIndex].name, name: name,
                        expected: "finite numbers", found: "\(number)")
                }
                for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> shift))
                }
            }
        case .panels:
            _ = try checkpoint.tensor(name, shape: [section.rowCount, section.columnCount])
            let width = PieceLayout.panelRowCount
            for first in stride(from: 0, to: section.rowCount, by: width) {
                let rows = first..<min(first + width, section.rowCount)
                bytes += PanelMatrix.pack(
                    rows: try checkpoint.halves(name, rows: rows), outputCount: rows.count,
                    inputCount: section.columnCount)
            }
        }
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
