import CAllocations
import Primitives
import Tensors
import Testing
import Transformers

private let ids = (0..<150).map { ($0 * 29 + 5) % 100 }

/// Rows through all layers of a model, with the buffers that this takes.
private struct Runner: ~Copyable {
    let model: LocalModel
    let forward: Forward
    var scratch: ForwardScratch
    var hidden: FloatBuffer

    init(_ model: LocalModel) {
        self.model = model
        forward = Forward(shape: model.shape, kernels: fastestKernels)
        scratch = ForwardScratch(shape: model.shape, rowCountMaximum: ids.count)
        hidden = FloatBuffer(count: ids.count * model.shape.hiddenSize)
    }

    mutating func run(_ range: Range<Int>, _ state: KeyValueState) -> [UInt32] {
        run([(range, state)])[0]
    }

    /// The hidden rows of each part of one batch.
    mutating func run(_ parts: [(range: Range<Int>, state: KeyValueState)]) -> [[UInt32]] {
        let all = parts.flatMap { ids[$0.range] }
        model.ends.embed(all[...], into: &hidden, kernels: fastestKernels)
        forward.run(
            model.layers, hidden: &hidden,
            batch: parts.map { Segment(state: $0.state, rowCount: $0.range.count) },
            scratch: &scratch, crew: SerialCrew())
        var (result, first) = ([[UInt32]](), 0)
        for part in parts {
            let size = model.shape.hiddenSize
            let end = first + part.range.count
            result.append(hidden.array(first * size..<end * size).map(\.bitPattern))
            first = end
        }
        return result
    }
}

@Suite struct `the memory of a request` {
    @Test func `is promised whole and taken page by page`() throws {
        let shape = try SmallShape.wholePanels.make()
        // A page: 32 positions of 4 layers, 2 heads of 16 numbers in whole panels of values.
        let pageByteCount = 32 * 4 * 2 * (16 + 32) * 2
        let pool = KeyValuePool(byteLimit: 5 * pageByteCount)
        let first = try pool.open(shape: shape, layers: shape.layers, capacity: 65)
        #expect(pool.figures.promisedByteCount == 3 * pageByteCount)
        #expect(pool.figures.pageByteCount == 0)
        let refusal = #expect(throws: KeyValueRefusal.self) {
            try pool.open(shape: shape, layers: shape.layers, capacity: 65)
        }
        #expect(refusal?.neededByteCount == 3 * pageByteCount)
        #expect(refusal?.freeByteCount == 2 * pageByteCount)
        first.reserve(rowCount: 33)
        #expect(pool.figures.pageCount == 2 && first.pageCount == 2)
        do {
            let second = try pool.open(
                shape: shape, layers: LayerRange(1, 3), capacity: 128)
            second.reserve(rowCount: 1)
            #expect(pool.freeByteCount == 0 && pool.figures.requestCount == 2)
            #expect(pool.figures.pageByteCount == 2 * pageByteCount + pageByteCount / 2)
        }
        #expect(pool.freeByteCount == 2 * pageByteCount)
        #expect(pool.figures.pageByteCount == 2 * pageByteCount)
    }

    @Test(arguments: SmallShape.allCases) func `goes to another holder as bytes`(
        small: SmallShape
    ) throws {
        var runner = Runner(try small.model())
        let shape = runner.model.shape
        func make() -> KeyValueState {
            KeyValueState(shape: shape, layers: shape.layers, capacity: 100)
        }
        let (whole, cut) = (make(), make())
        let expected = runner.run(0..<100, whole)
        _ = runner.run(0..<70, cut)
        let bytes = cut.bytes(of: 0..<70)
        let numberCount = shape.termCount * shape.layerCount * shape.keyValueSize
        #expect(bytes.count == 70 * numberCount * 4)
        let heir = make()
        let half = 33 * heir.positionByteCount
        #expect(heir.append(bytes: Array(bytes[..<half])))
        #expect(heir.append(bytes: Array(bytes[half...])))
        #expect(heir.positionCount == 70)
        #expect(runner.run(70..<100, heir) == Array(expected[(70 * shape.hiddenSize)...]))
        #expect(!heir.append(bytes: bytes))
    }
}

@Suite struct `a batch` {
    @Test(arguments: SmallShape.allCases, [1, 2, 3] as [UInt64])
    func `changes no bit of anybody's rows`(small: SmallShape, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var runner = Runner(try small.model())
        let shape = runner.model.shape
        let requestCount = 2 + random.below(5)
        // The same ids at the same positions: what differs is how they come.
        let alone = KeyValueState(shape: shape, layers: shape.layers, capacity: 128)
        let expected = runner.run(0..<128, alone)
        let states = (0..<requestCount).map { _ in
            KeyValueState(shape: shape, layers: shape.layers, capacity: 128)
        }
        while states.contains(where: { $0.positionCount < 128 }) {
            var parts: [(range: Range<Int>, state: KeyValueState)] = []
            var left = 150
            for state in states where random.below(3) > 0 {
                let start = state.positionCount
                let wanted = random.below(2) == 0 ? 1 : 1 + random.below(40)
                let count = min(wanted, 128 - start, left)
                parts.append((start..<start + count, state))
                left -= count
            }
            guard !parts.isEmpty else { continue }
            for (part, bits) in zip(parts, runner.run(parts)) {
                let numbers =
                    part.range.lowerBound * shape.hiddenSize..<part.range.upperBound
                    * shape.hiddenSize
                #expect(bits == Array(expected[numbers]))
            }
        }
    }
}

@Suite struct `a decode step` {
    @Test(arguments: SmallShape.allCases) func `allocates nothing`(small: SmallShape) throws {
        var runner = Runner(try small.model())
        let shape = runner.model.shape
        let states = (0..<3).map { _ in
            KeyValueState(shape: shape, layers: shape.layers, capacity: 60)
        }
        let batch = states.map { Segment(state: $0, rowCount: 1) }
        let crew = SerialCrew()
        func step() {
            runner.forward.run(
                runner.model.layers, hidden: &runner.hidden, batch: batch,
                scratch: &runner.scratch, crew: crew)
        }
        // The first takes a page and the scratch.
        step()
        let before = bored_allocation_count()
        let probe = [UInt8](repeating: 1, count: states.count)
        // Where nothing is counted, no count below would say anything.
        #expect(bored_allocation_count() > before && probe.count == 3)
        let start = bored_allocation_count()
        for _ in 0..<30 { step() }
        #expect(bored_allocation_count() == start)
        #expect(states.allSatisfy { $0.positionCount == 31 })
    }
}
