public import Checkpoints
import Glibc
import Primitives
import Tensors
public import Transformers
import Wire

/// What can be said of a model without loading it.
public struct ModelOutline: Sendable {
    public let shape: ModelShape
    /// The ends, then each layer.
    public let layouts: [PieceLayout]
    /// As its files name it; empty where they don't.
    public let license: String

    /// Of a model of the store. A piece that is not here counts as one of Float16.
    public init(_ model: StoredModel, store: ModelStore) throws(DataError) {
        do {
            let shape = try ModelShape(decoding: model.manifest.shape)
            var layouts: [PieceLayout] = []
            for (index, entry) in model.manifest.pieces.enumerated() {
                let byteCount = PieceLayout.headerByteCount
                let header =
                    model.isComplete[index]
                    ? try File(store.files.complete(entry.root), O_RDONLY).read(
                        at: 0, count: byteCount) : []
                layouts.append(
                    header.isEmpty
                        ? .piece(index, of: shape)
                        : try .piece(index, of: shape, header: header))
            }
            self.shape = shape
            self.layouts = layouts
        } catch {
            throw DataError("The model \(model.manifest.name) can't be read: \(error).")
        }
        license = model.manifest.license
    }

    /// Of a checkpoint: what its import would give. Throws where it can't be imported.
    public init(_ checkpoint: Checkpoint) throws(DataError) {
        let builder = try ModelStore.builder(of: checkpoint)
        shape = builder.shape
        layouts = (0..<builder.pieceCount).map { builder.layout(of: $0) }
        license = ((try? checkpoint.metadata.string("general.license")) ?? nil) ?? ""
    }

    /// Numbers that the model learnt; a tied head counts once.
    public var parameterCount: Int {
        layouts.flatMap(\.sections).reduce(0) { sum, section in
            section.role == .tokenizer ? sum : sum + section.rowCount * section.columnCount
        }
    }

    /// The formats of the matrices, the one with most numbers first: `F16`, `Q4_K and Q6_K`.
    public var quantisation: String {
        var counts = OrderedTable<String, Int>()
        for section in layouts.flatMap(\.sections) {
            guard let name = section.format.weightFormat?.name else { continue }
            counts[name] = (counts[name] ?? 0) + section.rowCount * section.columnCount
        }
        return counts.keys.sorted { (counts[$0] ?? 0) > (counts[$1] ?? 0) }
            .joined(separator: " and ")
    }
}
