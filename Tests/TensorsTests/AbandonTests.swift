import Primitives
import Synchronization
import Tensors
import Testing

/// A crew of two that counts how often somebody could have stopped it.
private final class CountingCrew: Crew {
    let looks = Atomic(0)
    var memberCount: Int { 2 }

    var isAbandoned: Bool {
        looks.add(1, ordering: .relaxed)
        return false
    }

    func run(partCount: Int, work: Int, isLocal: Bool, _ part: @Sendable (Int) -> Void) {
        for index in 0..<partCount where !isAbandoned { part(index) }
    }
}

/// An owner who comes back waits for the parts that run: 20 ms at most, of a core that does 7
/// thousand million multiply-adds a second.
@Suite struct `work that is given up` {
    private let most = 1 << 27

    @Test(arguments: [
        (1, 2_048, 8_192), (16, 8_192, 2_048), (256, 2_048, 8_192), (256, 8_192, 2_048),
        (256, 28_672, 128), (512, 768, 2_304),
    ])
    func `is asked about often enough in a product`(shape: (Int, Int, Int)) {
        let (rows, inputs, outputs) = shape
        let matrix = PanelMatrix(
            bytes: WeightBytes(byteCount: 2 * inputs * outputs) { _ in }, byteOffset: 0,
            outputCount: outputs, inputCount: inputs)
        let crew = CountingCrew()
        var y = FloatBuffer(count: rows * outputs)
        var scratch = ProductScratch(rowCount: 0, inputCount: 0)
        Kernels(level: .detected).multiply(
            matrix, by: FloatBuffer(count: rows * inputs), rowCount: rows, into: &y,
            scratch: &scratch, crew: crew)
        // All parts of these shapes are of one size.
        let looks = crew.looks.load(ordering: .relaxed)
        #expect(rows * inputs * outputs / looks <= most, "\(looks) looks")
    }

    @Test(arguments: [(4, 64, 4_096), (8, 128, 30_000)])
    func `is asked about often enough in attention`(shape: (Int, Int, Int)) {
        let (groups, headSize, positions) = shape
        let (rows, heads) = (64, 2)
        let width = groups * heads * headSize
        let cache = makeCache(headCount: heads, headSize: headSize, capacity: positions)
        let crew = CountingCrew()
        var output = FloatBuffer(count: rows * width)
        var scratch = FloatBuffer(
            count: Kernels.attentionScratchCount(queryHeadCount: groups * heads, cache: cache))
        Kernels(level: .detected).attend(
            query: FloatBuffer(count: rows * width), queryLayout: RowLayout(stride: width),
            rowCount: rows, queryHeadCount: groups * heads, cache: cache, layer: 0,
            positionCount: positions, rule: AttentionRule(scale: 1), scratch: &scratch,
            into: &output, crew: crew)
        let looks = crew.looks.load(ordering: .relaxed)
        #expect(2 * rows * width * positions / looks <= most, "\(looks) looks")
    }
}
