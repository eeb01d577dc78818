import Checkpoints
import Tensors

extension TensorSources {
    /// The layout of every piece, its matrices in the formats that their tensors keep. Throws where
    /// a tensor is absent, has other dimensions or a type that can't be read, and where one belongs
    /// to a layer and has no use that is known.
    func layouts(tokenizerByteCount: Int) throws(CheckpointError) -> [PieceLayout] {
        var used: Set<String> = []
        var layouts: [PieceLayout] = []
        for piece in 0...shape.layerCount {
            let plain = PieceLayout.piece(piece, of: shape, tokenizerByteCount: tokenizerByteCount)
            var formats = WeightFormats.float16
            for section in plain.sections where section.role != .tokenizer {
                let source = source(of: section, piece: piece)
                let tensor = try checkpoint.tensor(source.name, shape: allowed(source, section))
                used.insert(source.name)
                try checkpoint.requireDecodable(tensor)
                guard section.format != .vector else { continue }
                let format = WeightFormat(tensor.type.storage)
                if section.expert == 0 {
                    formats[section.role] = format
                } else if formats[section.role] != format {
                    throw .tensor(
                        file: checkpoint.files[tensor.fileIndex].name, name: tensor.name,
                        expected: "the type \(formats[section.role].name) of the other experts",
                        found: tensor.type.rawValue)
                }
            }
            layouts.append(
                .piece(
                    piece, of: shape, tokenizerByteCount: tokenizerByteCount, formats: formats))
        }
        try requireUse(of: used)
        return layouts
    }

    /// A table of segments has a row for each kind of segment, of which the first is used.
    private func allowed(_ source: TensorSource, _ section: PieceLayout.Section) -> [Int] {
        guard section.role == .segment, let tensor = checkpoint.tensor(source.name),
            tensor.shape.count == 2, tensor.columnCount == section.columnCount
        else { return source.shape }
        return tensor.shape
    }

    /// Every tensor of a layer must have a place in a piece: what is left out would be missed.
    private func requireUse(of used: Set<String>) throws(CheckpointError) {
        for tensor in checkpoint.tensors where !used.contains(tensor.name) {
            let name = tensor.name
            let isOfLayer =
                ["blk.", "layers.", "layer.", "encoder."].contains { name.contains($0) }
            guard isOfLayer,
                !name.hasSuffix("attn_rot_embd.weight"), !name.hasSuffix("rope_freqs.weight")
            else { continue }
            throw .tensor(
                file: checkpoint.files[tensor.fileIndex].name, name: name,
                expected: "only tensors that the forward pass of \(shape.architecture.name) reads",
                found: "one more")
        }
    }
}

extension WeightFormat {
    /// The format for a matrix that is kept in this type (`ElementType.storage`).
    init(_ storage: ElementType) {
        switch storage {
        case .q8_0: self = .q8
        case .q4_0: self = .q4
        case .q4_K: self = .q4K
        case .q5_K: self = .q5K
        case .q6_K: self = .q6K
        default: self = .float16
        }
    }
}
