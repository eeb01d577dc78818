import Primitives
import Runtime
import Tensors

/// The decode product beside a probe that only reads: both in turn over the same memory, so the
/// ratio holds when the machine's speed drifts.
enum KernelBench {
    private static let outputCount = 8_192
    private static let inputCount = 2_048
    /// More weights than any cache holds.
    private static let matrixCount = 16

    static func run() {
        let byteCount = PanelMatrix.byteCount(outputCount: outputCount, inputCount: inputCount)
        let bytes = WeightBytes(byteCount: byteCount * matrixCount) {
            (span: inout MutableRawSpan) in
            // Untouched pages would all be the same zero page.
            for offset in stride(from: 0, to: byteCount * matrixCount, by: 4_096) {
                span.write([1, 60], at: offset)
            }
        }
        for level in KernelLevel.allCases where level.isSupported && level != .scalar {
            measure(Kernels(level: level), bytes, byteCount)
        }
    }

    private static func measure(_ kernels: Kernels, _ bytes: WeightBytes, _ byteCount: Int) {
        var x = FloatBuffer(count: inputCount)
        for index in 0..<inputCount { x[index] = Float(index % 7) - 3 }
        var y = FloatBuffer(count: outputCount)
        var scratch = ProductScratch(rowCount: 1, inputCount: inputCount)
        var ratios: [Double] = []
        var speeds: [Double] = []
        var sum: UInt64 = 0
        for round in 0..<96 {
            let offset = (round % matrixCount) * byteCount
            let matrix = PanelMatrix(
                bytes: bytes, byteOffset: offset, outputCount: outputCount, inputCount: inputCount)
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
            "decode product \(outputCount)x\(inputCount), \(kernels.level.rawValue), one thread",
            "\(rounded(median(speeds))) GB/s, \(rounded(median(ratios))) of the read probe")
        // The sum is looked at, so that the reads are made.
        if sum == 1 { report("probe", "odd") }
    }
}
