import Primitives
import Tensors
import Testing

@Suite struct `Number conversions` {
    @Test func `every half pattern becomes the Float32 that the language says`() {
        let all = (0...UInt16.max).map { $0 }
        for level in fastLevels + [.scalar] {
            let floats = Kernels(level: level).floats(halfBits: all)
            for (half, float) in zip(all, floats) {
                let reference = Float(Float16(bitPattern: half))
                if reference.isNaN {
                    #expect(float.bitPattern == 0x7FC0_0000)
                } else if float.bitPattern != reference.bitPattern {
                    Issue.record("\(level): \(half) became \(float), not \(reference)")
                }
            }
        }
    }

    @Test func `every half goes there and back unchanged`() {
        let all = (0...UInt16.max).map { $0 }
        for level in fastLevels + [.scalar] {
            let kernels = Kernels(level: level)
            for (half, back) in zip(all, kernels.halfBits(kernels.floats(halfBits: all))) {
                let isNaN = half & 0x7FFF > 0x7C00
                if back != (isNaN ? 0x7E00 : half) { Issue.record("\(level): \(half), \(back)") }
            }
        }
    }

    @Test func `rounding to half is to nearest, ties to even`() {
        var random = SeededRandom(seed: 21)
        var x: [Float] = [
            65504, 65519.99, 65520, 1e30, .infinity, 0, 0x1p-24, 0x1p-25, 0x1.000002p-25,
            0x1.8p-24, 0x1.ffcp-15, 0x1.ffep-15, 0x1p-14, .leastNonzeroMagnitude, .nan,
        ]
        // Every half, the middle to the next one, and the two numbers around that middle.
        for half in 0..<UInt16(0x7C00) {
            let low = Float(Float16(bitPattern: half))
            let next = half == 0x7BFF ? 65536 : Float(Float16(bitPattern: half + 1))
            let middle = (low + next) / 2
            x += [low, middle, middle.nextUp, middle.nextDown]
        }
        for _ in 0..<100_000 {
            x.append(Float(bitPattern: UInt32(truncatingIfNeeded: random.next())))
        }
        x += x.map { -$0 }
        for level in fastLevels + [.scalar] {
            for (number, half) in zip(x, Kernels(level: level).halfBits(x)) {
                let expected = number.isNaN ? 0x7E00 : Float16(number).bitPattern
                if half != expected { Issue.record("\(level): \(number), \(half), \(expected)") }
            }
        }
    }
}
