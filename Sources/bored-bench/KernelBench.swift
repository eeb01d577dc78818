import Primitives
import Runtime
import Tensors

/// Products of one row beside a probe that only reads, in turn over the same memory, and products
/// of many rows beside one that only multiplies: the ratios hold when the machine's speed drifts.
enum KernelBench {
    private static let outputCount = 8_192
    private static let inputCount = 2_048

    static func run() {
        // More weights than any cache holds, for every format.
        let byteCount = 512 << 20
        let bytes = WeightBytes(byteCount: byteCount) { (span: inout MutableRawSpan) in
            // Untouched pages would all be the same zero page.
            for offset in stride(from: 0, to: byteCount, by: 4_096) {
                span.write([1, 36], at: offset)
            }
        }
        for level in KernelLevel.allCases where level.isSupported && level != .scalar {
            for format in WeightFormat.allCases {
                decode(Kernels(level: level), bytes, format)
                for rowCount in [4, 16, 128] {
                    many(Kernels(level: level), bytes, format, rowCount)
                }
            }
        }
        compareThreads()
    }

    /// Two threads in turn with one: whatever else the machine does, they are not to be slower.
    static func compareThreads() {
        let kernels = Kernels(level: .detected)
        let bytes = WeightBytes(byteCount: 64 << 20) { (span: inout MutableRawSpan) in
            for offset in stride(from: 0, to: 64 << 20, by: 4_096) {
                span.write([1, 36], at: offset)
            }
        }
        let matrix = PanelMatrix(
            bytes: bytes, byteOffset: 0, outputCount: outputCount, inputCount: inputCount)
        guard let crew = try? ThreadCrew(memberCount: 2) else { return }
        for rowCount in [1, 16] {
            let x = row(rowCount * inputCount)
            var y = FloatBuffer(count: rowCount * outputCount)
            var scratch = ProductScratch(rowCount: 0, inputCount: 0)
            var (one, two) = (0.0, 0.0)
            for _ in 0..<100 {
                one += seconds {
                    kernels.multiply(
                        matrix, by: x, rowCount: rowCount, into: &y, scratch: &scratch,
                        crew: SerialCrew())
                }
                two += seconds {
                    kernels.multiply(
                        matrix, by: x, rowCount: rowCount, into: &y, scratch: &scratch, crew: crew)
                }
            }
            report("two threads, \(rowCount) rows", "\(rounded(one / two)) times one thread")
        }
        compareHandover(crew)
    }

    /// What it takes to hand a loop to another thread and to have it back, and what parts add.
    private static func compareHandover(_ crew: ThreadCrew) {
        for (partCount, isLocal) in [(2, true), (16, true), (16, false)] {
            var times: [Double] = []
            for _ in 0..<2_000 {
                times.append(seconds { crew.run(partCount: partCount, isLocal: isLocal) { _ in } })
            }
            let way = isLocal ? "local" : "shared"
            report(
                "two threads, \(partCount) empty \(way) parts",
                "\(rounded(median(times) * 1e6)) microseconds")
        }
    }

    private static func row(_ count: Int) -> FloatBuffer {
        var x = FloatBuffer(count: count)
        for index in 0..<count { x[index] = Float(index % 7) - 3 }
        return x
    }

    private static func decode(_ kernels: Kernels, _ bytes: WeightBytes, _ format: WeightFormat) {
        let byteCount = PanelMatrix.byteCount(
            outputCount: outputCount, inputCount: inputCount, format: format)
        let matrixCount = bytes.byteCount / byteCount
        let x = row(inputCount)
        var y = FloatBuffer(count: outputCount)
        var scratch = ProductScratch(rowCount: 1, inputCount: inputCount)
        var ratios: [Double] = []
        var speeds: [Double] = []
        var sum: UInt64 = 0
        for round in 0..<96 {
            let matrix = PanelMatrix(
                bytes: bytes, byteOffset: (round % matrixCount) * byteCount,
                outputCount: outputCount, inputCount: inputCount, format: format)
            let product = seconds {
                kernels.multiply(
                    matrix, by: x, rowCount: 1, into: &y, scratch: &scratch, crew: SerialCrew())
            }
            let other = (round + matrixCount / 2) % matrixCount * byteCount
            let probe = seconds {
                sum &+= kernels.readProbe(bytes, range: other..<other + byteCount)
            }
            ratios.append(probe / product)
            speeds.append(Double(byteCount) / product / 1e9)
        }
        report(
            "\(kernels.level.rawValue), \(format.name), one row",
            "\(rounded(median(speeds))) GB/s, \(rounded(median(ratios))) of the read probe")
        // The sum is looked at, so that the reads are made.
        if sum == 1 { report("probe", "odd") }
    }

    /// A slice of outputs that takes about a millisecond, the best of several turns.
    private static func many(
        _ kernels: Kernels, _ bytes: WeightBytes, _ format: WeightFormat, _ rowCount: Int
    ) {
        let outputs = 16_384 / rowCount
        let matrix = PanelMatrix(
            bytes: bytes, byteOffset: 0, outputCount: outputs, inputCount: inputCount,
            format: format)
        let x = row(rowCount * inputCount)
        var y = FloatBuffer(count: rowCount * outputs)
        var scratch = ProductScratch(rowCount: rowCount, inputCount: inputCount)
        var (speed, peak) = (0.0, 0.0)
        for _ in 0..<60 {
            let product = seconds {
                kernels.multiply(
                    matrix, by: x, rowCount: rowCount, into: &y, scratch: &scratch,
                    crew: SerialCrew())
            }
            speed = max(speed, Double(2 * rowCount * outputs * inputCount) / product)
            var count = 0
            let probe = seconds {
                count = kernels.multiplyProbe(
                    isQuantized: format != .float16, roundCount: 200)
            }
            peak = max(peak, Double(2 * count) / probe)
        }
        report(
            "\(kernels.level.rawValue), \(format.name), \(rowCount) rows",
            "\(rounded(speed / 1e9)) Gop/s, \(rounded(speed / peak)) of the multiply probe")
    }
}
