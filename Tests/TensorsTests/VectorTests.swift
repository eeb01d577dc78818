import Foundation
import Tensors
import Testing

/// Tests/Vectors/exact-1.json, which the Python implementation wrote.
private struct Vectors: Decodable {
    struct Function: Decodable { let x: String, y: String }
    struct Gated: Decodable { let gate: String, up: String, y: String }
    struct Product: Decodable {
        let outputs: Int, inputs: Int, rows: Int
        let weights: String, x: String, y: String
    }
    struct Quantized: Decodable {
        let format: String, outputs: Int, inputs: Int, rows: Int
        let weights: String, x: String, y: String, twoTerms: String, first: String
    }
    struct Norm: Decodable { let x: String, weight: String, epsilon: String, y: String }
    struct Gelu: Decodable { let x: String, tanh: String, erf: String }
    struct Cap: Decodable { let x: String, cap: String, y: String }
    struct LayerNorm: Decodable {
        let x: String, weight: String, bias: String, epsilon: String, y: String
    }
    struct Attention: Decodable {
        let queryHeads: Int, heads: Int, headSize: Int, positions: Int
        let scale: String, query: String, keys: String, values: String, y: String
        let window: Int?, cap: String?
    }
    struct Rotary: Decodable {
        struct Case: Decodable { let position: Int, x: String, neighbours: String, halves: String }
        let headSize: Int, base: Double, frequencies: String, cases: [Case]
    }

    let exp: Function
    let silu: Function
    let swiglu: Gated
    let half: Function
    let product: Product
    let quantized: [Quantized]
    let norm: Norm
    let attention: Attention
    let windowed: Attention
    let twoTermAttention: Attention
    let gelu: Gelu
    let softCap: Cap
    let layerNorm: LayerNorm
    let rotary: Rotary

    static func load() throws -> Vectors {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Vectors/exact-1.json")
        return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))
    }
}

private func words(_ text: String) -> [UInt32] {
    text.split(separator: " ").compactMap { UInt32($0, radix: 16) }
}

private func floats(_ text: String) -> [Float] { words(text).map { Float(bitPattern: $0) } }

@Suite struct `Vectors of the second implementation` {
    private let vectors: Vectors
    private let levels = fastLevels + [.scalar]

    init() throws { vectors = try Vectors.load() }

    @Test func `functions and conversions give its bits`() {
        for level in levels {
            let kernels = Kernels(level: level)
            let x = buffer(floats(vectors.exp.x))
            var y = FloatBuffer(count: x.count)
            #expect(x.count > 50)
            kernels.exponential(x, into: &y)
            #expect(bits(y.array()) == words(vectors.exp.y))

            let siluX = buffer(floats(vectors.silu.x))
            var siluY = FloatBuffer(count: siluX.count)
            kernels.activate(.silu, siluX, count: siluX.count, into: &siluY)
            #expect(bits(siluY.array()) == words(vectors.silu.y))

            let gate = buffer(floats(vectors.swiglu.gate))
            let up = buffer(floats(vectors.swiglu.up))
            let fused = buffer(floats(vectors.swiglu.gate) + floats(vectors.swiglu.up))
            let expected = words(vectors.swiglu.y)
            var gated = FloatBuffer(count: gate.count)
            kernels.gate(.silu, gate: gate, up: up, count: gate.count, into: &gated)
            #expect(bits(gated.array()) == expected)
            kernels.gate(
                .silu, gateAndUp: fused, width: gate.count, rowCount: 1, into: &gated)
            #expect(bits(gated.array()) == expected)

            let halves = kernels.halfBits(floats(vectors.half.x))
            #expect(halves.map { UInt32($0) } == words(vectors.half.y))
        }
    }

    @Test func `a product gives its bits`() {
        let given = vectors.product
        let weights = matrix(
            words(given.weights).map { UInt16($0) }, outputs: given.outputs, inputs: given.inputs)
        for level in levels {
            let y = product(Kernels(level: level), weights, floats(given.x), rows: given.rows)
            #expect(bits(y) == words(given.y))
        }
    }

    @Test func `products with quantised weights give its bits`() throws {
        #expect(vectors.quantized.count == WeightFormat.allCases.count - 1)
        for given in vectors.quantized {
            let format = try #require(WeightFormat.allCases.first { $0.name == given.format })
            let digits = Array(given.weights.utf8)
            let blocks = stride(from: 0, to: digits.count, by: 2).compactMap { index in
                UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)
            }
            let panels = PanelMatrix.pack(
                bytes: blocks, outputCount: given.outputs, inputCount: given.inputs,
                format: format)
            let weights = PanelMatrix(
                bytes: WeightBytes(copying: panels), byteOffset: 0, outputCount: given.outputs,
                inputCount: given.inputs, format: format)
            for level in levels {
                let y = product(Kernels(level: level), weights, floats(given.x), rows: given.rows)
                #expect(bits(y) == words(given.y), "\(given.format), \(level)")
                let both = product(
                    Kernels(level: level), weights, floats(given.x), rows: given.rows,
                    isTwoTerm: true)
                #expect(bits(both) == words(given.twoTerms), "\(given.format), \(level)")
            }
            var first = FloatBuffer(count: given.inputs)
            scalar.copyRow(0, of: weights, into: &first)
            #expect(bits(first.array()) == words(given.first))
        }
    }

    @Test func `a norm gives its bits`() {
        let x = buffer(floats(vectors.norm.x))
        for level in levels {
            var y = FloatBuffer(count: x.count)
            Kernels(level: level).rootMeanSquareNorm(
                x, weight: vector(floats(vectors.norm.weight)),
                epsilon: floats(vectors.norm.epsilon)[0], rowCount: 1, width: x.count, into: &y)
            #expect(bits(y.array()) == words(vectors.norm.y))
        }
    }

    @Test func `gelu, the soft cap and LayerNorm give its bits`() {
        for level in levels {
            let kernels = Kernels(level: level)
            let x = buffer(floats(vectors.gelu.x))
            var y = FloatBuffer(count: x.count)
            kernels.activate(.geluTanh, x, count: x.count, into: &y)
            #expect(bits(y.array()) == words(vectors.gelu.tanh))
            kernels.activate(.geluErf, x, count: x.count, into: &y)
            #expect(bits(y.array()) == words(vectors.gelu.erf))

            var capped = buffer(floats(vectors.softCap.x))
            kernels.softCap(&capped, cap: floats(vectors.softCap.cap)[0], count: capped.count)
            #expect(bits(capped.array()) == words(vectors.softCap.y))

            let given = vectors.layerNorm
            let row = buffer(floats(given.x))
            var normed = FloatBuffer(count: row.count)
            kernels.layerNorm(
                row, weight: vector(floats(given.weight)), bias: vector(floats(given.bias)),
                epsilon: floats(given.epsilon)[0], rowCount: 1, into: &normed)
            #expect(bits(normed.array()) == words(given.y))
        }
    }

    @Test(arguments: [1, 37], [false, true])
    func `attention gives its bits`(step: Int, isWindowed: Bool) {
        let given = isWindowed ? vectors.windowed : vectors.attention
        let rule = AttentionRule(
            scale: floats(given.scale)[0], window: given.window,
            cap: given.cap.map { floats($0)[0] })
        let query = buffer(floats(given.query))
        let keys = buffer(floats(given.keys))
        let values = buffer(floats(given.values))
        let (width, cachedWidth) = (
            given.queryHeads * given.headSize, given.heads * given.headSize
        )
        for level in levels {
            var cache = makeCache(
                headCount: given.heads, headSize: given.headSize, capacity: given.positions)
            var scratch = FloatBuffer(
                count: Kernels.attentionScratchCount(
                    queryHeadCount: given.queryHeads, cache: cache))
            var output = FloatBuffer(count: query.count)
            for first in stride(from: 0, to: given.positions, by: step) {
                let cached = RowLayout(offset: first * cachedWidth, stride: cachedWidth)
                cache.append(
                    keys: keys, keyLayout: cached, values: values, valueLayout: cached,
                    rowCount: step)
                let rows = RowLayout(offset: first * width, stride: width)
                Kernels(level: level).attend(
                    query: query, queryLayout: rows, rowCount: step,
                    queryHeadCount: given.queryHeads, cache: cache, layer: 0,
                    positionCount: cache.count, rule: rule,
                    scratch: &scratch, into: &output, outputLayout: rows, crew: SerialCrew())
            }
            #expect(bits(output.array()) == words(given.y))
        }
    }

    @Test func `attention in two terms gives its bits`() {
        let given = vectors.twoTermAttention
        let (heads, cached, size) = (given.queryHeads, given.heads, given.headSize)
        let (query, keys) = (floats(given.query), floats(given.keys))
        let values = floats(given.values)
        let stride = (heads + 2 * cached) * size
        let pairOffset = given.positions * stride
        var rows: [Float] = []
        for position in 0..<given.positions {
            rows += query[position * heads * size..<(position + 1) * heads * size]
            rows += keys[position * cached * size..<(position + 1) * cached * size]
            rows += values[position * cached * size..<(position + 1) * cached * size]
        }
        for level in levels {
            let kernels = Kernels(level: level)
            var cache = makeCache(
                headCount: cached, headSize: 2 * size, capacity: given.positions)
            var scratch = FloatBuffer(
                count: Kernels.attentionScratchCount(queryHeadCount: heads, cache: cache))
            var x = buffer(rows + [Float](repeating: 0, count: 2 * pairOffset))
            func pairs(_ offset: Int) -> RowLayout {
                RowLayout(offset: pairOffset + 2 * offset, stride: 2 * stride)
            }
            kernels.writePairs(
                &x, layout: RowLayout(stride: stride), pairs: pairs(0),
                rowCount: given.positions, queryHeadCount: heads, cachedHeadCount: cached,
                headSize: size)
            cache.append(
                keys: x, keyLayout: pairs(heads * size), values: x,
                valueLayout: pairs((heads + cached) * size), rowCount: given.positions)
            let plain = given.positions * heads * size
            let wide = RowLayout(offset: plain, stride: 2 * heads * size)
            var y = FloatBuffer(count: 3 * plain)
            kernels.attend(
                query: x, queryLayout: pairs(0), rowCount: given.positions, queryHeadCount: heads,
                cache: cache, layer: 0, positionCount: cache.count,
                rule: AttentionRule(scale: floats(given.scale)[0]), scratch: &scratch, into: &y,
                outputLayout: wide, crew: SerialCrew())
            kernels.addPairs(
                &y, pairs: wide, into: RowLayout(stride: heads * size),
                rowCount: given.positions, headCount: heads, headSize: size)
            #expect(bits(y.array(0..<plain)) == words(given.y))
        }
    }

    @Test func `rotary tables and turns give its bits`() {
        let given = vectors.rotary
        let frequencies = RotaryTable.frequencies(headSize: given.headSize, base: given.base)
        let expected = given.frequencies.split(separator: " ").map { UInt64($0, radix: 16) }
        #expect(frequencies.map(\.bitPattern) == expected)
        for (style, result) in [
            (RotaryStyle.neighbouringPairs, given.cases.map(\.neighbours)),
            (.halfSplit, given.cases.map(\.halves)),
        ] {
            let table = RotaryTable(
                headSize: given.headSize, base: given.base, positions: 4096, style: style)
            for (one, expected) in zip(given.cases, result) {
                var head = buffer(floats(one.x))
                scalar.rotate(
                    &head, layout: RowLayout(stride: given.headSize), rowCount: 1, headCount: 1,
                    headSize: given.headSize, firstPosition: one.position, table: table)
                #expect(bits(head.array()) == words(expected))
            }
        }
    }
}
