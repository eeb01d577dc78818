import Pipelines
import Primitives

/// A stand-in for layers and their KV cache: what comes of a row depends on every row before it.
struct TinyCache {
    let layers: LayerRange
    private(set) var position = 0
    private var pasts: [UInt64]
    /// The pasts behind each position.
    private var history: [[UInt64]] = []
    /// The step that is being run, and what waits behind it.
    var steps: [Step] = []
    /// Of all rows so far; nil once they are not known.
    private var names: RowNames?

    init(layers: LayerRange, names: RowNames? = nil) {
        self.layers = layers
        self.names = names
        pasts = Array(repeating: 7, count: layers.count)
    }

    mutating func run(_ rows: [UInt8], _ rowByteCount: Int) -> [UInt8] {
        var output = rows
        for start in stride(from: 0, to: rows.count, by: rowByteCount) {
            for (index, layer) in layers.range.enumerated() {
                var past = pasts[index] &+ UInt64(layer)
                for byte in output[start..<start + rowByteCount] {
                    past = (past ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
                }
                pasts[index] = past
                var random = SeededRandom(seed: past)
                for byte in start..<start + rowByteCount {
                    output[byte] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            position += 1
            history.append(pasts)
        }
        return output
    }

    mutating func truncate(to count: Int) {
        history.removeLast(position - count)
        position = count
        names?.truncate(to: count)
        pasts = history.last ?? Array(repeating: 7, count: layers.count)
    }

    /// Eight bytes for each layer and position; nil where they are not there.
    func bytes(of positions: Range<Int>) -> [UInt8]? {
        guard positions.upperBound <= history.count else { return nil }
        return history[positions].flatMap { pasts in
            pasts.flatMap { past in (0..<8).map { UInt8(truncatingIfNeeded: past >> (8 * $0)) } }
        }
    }

    /// Positions from another cache: where this one ends now, or nil.
    mutating func append(_ bytes: [UInt8], at start: Int) -> Int? {
        let size = 8 * layers.count
        guard start == position, !bytes.isEmpty, bytes.count % size == 0 else { return nil }
        for first in stride(from: 0, to: bytes.count, by: size) {
            pasts = (0..<layers.count).map { layer in
                (0..<8).reduce(UInt64(0)) {
                    $0 | UInt64(bytes[first + 8 * layer + $1]) << (8 * $1)
                }
            }
            history.append(pasts)
            position += 1
        }
        names = nil
        return position
    }
}

/// What came of a row, and what the layers remember behind it.
struct KeptRow {
    var output: [UInt8]
    var pasts: [UInt64]
}

/// Rows of earlier requests.
extension TinyCache {
    /// What came of a step that was run just now, by the names of its rows.
    mutating func keep(_ output: [UInt8], of step: Step, in kept: inout [Digest: KeptRow]) {
        guard names?.digests.count == step.position else { return names = nil }
        names?.add(step)
        for (row, name) in (names?.digests[step.position...] ?? []).enumerated() {
            let bytes = output[row * Rig.rowByteCount..<(row + 1) * Rig.rowByteCount]
            kept[name] = KeptRow(output: Array(bytes), pasts: history[step.position + row])
        }
    }

    /// Goes on behind the rows that a step names; nil, and nothing changed, where one is not known.
    mutating func take(_ step: Step, of kept: [Digest: KeptRow]) -> [UInt8]? {
        let rows = step.names.compactMap { kept[$0] }
        guard rows.count == step.rowCount, names?.digests.count == position else { return nil }
        names?.add(step)
        history += rows.map(\.pasts)
        position += rows.count
        pasts = history.last ?? pasts
        return rows.flatMap(\.output)
    }
}

extension TinyCache {
    /// The outputs of the last rows of a rig's.
    mutating func run(_ rows: [UInt8], outputCount: Int) -> [UInt8] {
        run(rows, Rig.rowByteCount).suffix(outputCount * Rig.rowByteCount)
    }
}
