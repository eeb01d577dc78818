import Foundation
import Primitives
import Tensors
import Testing

/// Blocks of a format as GGML defines them, read the slow and obvious way.
private struct Block {
    /// Whole numbers without their offset, and for each input its scale and minimum.
    var quants: [Int] = []
    var scales: [Float] = []
    var minima: [Float] = []

    init(_ bytes: [UInt8], _ format: WeightFormat) {
        func half(_ at: Int) -> Float {
            Kernels.float(halfBits: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8)
        }
        func add(_ quant: Int, _ scale: Float, _ minimum: Float = 0) {
            quants.append(quant)
            scales.append(scale)
            minima.append(minimum)
        }
        func sixBits(_ group: Int) -> (scale: Float, minimum: Float) {
            let b = bytes[4..<16].map { Int($0) }
            return group < 4
                ? (Float(b[group] & 63), Float(b[group + 4] & 63))
                : (
                    Float(b[group + 4] & 15 | (b[group - 4] >> 6) << 4),
                    Float(b[group + 4] >> 4 | (b[group] >> 6) << 4)
                )
        }
        switch format {
        case .float16: preconditionFailure("no blocks")
        case .q8: for i in 0..<32 { add(Int(Int8(bitPattern: bytes[2 + i])), half(0)) }
        case .q4:
            for i in 0..<32 { add(Int(bytes[2 + i % 16] >> (i < 16 ? 0 : 4) & 15) - 8, half(0)) }
        case .q4K, .q5K:
            let low = format == .q4K ? 16 : 48
            for i in 0..<256 {
                let (scale, minimum) = sixBits(i / 32)
                var quant = Int(bytes[low + i / 64 * 32 + i % 32] >> (i / 32 % 2 == 0 ? 0 : 4) & 15)
                if format == .q5K { quant += Int(bytes[16 + i % 32] >> (i / 32) & 1) * 16 }
                add(quant, half(0) * scale, half(2) * minimum)
            }
        case .q6K:
            for i in 0..<256 {
                let (part, row, column) = (i / 128, i % 128 / 32, i % 32)
                let low = bytes[part * 64 + row % 2 * 32 + column] >> (row / 2 * 4) & 15
                let high = bytes[128 + part * 32 + column] >> (row * 2) & 3
                let scale = Float(Int8(bitPattern: bytes[192 + i / 16]))
                add(Int(low) + Int(high) * 16 - 32, half(208) * scale)
            }
        }
    }

    var floats: [Float] {
        quants.indices.map { Float(quants[$0]) * scales[$0] - minima[$0] }
    }
}

/// A row rounded to 8 bits, as Protocol.md says.
private struct RoundedRow {
    var quants: [Int] = []
    var scales: [Float] = []

    init(_ x: [Float]) {
        for start in stride(from: 0, to: x.count, by: 32) {
            let group = x[start..<start + 32]
            let highest = group.map(\.magnitude).max() ?? 0
            let isZero = highest < 0x1p-100
            scales.append(isZero ? 0 : highest / 127)
            let factor = isZero ? 0 : 127 / highest
            for number in group {
                quants.append(Int((number * factor).rounded(.toNearestOrEven)))
            }
        }
    }
}

/// Rows of random blocks: any whole numbers, scales of either sign.
private struct Scene {
    let format: WeightFormat
    let outputs: Int
    let inputs: Int
    let bytes: [UInt8]

    /// - Parameter byte: what all whole numbers are made of; nil for random ones.
    init(
        _ format: WeightFormat, outputs: Int, blocks: Int, byte: UInt8? = nil,
        _ random: inout SeededRandom
    ) {
        self.format = format
        self.outputs = outputs
        inputs = blocks * format.blockInputCount
        let size = format.blockByteCount
        var bytes = (0..<outputs * blocks * size).map { _ in byte ?? UInt8(random.below(256)) }
        let halves: [Int] =
            switch format {
            case .q6K: [208]
            case .q4K, .q5K: [0, 2]
            default: [0]
            }
        for block in 0..<outputs * blocks {
            for at in halves {
                let half = Kernels.halfBits(random.even() / 64)
                bytes[block * size + at] = UInt8(truncatingIfNeeded: half)
                bytes[block * size + at + 1] = UInt8(half >> 8)
            }
        }
        self.bytes = bytes
    }

    var matrix: PanelMatrix {
        let panels = PanelMatrix.pack(
            bytes: bytes, outputCount: outputs, inputCount: inputs, format: format)
        return PanelMatrix(
            bytes: WeightBytes(copying: panels), byteOffset: 0, outputCount: outputs,
            inputCount: inputs, format: format)
    }

    func row(_ output: Int) -> [Block] {
        let size = format.blockByteCount
        let blocks = inputs / format.blockInputCount
        return (0..<blocks).map { index in
            let start = (output * blocks + index) * size
            return Block(Array(bytes[start..<start + size]), format)
        }
    }

    /// The product of one row, in exact-1's order.
    func product(_ x: [Float]) -> [Float] {
        let rounded = RoundedRow(x)
        let half = format == .q6K ? 16 : 32
        return (0..<outputs).map { output in
            let blocks = row(output)
            let quants = blocks.flatMap(\.quants)
            let scales = blocks.flatMap(\.scales)
            let minima = blocks.flatMap(\.minima)
            var sum: Float = 0
            for start in stride(from: 0, to: inputs, by: half) {
                let range = start..<start + half
                let dot = range.reduce(0) { $0 + quants[$1] * rounded.quants[$1] }
                let scale = rounded.scales[start / 32]
                sum.addProduct(Float(dot), scales[start] * scale)
                guard format == .q4K || format == .q5K else { continue }
                let total = range.reduce(0) { $0 + rounded.quants[$1] }
                sum.addProduct(-minima[start], Float(total) * scale)
            }
            return sum
        }
    }
}

private let quantized: [WeightFormat] = WeightFormat.allCases.filter { $0 != .float16 }

@Suite struct `Quantised weights` {
    @Test(arguments: quantized)
    func `an output is the chain that the protocol defines`(format: WeightFormat) {
        var random = SeededRandom(seed: 51)
        let scene = Scene(format, outputs: 37, blocks: 3, &random)
        let x = random.numbers(scene.inputs)
        let result = product(scalar, scene.matrix, x, rows: 1)
        #expect(bits(result) == bits(scene.product(x)))
    }

    @Test(arguments: quantized)
    func `every level gives the bits of the scalar one on random shapes`(format: WeightFormat) {
        var random = SeededRandom(seed: 52)
        for _ in 0..<25 {
            let blocks = 1 + random.below(format.blockInputCount == 32 ? 25 : 4)
            let scene = Scene(format, outputs: 1 + random.below(200), blocks: blocks, &random)
            let rows = 1 + random.below(random.below(4) == 0 ? 40 : 9)
            var x = random.numbers(rows * scene.inputs)
            // A group of zeros, one too small to tell from it, and one of huge numbers.
            for index in 0..<32 { x[index] = 0 }
            for index in 0..<32 where random.below(2) == 0 {
                x[x.count - 1 - index] *= [0x1p-110, 0x1p100][rows % 2]
            }
            let expected = bits(product(scalar, scene.matrix, x, rows: rows))
            for level in fastLevels {
                let crew = BackwardCrew(memberCount: 1 + random.below(3))
                let result = product(
                    Kernels(level: level), scene.matrix, x, rows: rows, crew: crew)
                #expect(
                    bits(result) == expected,
                    "\(level) \(scene.outputs)x\(scene.inputs), \(rows) rows")
            }
        }
    }

    @Test(arguments: quantized)
    func `few rows give the scalar bits, whatever panels are read side by side`(
        format: WeightFormat
    ) {
        var random = SeededRandom(seed: 55)
        // Eight panels, the last one narrow: streams of two and of three leave some.
        let scene = Scene(format, outputs: 229, blocks: 2, &random)
        for rows in 1...7 {
            let x = random.numbers(rows * scene.inputs)
            let expected = bits(product(scalar, scene.matrix, x, rows: rows))
            for level in fastLevels {
                for members in 1...3 {
                    let crew = BackwardCrew(memberCount: members)
                    let result = product(
                        Kernels(level: level), scene.matrix, x, rows: rows, crew: crew)
                    #expect(bits(result) == expected, "\(level), \(rows) rows, \(members) members")
                }
            }
        }
    }

    @Test(arguments: quantized, [0x00, 0x7F, 0x80, 0xFF] as [UInt8])
    func `the largest whole numbers overflow no sum`(format: WeightFormat, byte: UInt8) {
        var random = SeededRandom(seed: 56)
        let scene = Scene(format, outputs: 40, blocks: 2, byte: byte, &random)
        // Rounded to 127 and -127: all alike, and in turn.
        for pattern in [[1, 1], [-1, -1], [1, -1]] as [[Float]] {
            let row = (0..<scene.inputs).map { pattern[$0 % 2] }
            let expected = bits(scene.product(row))
            for level in fastLevels + [.scalar] {
                for rows in [1, 2, 6] {
                    let x = (0..<rows).flatMap { _ in row }
                    let result = product(Kernels(level: level), scene.matrix, x, rows: rows)
                    #expect(bits(Array(result[..<40])) == expected, "\(level), \(rows) rows")
                    #expect(bits(Array(result.suffix(40))) == expected)
                }
            }
        }
    }

    @Test(arguments: quantized)
    func `a row comes back out of the panels as its blocks say`(format: WeightFormat) {
        var random = SeededRandom(seed: 53)
        let scene = Scene(format, outputs: 70, blocks: 2, &random)
        var row = FloatBuffer(count: scene.inputs + 1)
        for output in [0, 31, 32, 69] {
            scalar.copyRow(output, of: scene.matrix, into: &row, at: 1)
            let expected = scene.row(output).flatMap(\.floats)
            #expect(bits(row.array(1..<scene.inputs + 1)) == bits(expected))
        }
    }

    @Test(arguments: quantized)
    func `panels take the bytes of the rows, and rows of padding up to 32`(format: WeightFormat) {
        let inputs = 3 * format.blockInputCount
        let row = format.rowByteCount(inputCount: inputs)
        for outputs in [1, 32, 33] {
            let count = PanelMatrix.byteCount(
                outputCount: outputs, inputCount: inputs, format: format)
            #expect(count == (outputs + 31) / 32 * 32 * row && count % 64 == 0)
        }
        #expect(!format.holds(inputCount: 48) && !format.holds(inputCount: 0))
    }

    @Test(arguments: quantized)
    func `a number that is none makes its row none, and no other`(format: WeightFormat) {
        var random = SeededRandom(seed: 54)
        let scene = Scene(format, outputs: 33, blocks: 1, &random)
        for wrong in [Float.infinity, -.infinity, .nan] {
            var x = random.numbers(2 * scene.inputs)
            x[7] = wrong
            for level in fastLevels + [.scalar] {
                let y = product(Kernels(level: level), scene.matrix, x, rows: 2)
                #expect(y[..<33].allSatisfy(\.isNaN) && y[33...].allSatisfy(\.isFinite))
            }
        }
    }

    @Test func `blocks of other tools have the values that other tools give them`() throws {
        struct Reference: Decodable {
            struct Vector: Decodable {
                let type: String, raw_base64: Data, dequantized_f32le_base64: Data
            }
            let vectors: [Vector]
        }
        guard let data = reference("reference/quant-blocks.json") else { return }
        let vectors = try JSONDecoder().decode(Reference.self, from: data).vectors
        var seen = 0
        for format in WeightFormat.allCases {
            for vector in vectors where vector.type == format.name {
                let bytes = Array(vector.dequantized_f32le_base64)
                let expected = stride(from: 0, to: bytes.count, by: 4).map { start in
                    Float(
                        bitPattern: bytes[start..<start + 4].reversed().reduce(0) {
                            $0 << 8 | UInt32($1)
                        })
                }
                let panels = PanelMatrix.pack(
                    bytes: Array(vector.raw_base64), outputCount: 1, inputCount: expected.count,
                    format: format)
                let matrix = PanelMatrix(
                    bytes: WeightBytes(copying: panels), byteOffset: 0, outputCount: 1,
                    inputCount: expected.count, format: format)
                var row = FloatBuffer(count: expected.count)
                scalar.copyRow(0, of: matrix, into: &row)
                #expect(row.array() == expected, "\(format.name)")
                seen += 1
            }
        }
        #expect(seen == WeightFormat.allCases.count)
    }
}
