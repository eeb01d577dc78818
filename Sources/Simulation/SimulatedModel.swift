internal import Identity
internal import Primitives
internal import Wire

/// A model whose layers are hashes: cheap, and wrong at once when a layer is left out, run twice,
/// or run in another order or at another position.
struct SimulatedModel: Sendable {
    let manifest: SignedManifest
    let hiddenSize: Int

    init(layerCount: Int, hiddenSize: Int, name: String, keys: NodeKeys) {
        let pieces = (0...layerCount).map { index in
            let digest = Digest.of([UInt8(index & 255), UInt8(index >> 8)], for: .chunk)
            return PieceEntry(byteCount: 4_096, root: PieceEntry.root(of: [digest]))
        }
        let manifest = ModelManifest(
            name: name, license: "none", layerCount: layerCount, hiddenSize: hiddenSize,
            shape: [], pieces: pieces)
        self.manifest = SignedManifest(manifest, keys: keys)
        self.hiddenSize = hiddenSize
    }

    var digest: Digest { manifest.manifest.digest }
    var layerCount: Int { manifest.manifest.layerCount }

    /// What the layers make of rows.
    static func run(_ layers: LayerRange, over rows: [UInt8], position: Int) -> [UInt8] {
        var random = SeededRandom(seed: 0)
        var output = rows
        for layer in layers.range {
            for index in output.indices {
                let mixed = UInt64(output[index]) | UInt64(layer) << 8 | UInt64(position) << 24
                random = SeededRandom(seed: mixed &+ UInt64(index) << 48)
                output[index] = UInt8(truncatingIfNeeded: random.next())
            }
        }
        return output
    }
}
