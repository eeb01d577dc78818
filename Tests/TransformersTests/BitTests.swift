import Primitives
import Tensors
import Testing
import Transformers

/// Shapes that differ in what the kernels have to do: whole panels or rests, one head to a group or
/// several, heads smaller and larger than a panel.
enum SmallShape: String, CaseIterable, Sendable {
    case wholePanels, rests, largeHeads, oddHeads
    /// Everything that Gemma, Phi and Mixtral do otherwise.
    case sandwiched, parallel, experts, someDense
    /// Two terms, heads of queries that share cached ones, a window.
    case twoTerms

    func make() throws -> ModelShape {
        switch self {
        case .wholePanels:
            try makeShape(
                options: [.tiedHead], layerCount: 4, feedForwardSize: 160, headCount: 4,
                keyValueHeadCount: 2, headSize: 16, rotaryDivisors: [1, 1, 1, 1.5, 2, 4, 8, 8])
        case .rests: try makeShape(layerCount: 5)
        case .largeHeads:
            try makeShape(
                layerCount: 2, hiddenSize: 96, feedForwardSize: 64, headCount: 2,
                keyValueHeadCount: 1, headSize: 64, rotaryBase: 500_000)
        case .oddHeads:
            try makeShape(
                layerCount: 3, hiddenSize: 50, feedForwardSize: 33, headCount: 3,
                keyValueHeadCount: 3, headSize: 34)
        case .sandwiched, .parallel, .experts, .someDense, .twoTerms: try makeUnusual()
        }
    }

    private func makeUnusual() throws -> ModelShape {
        var numbers = BlockNumbers()
        switch self {
        case .sandwiched:
            numbers.localRotaryBase = 100
            numbers.attentionScale = 0.3
            numbers.attentionSoftCap = 2
            numbers.finalSoftCap = 3
            numbers.embeddingScale = 7
            numbers.window = 9
            numbers.windowedLayers = [true, true, false, true]
            return try makeShape(
                options: [.tiedHead, .rotatedHalves, .queryKeyNorm, .postNorms, .geluTanh],
                layerCount: 4, headSize: 24, numbers: numbers)
        case .parallel:
            numbers.rotatedSize = 6
            return try makeShape(
                options: [
                    .rotatedHalves, .parallel, .layerNorm, .ungated, .gelu, .attentionBias,
                    .outputBias, .feedForwardBias, .headBias, .queryKeyNorm,
                ], headSize: 16, numbers: numbers)
        case .twoTerms:
            numbers.window = 21
            numbers.windowedLayers = [false, true, true]
            return try makeShape(
                options: [.tiedHead, .rotatedHalves, .twoTerms], headCount: 4,
                keyValueHeadCount: 2, headSize: 18, numbers: numbers)
        default:
            numbers.expertCount = 5
            numbers.usedExpertCount = 2
            var options: BlockOptions = [.attentionBias, .normalisedExperts]
            if self == .someDense {
                options.insert(.denseLayers)
                numbers.denseLayers = [true, false, true]
                numbers.denseFeedForwardSize = 76
            }
            return try makeShape(options: options, feedForwardSize: 40, numbers: numbers)
        }
    }

    func model() throws -> LocalModel { RandomModel.make(shape: try make(), seed: 11) }
}

/// Parts in reverse order, and told of as if four members shared them.
private struct ReversedCrew: Crew {
    var memberCount: Int { 4 }
    func run(partCount: Int, work: Int, isLocal: Bool, _ part: @Sendable (Int) -> Void) {
        for index in (0..<partCount).reversed() { part(index) }
    }
}

private let ids = (0..<75).map { ($0 * 37 + 11) % 100 }

extension LocalModel {
    /// The hidden rows of `ids` after the last layer, computed in steps of the given sizes.
    fileprivate func rows(
        stepSizes: [Int], kernels: Kernels = fastestKernels, crew: some Crew = SerialCrew()
    ) -> [UInt32] {
        var run = LocalRun(
            self, kernels: kernels, positionCount: ids.count, rowCountMaximum: ids.count)
        var all: [UInt32] = []
        for size in stepSizes {
            let first = run.positionCount
            run.append(ids[first..<first + size], crew: crew)
            all += run.hiddenRows(size).map(\.bitPattern)
        }
        return all
    }
}

@Suite struct `the bits of a forward pass` {
    @Test(arguments: SmallShape.allCases) func `do not depend on how rows are grouped`(
        small: SmallShape
    ) throws {
        let model = try small.model()
        let whole = model.rows(stepSizes: [ids.count])
        #expect(whole.allSatisfy { Float(bitPattern: $0).isFinite })
        #expect(model.rows(stepSizes: ids.map { _ in 1 }) == whole)
        var random = SeededRandom(seed: 4)
        for _ in 0..<5 {
            var sizes: [Int] = []
            while sizes.reduce(0, +) < ids.count {
                sizes.append(min(1 + random.below(20), ids.count - sizes.reduce(0, +)))
            }
            #expect(model.rows(stepSizes: sizes) == whole, "steps \(sizes)")
        }
    }

    @Test(arguments: SmallShape.allCases) func `do not depend on how layers are split`(
        small: SmallShape
    ) throws {
        let model = try small.model()
        let shape = model.shape
        let whole = model.rows(stepSizes: [40, 35])
        for cut in 0...shape.layerCount {
            let forward = Forward(
                shape: shape, kernels: fastestKernels, positionCountMaximum: ids.count)
            let (first, second) = (LayerRange(0, cut), LayerRange(cut, shape.layerCount))
            let firstState = KeyValueState(shape: shape, layers: first, capacity: ids.count)
            let secondState = KeyValueState(shape: shape, layers: second, capacity: ids.count)
            var scratch = ForwardScratch(shape: shape, rowCountMaximum: 40)
            var hidden = FloatBuffer(count: 40 * shape.hiddenSize)
            var bits: [UInt32] = []
            for (start, count) in [(0, 40), (40, 35)] {
                model.ends.embed(
                    ids[start..<start + count], into: &hidden, kernels: fastestKernels)
                forward.run(
                    Array(model.layers[first.range]), hidden: &hidden, startPosition: start,
                    rowCount: count, state: firstState, scratch: &scratch, crew: SerialCrew())
                // As over a wire: numbers out of one buffer and into another.
                var received = FloatBuffer(count: 40 * shape.hiddenSize)
                received.write(hidden.array(0..<count * shape.hiddenSize))
                forward.run(
                    Array(model.layers[second.range]), hidden: &received, startPosition: start,
                    rowCount: count, state: secondState, scratch: &scratch, crew: SerialCrew())
                bits += received.array(0..<count * shape.hiddenSize).map(\.bitPattern)
            }
            #expect(bits == whole, "cut at \(cut)")
        }
    }

    @Test(arguments: SmallShape.allCases) func `do not depend on who computes which part`(
        small: SmallShape
    ) throws {
        let model = try small.model()
        #expect(
            model.rows(stepSizes: [70, 5], crew: ReversedCrew()) == model.rows(stepSizes: [75]))
    }

    @Test(arguments: SmallShape.allCases) func `are the same at every kernel level`(
        small: SmallShape
    ) throws {
        let model = try small.model()
        let expected = model.rows(stepSizes: [70, 1, 4], kernels: Kernels(level: .scalar))
        var levels: [KernelLevel] = []
        for level in KernelLevel.allCases where level.isSupported {
            #expect(model.rows(stepSizes: [70, 1, 4], kernels: Kernels(level: level)) == expected)
            levels.append(level)
        }
        #expect(levels.contains(.scalar))
    }

    @Test(arguments: SmallShape.allCases) func `do not depend on which outputs are wanted`(
        small: SmallShape
    ) throws {
        let model = try small.model()
        let (shape, width) = (model.shape, model.shape.hiddenSize)
        let whole = model.rows(stepSizes: [ids.count])
        let forward = Forward(
            shape: shape, kernels: fastestKernels, positionCountMaximum: ids.count)
        var scratch = ForwardScratch(shape: shape, rowCountMaximum: ids.count)
        var hidden = FloatBuffer(count: ids.count * width)
        var random = SeededRandom(seed: 9)
        // Three requests with the same ids, in steps of their own sizes that run as one batch.
        let states = (0..<3).map { _ in
            KeyValueState(shape: shape, layers: shape.layers, capacity: ids.count)
        }
        while states.contains(where: { $0.positionCount < ids.count }) {
            let batch = states.map { state in
                let left = ids.count - state.positionCount
                let count = min(left, random.below(30))
                return Segment(
                    state: state, rowCount: count, outputRowCount: random.below(count + 1))
            }
            let ranges = batch.map { segment in
                segment.state.positionCount..<segment.state.positionCount + segment.rowCount
            }
            let batchIDs = ranges.flatMap { ids[$0] }
            model.ends.embed(batchIDs[...], into: &hidden, kernels: fastestKernels)
            forward.run(
                model.layers, hidden: &hidden, batch: batch, scratch: &scratch,
                crew: ReversedCrew())
            var first = 0
            for (segment, range) in zip(batch, ranges) {
                let wanted = (range.upperBound - segment.outputRowCount..<range.upperBound)
                let bits = hidden.array(first * width..<(first + wanted.count) * width)
                #expect(
                    bits.map(\.bitPattern)
                        == Array(whole[wanted.lowerBound * width..<wanted.upperBound * width]))
                first += wanted.count
            }
        }
    }

    @Test func `come again when positions are computed again`() throws {
        let model = try SmallShape.wholePanels.model()
        let shape = model.shape
        let forward = Forward(shape: shape, kernels: fastestKernels)
        let state = KeyValueState(shape: shape, layers: shape.layers, capacity: 75)
        var scratch = ForwardScratch(shape: shape, rowCountMaximum: 75)
        var hidden = FloatBuffer(count: 75 * shape.hiddenSize)
        func step(_ range: Range<Int>) -> [UInt32] {
            model.ends.embed(ids[range], into: &hidden, kernels: fastestKernels)
            forward.run(
                model.layers, hidden: &hidden, startPosition: range.lowerBound,
                rowCount: range.count, state: state, scratch: &scratch, crew: SerialCrew())
            return hidden.array(0..<range.count * shape.hiddenSize).map(\.bitPattern)
        }
        let first = step(0..<75)
        state.truncate(to: 33)
        #expect(step(33..<75) == Array(first[(33 * shape.hiddenSize)...]))
    }
}

@Suite struct `a whole generation` {
    private func answer(
        _ model: LocalModel, prefillRowCount: Int, level: KernelLevel, temperature: Float
    ) throws -> [Int] {
        let settings = GenerationSettings(
            sampling: try SamplingSettings(temperature: temperature, topP: 0.95, seed: 21),
            maximumTokenCount: 40, prefillRowCount: prefillRowCount)
        var generation = try Generation(
            promptIDs: Array(ids[..<30]), settings: settings,
            vocabularySize: model.shape.vocabularySize, contextLength: model.shape.contextLength)
        var run = LocalRun(
            model, kernels: Kernels(level: level),
            positionCount: generation.positionCountMaximum, rowCountMaximum: prefillRowCount)
        run.run(&generation)
        return Array(generation.answerIDs)
    }

    @Test(arguments: SmallShape.allCases) func `is one text for all chunks and all levels`(
        small: SmallShape
    ) throws {
        let model = try small.model()
        let expected = try answer(model, prefillRowCount: 64, level: .scalar, temperature: 1)
        #expect(expected.count == 40 && Set(expected).count > 10)
        for level in KernelLevel.allCases where level.isSupported {
            for count in [1, 7, 30] {
                let other = try answer(
                    model, prefillRowCount: count, level: level, temperature: 1)
                #expect(other == expected, "\(level), \(count) rows a step")
            }
        }
    }

    @Test func `ends when its listener says so`() throws {
        let model = try SmallShape.rests.model()
        var generation = try Generation(
            promptIDs: [1, 2], settings: GenerationSettings(), vocabularySize: 100,
            contextLength: 128)
        var run = LocalRun(model, kernels: fastestKernels, positionCount: 128, rowCountMaximum: 64)
        var told: [Int] = []
        run.run(&generation) { id in
            told.append(id)
            return told.count < 3
        }
        #expect(told.count == 3 && told == Array(generation.answerIDs))
        #expect(generation.finishReason == .stop)
    }
}
