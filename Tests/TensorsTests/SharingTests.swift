import Primitives
import Tensors
import Testing

/// Operations on rows that are no products: enough of them that a crew gets several parts.
@Suite struct `sharing rows out` {
    private static let (rowCount, heads, headSize) = (100, 8, 64)
    private static let width = heads * headSize

    private func input() -> FloatBuffer {
        var random = SeededRandom(seed: 21)
        return buffer(random.numbers(2 * Self.rowCount * Self.width))
    }

    private func vector(_ seed: UInt64) -> FloatVector {
        var random = SeededRandom(seed: seed)
        let bytes = (0..<Self.width).flatMap { _ in
            let bits = random.even().bitPattern
            return (0..<4).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
        }
        return FloatVector(bytes: WeightBytes(copying: bytes), byteOffset: 0, count: Self.width)
    }

    /// The bits that every operation leaves, one after the other.
    private func results(_ kernels: Kernels, _ crew: some Crew) -> [[UInt32]] {
        let (rowCount, width) = (Self.rowCount, Self.width)
        let rows = RowLayout(stride: width)
        let x = input()
        var y = FloatBuffer(count: 2 * rowCount * width)
        var all: [[UInt32]] = []
        kernels.rootMeanSquareNorm(
            x, weight: vector(1), epsilon: 1e-5, rowCount: rowCount, width: width, into: &y,
            crew: crew)
        all.append(bits(y.array()))
        kernels.layerNorm(
            x, weight: vector(1), bias: vector(2), epsilon: 1e-5, rowCount: rowCount, into: &y,
            crew: crew)
        all.append(bits(y.array()))
        kernels.add(x, count: rowCount * width, into: &y, crew: crew)
        all.append(bits(y.array()))
        kernels.add(bias: vector(3), to: &y, layout: rows, rowCount: rowCount, crew: crew)
        all.append(bits(y.array()))
        let table = RotaryTable(
            headSize: Self.headSize, base: 10_000, positions: rowCount, style: .halfSplit)
        kernels.rotate(
            &y, layout: rows, rowCount: rowCount, headCount: Self.heads, headSize: Self.headSize,
            firstPosition: 0, table: table, crew: crew)
        all.append(bits(y.array()))
        kernels.activate(.silu, x, count: rowCount * width, into: &y, crew: crew)
        all.append(bits(y.array()))
        kernels.gate(
            .geluTanh, gateAndUp: x, width: width, rowCount: rowCount, into: &y, crew: crew)
        all.append(bits(y.array()))
        all.append(cached(x, kernels, crew))
        return all
    }

    private func cached(
        _ x: borrowing FloatBuffer, _ kernels: Kernels, _ crew: some Crew
    ) -> [UInt32] {
        let rows = RowLayout(stride: Self.width)
        var cache = makeCache(
            headCount: Self.heads, headSize: Self.headSize, capacity: Self.rowCount,
            pagePositionCount: 32)
        cache.write(
            layer: 0, keys: x, keyLayout: rows, values: x, valueLayout: rows,
            rowCount: Self.rowCount, kernels: kernels, crew: crew)
        cache.advance(by: Self.rowCount)
        return cache.bytes(of: 0..<Self.rowCount).map { UInt32($0) }
    }

    @Test func `changes no bit, at any level, with any crew`() {
        let expected = results(scalar, SerialCrew())
        for level in [.scalar] + fastLevels {
            for members in [1, 3] {
                let found = results(
                    Kernels(level: level), BackwardCrew(memberCount: members))
                #expect(found == expected, "\(level), \(members) members")
            }
        }
    }
}
