import Glibc
import Primitives
import Tensors
import Testing

private func apply(
    _ count: Int, _ body: (inout FloatBuffer) -> Void
) -> [Float] {
    var y = FloatBuffer(count: count)
    body(&y)
    return y.array()
}

private func exponentials(_ kernels: Kernels, _ x: [Float]) -> [Float] {
    let input = buffer(x)
    return apply(x.count) { kernels.exponential(input, into: &$0) }
}

@Suite struct `Elementary functions` {
    @Test func `exp is within one and a half units of the true value`() {
        var random = SeededRandom(seed: 11)
        var x = (0..<200_000).map { _ in
            Float(random.below(2_000_000_001) - 1_000_000_000) * 1.04e-7
        }
        x += [0, -0.0, 88.72283, -87.33654, -103.97, 1e-30, -1e-30, 0.34657, -0.34657]
        var worst = 0.0
        for (input, output) in zip(x, exponentials(scalar, x)) where input < 88.72283 {
            worst = max(worst, ulps(output, exp(Double(input))))
        }
        print("exp: worst error \(worst) ulp")
        #expect(worst < 1.5)
    }

    @Test func `exp saturates and passes NaN on`() {
        for level in fastLevels + [.scalar] {
            let x: [Float] = [89, 1000, .infinity, -104, -1000, -.infinity, .nan, 0, -0.0]
            let y = exponentials(Kernels(level: level), x)
            #expect(y[0...2].allSatisfy { $0 == .infinity })
            #expect(y[3...5].allSatisfy { $0.bitPattern == 0 })
            #expect(y[6].isNaN)
            #expect(y[7] == 1 && y[8] == 1)
        }
    }

    @Test func `every function has the same bits at every level`() {
        var random = SeededRandom(seed: 12)
        for count in [0, 1, 3, 4, 7, 8, 15, 16, 17, 33, 20_001] {
            // Where a function has no value (0 times infinity), every NaN is as good.
            func same(_ run: (Kernels, inout FloatBuffer) -> Void) {
                let expected = apply(count) { run(scalar, &$0) }
                for level in fastLevels {
                    let result = apply(count) { run(Kernels(level: level), &$0) }
                    let differ = zip(result, expected).contains { result, expected in
                        result.bitPattern != expected.bitPattern
                            && !(result.isNaN && expected.isNaN)
                    }
                    #expect(!differ, "\(level)")
                }
            }
            let x = (0..<count).map { index in
                index % 2 == 0 ? random.anyFinite() : random.number() * 9
            }
            let input = buffer(x)
            let up = buffer(random.numbers(count))
            same { $0.exponential(input, into: &$1) }
            same { kernels, y in
                y.write(x)
                kernels.softCap(&y, cap: 30, count: count)
            }
            for activation in Activation.allCases {
                same { $0.activate(activation, input, count: count, into: &$1) }
                same { $0.gate(activation, gate: input, up: up, count: count, into: &$1) }
            }
        }
    }

    @Test func `gelu and the soft cap are near the true values`() {
        var random = SeededRandom(seed: 14)
        let x = (0..<50_000).map { _ in random.even() * 8 }
        let input = buffer(x)
        let tanhForm = apply(x.count) {
            scalar.activate(.geluTanh, input, count: x.count, into: &$0)
        }
        let erfForm = apply(x.count) {
            scalar.activate(.geluErf, input, count: x.count, into: &$0)
        }
        let capped = apply(x.count) {
            $0.write(x)
            scalar.softCap(&$0, cap: 5, count: x.count)
        }
        var worst = (0.0, 0.0, 0.0)
        for (index, number) in x.enumerated() {
            let v = Double(number)
            let inner = (2 / Double.pi).squareRoot() * (v + 0.044715 * v * v * v)
            let references = (
                0.5 * v * (1 + tanh(inner)), 0.5 * v * erfc(-v / 2.0.squareRoot()),
                5 * tanh(v / 5)
            )
            worst.0 = max(worst.0, (Double(tanhForm[index]) - references.0).magnitude)
            worst.1 = max(worst.1, (Double(erfForm[index]) - references.1).magnitude)
            worst.2 = max(worst.2, (Double(capped[index]) - references.2).magnitude)
        }
        print("gelu by tanh, by erf, soft cap of 5: worst errors \(worst)")
        #expect(worst.0 < 1e-6 && worst.1 < 1e-6 && worst.2 < 1e-6)
    }

    @Test func `silu is within three units and never NaN for a number`() {
        var random = SeededRandom(seed: 13)
        let x = (0..<100_000).map { _ in random.number() * 20 }
        let input = buffer(x)
        let y = apply(x.count) { scalar.activate(.silu, input, count: input.count, into: &$0) }
        var worst = 0.0
        for (input, output) in zip(x, y) where input > -80 {
            let reference = Double(input) / (1 + exp(-Double(input)))
            worst = max(worst, ulps(output, reference))
        }
        print("silu: worst error \(worst) ulp")
        #expect(worst < 3)
        let extremes = buffer([-1e30, -200, -104, 200, 1e30, 0, -Float.greatestFiniteMagnitude])
        let bounded = apply(7) {
            scalar.activate(.silu, extremes, count: extremes.count, into: &$0)
        }
        #expect(bounded.allSatisfy { !$0.isNaN })
    }

    @Test func `the norm has the same bits at every level and is close to double arithmetic`() {
        var random = SeededRandom(seed: 14)
        for width in [1, 2, 15, 16, 17, 31, 32, 48, 100, 768, 2048] {
            let x = random.numbers(3 * width)
            let weight = random.numbers(width)
            let input = buffer(x)
            let weights = vector(weight)
            func norm(_ kernels: Kernels) -> [Float] {
                apply(3 * width) {
                    kernels.rootMeanSquareNorm(
                        input, weight: weights, epsilon: 1e-5, rowCount: 3, width: width,
                        into: &$0)
                }
            }
            let expected = norm(scalar)
            for level in fastLevels { #expect(bits(norm(Kernels(level: level))) == bits(expected)) }
            for row in 0..<3 {
                let numbers = x[row * width..<(row + 1) * width].map { Double($0) }
                let mean = numbers.reduce(0) { $0 + $1 * $1 } / Double(width)
                for index in 0..<width {
                    let reference =
                        numbers[index] / (mean + Double(Float(1e-5))).squareRoot()
                        * Double(weight[index])
                    #expect(ulps(expected[row * width + index], reference) < 8)
                }
            }
        }
    }

    @Test func `LayerNorm has the same bits at every level and is close to double arithmetic`() {
        var random = SeededRandom(seed: 15)
        for width in [1, 2, 15, 16, 17, 31, 48, 100, 384] {
            let x = (0..<3 * width).map { _ in random.even() + 0.5 }
            let (weight, bias) = (random.numbers(width), random.numbers(width))
            let input = buffer(x)
            func norm(_ kernels: Kernels) -> [Float] {
                apply(3 * width) {
                    kernels.layerNorm(
                        input, weight: vector(weight), bias: vector(bias), epsilon: 1e-5,
                        rowCount: 3, into: &$0)
                }
            }
            let expected = norm(scalar)
            for level in fastLevels { #expect(bits(norm(Kernels(level: level))) == bits(expected)) }
            for row in 0..<3 {
                let numbers = x[row * width..<(row + 1) * width].map { Double($0) }
                let mean = numbers.reduce(0, +) / Double(width)
                let variance =
                    numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
                for index in 0..<width {
                    let reference =
                        (numbers[index] - mean) / (variance + 1e-5).squareRoot()
                        * Double(weight[index]) + Double(bias[index])
                    let error = (Double(expected[row * width + index]) - reference).magnitude
                    #expect(error < 1e-5 * max(1, Double(weight[index]).magnitude))
                }
            }
        }
    }

    @Test(arguments: [false, true]) func `norms of heads are those of rows`(hasBias: Bool) {
        var random = SeededRandom(seed: 16)
        let (x, weight) = (random.numbers(2 * 20), vector(random.numbers(5)))
        let bias = hasBias ? vector(random.numbers(5)) : nil
        for level in fastLevels + [.scalar] {
            let kernels = Kernels(level: level)
            var heads = buffer(x)
            kernels.norm(
                heads: &heads, layout: RowLayout(offset: 3, stride: 20), rowCount: 2,
                headCount: 3, weight: weight, bias: bias, epsilon: 1e-6)
            var expected = x
            for start in [3, 8, 13, 23, 28, 33] {
                let head = buffer(Array(x[start..<start + 5]))
                var normed = FloatBuffer(count: 5)
                if let bias {
                    kernels.layerNorm(
                        head, weight: weight, bias: bias, epsilon: 1e-6, rowCount: 1,
                        into: &normed)
                } else {
                    kernels.rootMeanSquareNorm(
                        head, weight: weight, epsilon: 1e-6, rowCount: 1, width: 5,
                        into: &normed)
                }
                expected.replaceSubrange(start..<start + 5, with: normed.array())
            }
            #expect(heads.array() == expected)
        }
    }

    @Test func `a bias is added to every row, a factor to all`() {
        var x = buffer([0, 1, 2, 3, 4, 5, 6])
        scalar.add(
            bias: vector([10, 20]), to: &x, layout: RowLayout(offset: 1, stride: 3), rowCount: 2)
        #expect(x.array() == [0, 11, 22, 3, 14, 25, 6])
        scalar.scale(&x, by: 0.5, count: 2)
        #expect(x.array() == [0, 5.5, 22, 3, 14, 25, 6])
    }

    @Test func `adding adds`() {
        let x = buffer([1, 2, 3])
        var y = buffer([10, 20, 30])
        scalar.add(x, count: 2, into: &y)
        #expect(y.array() == [11, 22, 30])
    }
}

@Suite struct `Rotary embeddings` {
    @Test func `tables are the nearest Float32 of the true cosines and sines`() {
        let frequencies = RotaryTable.frequencies(headSize: 128, base: 500_000)
        for pair in 0..<64 {
            let reference = pow(500_000, -Double(pair) / 64)
            #expect((frequencies[pair] - reference).magnitude <= 4 * reference.ulp)
        }
        var head = FloatBuffer(count: 4)
        var worst = 0.0
        for frequency in [1.0, 0.37, 1e-5, 12.5] {
            let table = RotaryTable(
                frequencies: [frequency, frequency], positions: 30_000, style: .halfSplit)
            for position in stride(from: 0, to: 30_000, by: 7) {
                head.write([1, 0, 0, 1])
                scalar.rotate(
                    &head, layout: RowLayout(stride: 4), rowCount: 1, headCount: 1, headSize: 4,
                    firstPosition: position, table: table)
                let angle = Double(position) * frequency
                worst = max(worst, ulps(head[0], cos(angle)), ulps(head[2], sin(angle)))
            }
        }
        print("rotary: worst error \(worst) ulp")
        #expect(worst <= 0.5001)
    }

    @Test func `each style turns its own pairs`() {
        let x: [Float] = [1, 2, 3, 4, 5, 6, 7, 8]
        for style in [RotaryStyle.neighbouringPairs, .halfSplit] {
            let table = RotaryTable(headSize: 4, base: 100, positions: 4, style: style)
            var heads = buffer(x)
            scalar.rotate(
                &heads, layout: RowLayout(stride: 8), rowCount: 1, headCount: 2, headSize: 4,
                firstPosition: 3, table: table)
            for head in 0..<2 {
                for pair in 0..<2 {
                    let angle = 3 * pow(100, -Double(pair) / 2)
                    let (first, second) =
                        style == .halfSplit
                        ? (4 * head + pair, 4 * head + pair + 2)
                        : (4 * head + 2 * pair, 4 * head + 2 * pair + 1)
                    let (a, b) = (Double(x[first]), Double(x[second]))
                    let expected = (
                        a * cos(angle) - b * sin(angle), a * sin(angle) + b * cos(angle)
                    )
                    #expect((Double(heads[first]) - expected.0).magnitude < 1e-5)
                    #expect((Double(heads[second]) - expected.1).magnitude < 1e-5)
                }
            }
        }
    }

    @Test func `position zero changes nothing`() {
        let table = RotaryTable(headSize: 8, base: 10_000, positions: 1, style: .halfSplit)
        var head = buffer([1, -2, 3, -4, 5, -6, 7, -8])
        scalar.rotate(
            &head, layout: RowLayout(stride: 8), rowCount: 1, headCount: 1, headSize: 8,
            firstPosition: 0, table: table)
        #expect(head.array() == [1, -2, 3, -4, 5, -6, 7, -8])
    }
}
