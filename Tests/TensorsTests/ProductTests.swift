import Primitives
import Tensors
import Testing

@Suite struct `Matrix products` {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `every level gives the bits of the scalar one on random shapes`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<40 {
            let outputs = 1 + random.below(300)
            let inputs = 1 + random.below(random.below(4) == 0 ? 700 : 90)
            let rows = 1 + random.below(15)
            let weights = matrix(
                scalar.halfBits(random.numbers(outputs * inputs)), outputs: outputs,
                inputs: inputs)
            let x = random.numbers(rows * inputs)
            let expected = bits(product(scalar, weights, x, rows: rows))
            for level in fastLevels {
                let result = bits(product(Kernels(level: level), weights, x, rows: rows))
                #expect(result == expected, "\(level) \(outputs)x\(inputs), \(rows) rows")
            }
        }
    }

    @Test func `a row's result does not depend on the rows beside it`() {
        var random = SeededRandom(seed: 4)
        let weights = matrix(
            scalar.halfBits(random.numbers(133 * 601)), outputs: 133, inputs: 601)
        let x = random.numbers(40 * 601)
        for level in fastLevels + [.scalar] {
            let kernels = Kernels(level: level)
            let alone = (0..<40).flatMap { row in
                bits(product(kernels, weights, Array(x[row * 601..<(row + 1) * 601]), rows: 1))
            }
            for rows in 1...40 {
                let together = product(kernels, weights, Array(x[..<(rows * 601)]), rows: rows)
                #expect(bits(together) == Array(alone[..<(rows * 133)]), "\(level), \(rows)")
            }
        }
    }

    /// Enough outputs for large parts and for the small ones that end a product, and enough rows
    /// for members to have their own.
    @Test(arguments: [1, 2, 3, 64], [33, 500, 2_100])
    func `the crew's size and order change nothing`(members: Int, outputs: Int) {
        var random = SeededRandom(seed: 5)
        let weights = matrix(
            scalar.halfBits(random.numbers(outputs * 64)), outputs: outputs, inputs: 64)
        for rows in [1, 5, 47, 70] {
            let x = random.numbers(rows * 64)
            for level in fastLevels + [.scalar] {
                let kernels = Kernels(level: level)
                let crewed = product(
                    kernels, weights, x, rows: rows, crew: BackwardCrew(memberCount: members))
                #expect(bits(crewed) == bits(product(kernels, weights, x, rows: rows)))
            }
        }
    }

    @Test func `an output is one chain of fused multiply-adds in order`() {
        var random = SeededRandom(seed: 6)
        let halves = scalar.halfBits(random.numbers(37 * 50))
        let x = random.numbers(50)
        let result = product(scalar, matrix(halves, outputs: 37, inputs: 50), x, rows: 1)
        for output in 0..<37 {
            var chain: Float = 0
            for k in 0..<50 {
                chain.addProduct(x[k], Kernels.float(halfBits: halves[output * 50 + k]))
            }
            #expect(result[output].bitPattern == chain.bitPattern)
        }
    }

    @Test func `layouts place rows apart and leave what lies between untouched`() {
        var random = SeededRandom(seed: 7)
        let weights = matrix(scalar.halfBits(random.numbers(40 * 8)), outputs: 40, inputs: 8)
        let x = random.numbers(3 * 8)
        for level in fastLevels + [.scalar] {
            let kernels = Kernels(level: level)
            var wide = FloatBuffer(count: 5 + 3 * 11)
            for row in 0..<3 {
                wide.write(Array(x[row * 8..<(row + 1) * 8]), at: 5 + row * 11)
            }
            var y = FloatBuffer(count: 2 + 3 * 50)
            var scratch = ProductScratch(rowCount: 0, inputCount: 0)
            y.write(Array(repeating: -1, count: y.count))
            kernels.multiply(
                weights, by: wide, inputLayout: RowLayout(offset: 5, stride: 11), rowCount: 3,
                into: &y, outputLayout: RowLayout(offset: 2, stride: 50), scratch: &scratch,
                crew: SerialCrew())
            let tight = product(kernels, weights, x, rows: 3)
            for index in 0..<y.count {
                let (row, column) = (index - 2).quotientAndRemainder(dividingBy: 50)
                let inside = index >= 2 && column < 40
                #expect(y[index] == (inside ? tight[row * 40 + column] : -1))
            }
        }
    }

    @Test func `a row comes back out of the panels as it went in`() {
        var random = SeededRandom(seed: 8)
        let halves = scalar.halfBits(random.numbers(70 * 9))
        let weights = matrix(halves, outputs: 70, inputs: 9)
        var row = FloatBuffer(count: 10)
        for output in [0, 31, 32, 69] {
            scalar.copyRow(output, of: weights, into: &row, at: 1)
            let expected = (0..<9).map { Kernels.float(halfBits: halves[output * 9 + $0]) }
            #expect(row.array(1..<10) == expected)
        }
    }

    @Test func `the probe's value depends on every byte`() {
        var bytes = [UInt8](repeating: 0, count: 64 * 37)
        for index in stride(from: 0, to: bytes.count, by: 61) {
            bytes[index] = 1
            let changed = WeightBytes(copying: bytes)
            for level in fastLevels + [.scalar] {
                let value = Kernels(level: level).readProbe(changed, range: 0..<bytes.count)
                #expect(value != 0, "\(level), byte \(index)")
            }
            bytes[index] = 0
        }
    }

    @Test func `levels are forced by name`() {
        #expect(KernelLevel(named: "AVX2") == .avx2)
        #expect(KernelLevel(named: "scalar") == .scalar)
        #expect(KernelLevel(named: "sse9") == nil)
        #expect(KernelLevel.scalar.isSupported)
        #expect(KernelLevel.detected.isSupported)
    }

    @Test func `operands that do not fit trap`() async {
        await #expect(processExitsWith: .failure) {
            _ = PanelMatrix(
                bytes: WeightBytes(copying: Array(repeating: 0, count: 64)), byteOffset: 0,
                outputCount: 33, inputCount: 1)
        }
        await #expect(processExitsWith: .failure) {
            _ = PanelMatrix(
                bytes: WeightBytes(copying: Array(repeating: 0, count: 128)), byteOffset: 32,
                outputCount: 1, inputCount: 1)
        }
        await #expect(processExitsWith: .failure) {
            let weights = matrix([0, 0], outputs: 1, inputs: 2)
            _ = product(scalar, weights, [1], rows: 1)
        }
    }
}
