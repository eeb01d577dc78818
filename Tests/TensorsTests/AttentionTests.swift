import Glibc
import Primitives
import Tensors
import Testing

/// Keys, values and queries of some positions, and what a level makes of them.
private struct Scene {
    let queryHeads: Int
    let heads: Int
    let headSize: Int
    let positions: Int
    let query: [Float]
    let keys: [Float]
    let values: [Float]
    let rule: AttentionRule

    init(
        queryHeads: Int, heads: Int, headSize: Int, positions: Int, seed: UInt64,
        window: Int? = nil, cap: Float? = nil, seesAll: Bool = false
    ) {
        rule = AttentionRule(
            scale: 1 / Float(headSize).squareRoot(), window: window, cap: cap, seesAll: seesAll)
        var random = SeededRandom(seed: seed)
        self.queryHeads = queryHeads
        self.heads = heads
        self.headSize = headSize
        self.positions = positions
        // Even and small, so that softmax spreads over many positions.
        query = (0..<positions * queryHeads * headSize).map { _ in random.even() }
        keys = (0..<positions * heads * headSize).map { _ in random.even() }
        values = random.numbers(positions * heads * headSize)
    }

    /// Feeds the positions in steps of the given sizes; returns all rows of the output.
    func attend(
        _ kernels: Kernels, steps: [Int], crew: some Crew = SerialCrew(), spare: Int = 5,
        pagePositionCount: Int = 64
    ) -> [Float] {
        var cache = makeCache(
            headCount: heads, headSize: headSize, capacity: positions + spare,
            pagePositionCount: pagePositionCount)
        var scratch = FloatBuffer(
            count: Kernels.attentionScratchCount(queryHeadCount: queryHeads, cache: cache))
        let (width, cachedWidth) = (queryHeads * headSize, heads * headSize)
        let q = buffer(query)
        let k = buffer(keys)
        let v = buffer(values)
        var output = FloatBuffer(count: positions * width)
        for step in steps {
            let first = cache.count
            let cached = RowLayout(offset: first * cachedWidth, stride: cachedWidth)
            cache.append(
                keys: k, keyLayout: cached, values: v, valueLayout: cached, rowCount: step)
            let rows = RowLayout(offset: first * width, stride: width)
            kernels.attend(
                query: q, queryLayout: rows, rowCount: step, queryHeadCount: queryHeads,
                cache: cache, layer: 0, positionCount: cache.count, rule: rule, scratch: &scratch,
                into: &output, outputLayout: rows,
                crew: crew)
        }
        return output.array()
    }

    /// The textbook formula in double, over keys and values rounded to half; beside each result the
    /// same sum of magnitudes, which is what rounding errors are measured by.
    func reference() -> [(value: Double, magnitude: Double)] {
        let k = scalar.floats(halfBits: scalar.halfBits(keys)).map { Double($0) }
        let v = scalar.floats(halfBits: scalar.halfBits(values)).map { Double($0) }
        var output: [(value: Double, magnitude: Double)] = []
        for position in 0..<positions {
            for head in 0..<queryHeads {
                let cached = head / (queryHeads / heads)
                let start = (position * queryHeads + head) * headSize
                let seen = rule.seesAll ? 0..<positions : 0..<position + 1
                let first = max(0, position + 1 - (rule.window ?? positions))
                let weights = seen.map { other in
                    guard other >= first else { return 0.0 }
                    let score = (0..<headSize).reduce(0.0) { sum, i in
                        sum + Double(query[start + i]) * k[(other * heads + cached) * headSize + i]
                    }
                    let scaled = score * Double(rule.scale)
                    guard let cap = rule.cap.map({ Double($0) }) else { return exp(scaled) }
                    return exp(cap * tanh(scaled / cap))
                }
                let total = weights.reduce(0, +)
                for i in 0..<headSize {
                    let terms = seen.map { other in
                        weights[other] * v[(other * heads + cached) * headSize + i] / total
                    }
                    output.append(
                        (terms.reduce(0, +), terms.map(\.magnitude).reduce(0, +)))
                }
            }
        }
        return output
    }
}

@Suite struct Attention {
    @Test(arguments: [(4, 4, 32), (8, 2, 64), (6, 2, 40), (3, 1, 7)])
    func `agrees with the textbook formula in double`(shape: (Int, Int, Int)) {
        func compare(window: Int? = nil, cap: Float? = nil, seesAll: Bool = false) {
            let scene = Scene(
                queryHeads: shape.0, heads: shape.1, headSize: shape.2, positions: 45, seed: 31,
                window: window, cap: cap, seesAll: seesAll)
            let result = scene.attend(scalar, steps: [45])
            for (value, reference) in zip(result, scene.reference()) {
                #expect((Double(value) - reference.value).magnitude < 3e-6 * reference.magnitude)
            }
        }
        compare()
        compare(window: 7)
        compare(window: 40, cap: 2)
        compare(seesAll: true)
    }

    @Test(arguments: [44, 45] as [UInt64])
    func `encoders see all positions, with the same bits at every level`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<8 {
            let heads = 1 + random.below(3)
            let scene = Scene(
                queryHeads: heads, heads: heads, headSize: 1 + random.below(80),
                positions: 1 + random.below(110), seed: random.next(), seesAll: true)
            let expected = bits(scene.attend(scalar, steps: [scene.positions]))
            for level in fastLevels {
                let result = scene.attend(
                    Kernels(level: level), steps: [scene.positions],
                    crew: BackwardCrew(memberCount: 3), pagePositionCount: 32)
                #expect(bits(result) == expected, "\(level)")
            }
        }
    }

    @Test(arguments: [41, 42, 43] as [UInt64])
    func `has the same bits at every level, in any steps and pages, with any crew`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<8 {
            let heads = 1 + random.below(3)
            let scene = Scene(
                queryHeads: heads * (1 + random.below(5)), heads: heads,
                headSize: 1 + random.below(80), positions: 1 + random.below(110),
                seed: random.next(), window: random.below(2) == 0 ? 1 + random.below(90) : nil,
                cap: random.below(2) == 0 ? 3 : nil)
            let expected = bits(
                scene.attend(scalar, steps: Array(repeating: 1, count: scene.positions)))
            var steps: [Int] = []
            while steps.reduce(0, +) < scene.positions {
                let left = scene.positions - steps.reduce(0, +)
                steps.append(min(left, 1 + random.below(20)))
            }
            for level in fastLevels + [.scalar] {
                let kernels = Kernels(level: level)
                for plan in [steps, [scene.positions]] {
                    let result = scene.attend(
                        kernels, steps: plan, crew: BackwardCrew(memberCount: 3),
                        spare: random.below(100), pagePositionCount: 32 * (1 + random.below(3)))
                    #expect(bits(result) == expected, "\(level), steps \(plan)")
                }
            }
        }
    }

    @Test func `large scores neither overflow nor turn into NaN`() {
        var cache = makeCache(headCount: 1, headSize: 2, capacity: 3)
        var scratch = FloatBuffer(
            count: Kernels.attentionScratchCount(queryHeadCount: 1, cache: cache))
        let keys = buffer([60_000, 0, -60_000, 0, 0, 0])
        let values = buffer([1, 2, 3, 4, 5, 6])
        let rows = RowLayout(stride: 2)
        cache.append(
            keys: keys, keyLayout: rows, values: values, valueLayout: rows, rowCount: 3)
        let query = buffer([1e6, 0])
        for level in fastLevels + [.scalar] {
            var output = FloatBuffer(count: 2)
            Kernels(level: level).attend(
                query: query, queryLayout: rows, rowCount: 1, queryHeadCount: 1, cache: cache,
                layer: 0, positionCount: cache.count, rule: AttentionRule(scale: 1),
                scratch: &scratch, into: &output,
                crew: SerialCrew())
            #expect(output.array() == [1, 2])
        }
    }

    @Test func `a truncated cache goes on as if the rest had never been`() {
        let rows = RowLayout(stride: 4)
        let numbers = (0..<12).map { Float($0) / 8 }
        func run(_ detour: Bool) -> [Float] {
            var cache = makeCache(headCount: 1, headSize: 4, capacity: 4)
            var scratch = FloatBuffer(
                count: Kernels.attentionScratchCount(queryHeadCount: 2, cache: cache))
            let source = buffer(numbers)
            cache.append(
                keys: source, keyLayout: rows, values: source, valueLayout: rows, rowCount: 1)
            if detour {
                let other = buffer(numbers.map { 9 - $0 })
                cache.append(
                    keys: other, keyLayout: rows, values: other, valueLayout: rows, rowCount: 3)
                cache.truncate(to: 1)
            }
            let second = RowLayout(offset: 4, stride: 4)
            cache.append(
                keys: source, keyLayout: second, values: source, valueLayout: second, rowCount: 1)
            var output = FloatBuffer(count: 8)
            scalar.attend(
                query: source, queryLayout: RowLayout(stride: 8), rowCount: 1, queryHeadCount: 2,
                cache: cache, layer: 0, positionCount: cache.count, rule: AttentionRule(scale: 0.5),
                scratch: &scratch,
                into: &output, crew: SerialCrew())
            return output.array()
        }
        #expect(bits(run(true)) == bits(run(false)))
    }

    @Test(arguments: [(1, 7), (3, 40)])
    func `a cache rebuilt from its bytes has the same bits`(shape: (Int, Int)) {
        let (heads, headSize) = shape
        var random = SeededRandom(seed: 5)
        let layout = KeyValueLayout(
            layerCount: 2, headCount: heads, headSize: headSize, pagePositionCount: 32)
        var cache = KeyValueCache(layout, capacity: 70)
        for _ in 0..<3 { cache.addPage() }
        let width = heads * headSize
        let keys = (0..<2).map { _ in random.numbers(50 * width) }
        let values = (0..<2).map { _ in random.numbers(50 * width) }
        for layer in 0..<2 {
            let rows = RowLayout(stride: width)
            cache.write(
                layer: layer, keys: buffer(keys[layer]), keyLayout: rows,
                values: buffer(values[layer]), valueLayout: rows, rowCount: 50,
                kernels: scalar)
        }
        cache.advance(by: 50)
        let bytes = cache.bytes(of: 0..<50)
        #expect(bytes.count == 50 * 2 * 2 * 2 * width)
        // Position 33: keys of layer 0, its values, then layer 1's.
        let expected = (0..<2).flatMap { layer in
            [keys, values].flatMap { scalar.halfBits(Array($0[layer][33 * width..<34 * width])) }
        }
        let told = cache.bytes(of: 33..<34)
        #expect(
            expected
                == stride(from: 0, to: told.count, by: 2).map {
                    UInt16(told[$0]) | UInt16(told[$0 + 1]) << 8
                })
        let other = KeyValueLayout(
            layerCount: 2, headCount: heads, headSize: headSize, pagePositionCount: 64)
        var copy = KeyValueCache(other, capacity: 64)
        copy.addPage()
        var isTaken: [Bool] = []
        for part in [
            cache.bytes(of: 0..<20), cache.bytes(of: 20..<50), Array(bytes.dropLast()), bytes,
        ] { isTaken.append(copy.append(bytes: part)) }
        #expect(isTaken == [true, true, false, false])
        let (count, copied) = (copy.count, copy.bytes(of: 0..<50))
        #expect(count == 50 && copied == bytes)
    }

    @Test func `a page outlives the cache that it comes from, and a copy the page`() {
        let layout = KeyValueLayout(
            layerCount: 2, headCount: 2, headSize: 40, pagePositionCount: 64)
        var random = SeededRandom(seed: 9)
        let rows = RowLayout(stride: 80)
        let numbers = buffer(random.numbers(150 * 80))
        func fill(_ cache: inout KeyValueCache, rowCount: Int) {
            for layer in 0..<2 {
                cache.write(
                    layer: layer, keys: numbers, keyLayout: rows, values: numbers,
                    valueLayout: rows, rowCount: rowCount, kernels: scalar)
            }
            cache.advance(by: rowCount)
        }
        var first = KeyValueCache(layout, capacity: 192)
        for _ in 0..<3 { first.addPage() }
        fill(&first, rowCount: 150)
        var second = KeyValueCache(layout, capacity: 192)
        for page in first.pages.prefix(2) { second.add(page) }
        second.advance(by: 128)
        let expected = first.bytes(of: 0..<128)
        second.copyPage(at: 1)
        first.removeAll()
        let after = second.bytes(of: 0..<128)
        #expect(after == expected)
        // What the first cache gave up is free for others, who see none of it.
        first.addPage()
        fill(&first, rowCount: 64)
        let (again, still) = (first.bytes(of: 0..<64), second.bytes(of: 0..<128))
        #expect(again == Array(expected.prefix(again.count)) && still == expected)
    }

    @Test func `more positions than fit trap`() async {
        await #expect(processExitsWith: .failure) {
            var cache = makeCache(
                headCount: 1, headSize: 1, capacity: 32, pagePositionCount: 32)
            let source = FloatBuffer(count: 33)
            let rows = RowLayout(stride: 1)
            cache.append(
                keys: source, keyLayout: rows, values: source, valueLayout: rows, rowCount: 33)
        }
    }
}
