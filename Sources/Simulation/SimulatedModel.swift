internal import Identity
internal import Pipelines
internal import Primitives
internal import Wire

/// A model whose layers are hashes: cheap, and wrong at once when a layer is left out, run twice,
/// or run in another order, at another position, or over another past.
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

    /// What the layers make of rows, given the rows before them.
    static func run(
        _ layers: LayerRange, over rows: [UInt8], rowByteCount: Int, cache: inout SimulatedCache
    ) -> [UInt8] {
        var output = rows
        cache.beginStep()
        for start in stride(from: 0, to: rows.count, by: rowByteCount) {
            for layer in layers.range {
                var seed = cache.state(of: layer) ^ UInt64(cache.position) << 40 ^ UInt64(layer)
                for index in start..<start + rowByteCount {
                    seed = (seed ^ UInt64(output[index])) &* 0x0000_0100_0000_01B3
                }
                var random = SeededRandom(seed: seed)
                cache.append(random.next(), to: layer)
                for index in start..<start + rowByteCount {
                    output[index] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            cache.endRow()
        }
        return output
    }
}

/// A simulated KV cache: for each layer a hash of every row that it ran.
struct SimulatedCache: Sendable {
    let layers: LayerRange
    private(set) var position = 0
    private var states: [UInt64]
    /// As it was before the first rows of the last step: rows that are being run may never have
    /// been, and those that were drafted ahead are overwritten.
    private var marks: [(position: Int, states: [UInt64])] = []

    /// The step that is being run, and what waits behind it.
    private var steps: [Step] = []
    /// Of all rows so far; nil once they are not known.
    private var names: RowNames?

    static let markCount = 8

    init(layers: LayerRange, names: RowNames? = nil) {
        self.layers = layers
        self.names = names
        states = Array(repeating: 0xCBF2_9CE4_8422_2325, count: layers.count)
    }

    mutating func beginStep() { marks = [(position, states)] }

    mutating func endRow() {
        position += 1
        if marks.count < Self.markCount { marks.append((position, states)) }
    }

    /// Goes back to a position among the first of the last step; false where it is none.
    mutating func rewind(to position: Int) -> Bool {
        guard position != self.position else { return true }
        guard let mark = marks.first(where: { $0.position == position }) else { return false }
        (self.position, states) = mark
        return true
    }

    /// Whether a step begins now; else it waits behind others.
    mutating func queue(_ step: Step) -> Bool {
        steps.append(step)
        return steps.count == 1
    }

    /// The step was run: the one that begins now.
    mutating func next(after step: Step) -> Step? {
        guard steps.first == step else { return nil }
        steps.removeFirst()
        return steps.first
    }

    /// The cache at its end or at a mark, as bytes; nil elsewhere.
    func bytes(at end: Int) -> [UInt8]? {
        var copy = self
        guard copy.rewind(to: end) else { return nil }
        return ([UInt64(end)] + copy.states).flatMap { number in
            (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
    }

    /// Takes the place of what `bytes` was made of: where it ends, or nil.
    mutating func take(_ bytes: [UInt8]) -> Int? {
        guard bytes.count == 8 * (layers.count + 1) else { return nil }
        var numbers = stride(from: 0, to: bytes.count, by: 8).map { first in
            (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[first + $1]) << (8 * $1) }
        }
        position = Int(numbers.removeFirst())
        states = numbers
        marks = []
        names = nil
        return position
    }

    // MARK: what is kept of steps

    /// By what the outcome of a step is kept, once its rows are named.
    mutating func key(of step: Step) -> Digest? {
        guard let count = names?.digests.count, count >= step.position else { return nil }
        names?.truncate(to: step.position)
        names?.add(step)
        return names?.digests.last.map { Digest.of($0, layers.upper, for: .prefix) }
    }

    /// What came of the step that was run last.
    func kept(_ output: [UInt8], of step: Step) -> KeptStep {
        KeptStep(rowCount: step.rowCount, output: output, states: states)
    }

    /// Goes on behind a step that was run for another request.
    mutating func take(_ kept: KeptStep) {
        beginStep()
        position += kept.rowCount
        states = kept.states
    }

    func state(of layer: Int) -> UInt64 { states[layer - layers.lower] }

    mutating func append(_ value: UInt64, to layer: Int) {
        let index = layer - layers.lower
        states[index] = (states[index] ^ value) &* 0x0000_0100_0000_01B3
    }
}

/// What came of a step, and what the layers remember behind it.
struct KeptStep: Sendable {
    var rowCount: Int
    /// Of all rows.
    var output: [UInt8]
    var states: [UInt64]
}
