import Foundation
import Primitives
import Tensors

/// Levels that this machine can run, the scalar one left out; the others are named loudly.
let fastLevels: [KernelLevel] = {
    let fast = KernelLevel.allCases.filter { $0 != .scalar }
    let missing = fast.filter { !$0.isSupported }.map(\.rawValue).joined(separator: ", ")
    if !missing.isEmpty { print("SKIPPED: this machine can't run the kernel levels \(missing)") }
    return fast.filter(\.isSupported)
}()

let scalar = Kernels(level: .scalar)

extension SeededRandom {
    /// Between -1 and 1, with a few numbers a hundred times as large.
    mutating func number() -> Float {
        below(50) == 0 ? even() * 100 : even()
    }

    /// Evenly between -1 and 1.
    mutating func even() -> Float { Float(below(2_000_001) - 1_000_000) / 1_000_000 }

    mutating func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in number() } }

    /// A Float32 of any finite bits.
    mutating func anyFinite() -> Float {
        while true {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: next()))
            if value.isFinite { return value }
        }
    }
}

func buffer(_ numbers: [Float]) -> FloatBuffer {
    var buffer = FloatBuffer(count: numbers.count)
    buffer.write(numbers)
    return buffer
}

func bits(_ numbers: [Float]) -> [UInt32] { numbers.map(\.bitPattern) }

func matrix(_ halves: [UInt16], outputs: Int, inputs: Int) -> PanelMatrix {
    let panels = PanelMatrix.pack(rows: halves, outputCount: outputs, inputCount: inputs)
    return PanelMatrix(
        bytes: WeightBytes(copying: panels), byteOffset: 0, outputCount: outputs,
        inputCount: inputs)
}

func product(
    _ kernels: Kernels, _ weights: PanelMatrix, _ x: [Float], rows: Int,
    isTwoTerm: Bool = false, crew: some Crew = SerialCrew()
) -> [Float] {
    let input = buffer(x)
    var output = FloatBuffer(count: rows * weights.outputCount)
    var scratch = ProductScratch(
        rowCount: rows, inputCount: weights.inputCount,
        twoTermOutputCount: isTwoTerm ? weights.outputCount : nil)
    kernels.multiply(
        weights, by: input, rowCount: rows, into: &output, scratch: &scratch, crew: crew)
    return output.array()
}

func vector(_ numbers: [Float]) -> FloatVector {
    let bytes = numbers.flatMap { number in
        (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
    }
    return FloatVector(bytes: WeightBytes(copying: bytes), byteOffset: 0, count: numbers.count)
}

/// Claims several members and runs the parts backwards: order must not matter.
struct BackwardCrew: Crew {
    let memberCount: Int

    func run(partCount: Int, work: Int, isLocal: Bool, _ part: @Sendable (Int) -> Void) {
        for index in (0..<partCount).reversed() { part(index) }
    }
}

/// Distance in units in the last place between a result and a reference in double.
func ulps(_ value: Float, _ reference: Double) -> Double {
    let nearest = Float(reference)
    let unit = nearest.magnitude < .leastNormalMagnitude ? Float.leastNonzeroMagnitude : nearest.ulp
    return (Double(value) - reference).magnitude / Double(unit)
}

/// A file of the reference models; nil, said loudly, where they are not here.
func reference(_ name: String) -> Data? {
    let path = ProcessInfo.processInfo.environment["BORED_REFERENCE"] ?? "../shared/models"
    let data = try? Data(contentsOf: URL(filePath: path).appending(path: name))
    if data == nil { print("SKIPPED: no \(path)/\(name); set BORED_REFERENCE") }
    return data
}

/// A cache of one layer with all its pages.
func makeCache(
    headCount: Int, headSize: Int, capacity: Int, pagePositionCount: Int = 64
) -> KeyValueCache {
    let layout = KeyValueLayout(
        layerCount: 1, headCount: headCount, headSize: headSize,
        pagePositionCount: pagePositionCount)
    var cache = KeyValueCache(layout, capacity: capacity)
    while cache.pagedCount < cache.capacity { cache.addPage() }
    return cache
}

extension KeyValueCache {
    /// Writes and holds positions of the only layer.
    mutating func append(
        keys: borrowing FloatBuffer, keyLayout: RowLayout, values: borrowing FloatBuffer,
        valueLayout: RowLayout, rowCount: Int
    ) {
        write(
            layer: 0, keys: keys, keyLayout: keyLayout, values: values, valueLayout: valueLayout,
            rowCount: rowCount, kernels: Kernels(level: .detected))
        advance(by: rowCount)
    }
}
