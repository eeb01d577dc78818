import Primitives
import Tensors

/// Models of any shape with random weights, the same for the same seed: for measurements and tests.
public enum RandomModel {
    /// All bytes of piece `index`. Rows are even in ±sqrt(3 / columns), so that rows of about unit
    /// size stay of about unit size; norms are even in 0.5 ... 1.5.
    ///
    /// Quantised matrices are rounded in the simplest way: they have the size and the speed of a
    /// real model's, not its quality.
    public static func piece(
        _ index: Int, shape: ModelShape, seed: UInt64, formats: WeightFormats = .float16
    ) -> [UInt8] {
        var random = SeededRandom(seed: seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
        let kernels = Kernels(level: .detected)
        var piece: [UInt8] = []
        PieceLayout.piece(index, of: shape, formats: formats).write(
            bytes: { [] },
            vector: { section in
                (0..<section.columnCount).map { _ in 1 + 0.5 * signed(&random) }
            },
            rows: { section, rows in
                let scale = Float((3 / Double(section.columnCount)).squareRoot())
                let numbers = (0..<rows.count * section.columnCount).map { _ in
                    signed(&random) * scale
                }
                return RandomBlocks.bytes(
                    of: numbers, section.format.weightFormat ?? .float16, kernels)
            }, to: { piece += $0 })
        return piece
    }

    public static func make(
        shape: ModelShape, seed: UInt64, formats: WeightFormats = .float16
    ) -> LocalModel {
        let pieces = (0...shape.layerCount).map {
            WeightBytes(copying: piece($0, shape: shape, seed: seed, formats: formats))
        }
        guard let model = try? LocalModel(shape: shape, pieces: pieces) else {
            preconditionFailure("pieces are made of this very shape")
        }
        return model
    }

    /// A number in -1 ..< 1.
    private static func signed(_ random: inout SeededRandom) -> Float {
        Float(Int64(bitPattern: random.next()) >> 40) * 0x1p-23
    }
}
