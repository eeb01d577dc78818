import Primitives
import Runtime
import Tensors
import Transformers

/// What a machine can do at most, measured with the threads that a model gets.
struct MachineLimits {
    /// More memory than any cache holds, for probes.
    let memory: WeightBytes
    let readBytesPerSecond: Double
    let operationsPerSecond: Double
    let byteOperationsPerSecond: Double

    init(kernels: Kernels, crew: ThreadCrew) {
        memory = WeightBytes(byteCount: 256 << 20) { (span: inout MutableRawSpan) in
            // Pages never written would all be the same page of zeros.
            for offset in stride(from: 0, to: span.byteCount, by: 4_096) {
                span.write([1, 60], at: offset)
            }
        }
        let memory = memory
        readBytesPerSecond = (0..<8).reduce(0) { best, _ in
            max(best, Self.readProbe(memory, kernels, crew))
        }
        func peak(_ isQuantized: Bool) -> Double {
            (0..<20).reduce(0) { best, _ in
                let start = SystemClock.now()
                crew.run(partCount: crew.memberCount) { _ in
                    _ = kernels.multiplyProbe(isQuantized: isQuantized, roundCount: 500)
                }
                let seconds = SystemClock.now().since(start).seconds
                let count = kernels.multiplyProbe(isQuantized: isQuantized, roundCount: 1) * 500
                return max(best, Double(2 * count * crew.memberCount) / max(seconds, 1e-9))
            }
        }
        operationsPerSecond = peak(false)
        byteOperationsPerSecond = peak(true)
    }

    /// Bytes per second of one reading of the probe's memory.
    static func readProbe(_ memory: WeightBytes, _ kernels: Kernels, _ crew: ThreadCrew) -> Double {
        let partSize = 2 << 20
        let start = SystemClock.now()
        crew.run(partCount: memory.byteCount / partSize) { index in
            _ = kernels.readProbe(memory, range: index * partSize..<(index + 1) * partSize)
        }
        return Double(memory.byteCount) / max(SystemClock.now().since(start).seconds, 1e-9)
    }
}

/// Prefill and decode of one model, each beside its limit.
struct ModelBench {
    let model: LocalModel
    let kernels: Kernels
    let crew: ThreadCrew
    let limits: MachineLimits

    struct Result {
        var test: String
        var tokensPerSecond: Double
        var share: Double
        var limit: String
    }

    /// Multiplications of weights for one position in all layers.
    private var layerWork: Double {
        let shape = model.shape
        return Double(shape.layerCount) * (cachingWork + outputWork)
    }

    /// Of one layer, for queries, keys and values.
    private var cachingWork: Double {
        Double(model.shape.hiddenSize * (model.shape.querySize + 2 * model.shape.keyValueSize))
    }

    /// Of one layer, for what goes on to the next: the last one's is wanted of one position alone.
    private var outputWork: Double {
        let shape = model.shape
        return Double(shape.hiddenSize * (shape.querySize + 3 * shape.feedForwardSize))
    }

    /// Multiplications of keys and of values for a prompt of `count` tokens: each position has a
    /// product with all up to its own; in the last layer only the last one's are wanted.
    private func attentionWork(_ count: Int) -> Double {
        let (shape, window) = (model.shape, model.shape.numbers.window)
        let windowed = shape.numbers.windowedLayers.dropLast().count { $0 }
        let reached = (1...count).reduce(count) { sum, positions in
            sum + (shape.layerCount - 1 - windowed) * positions
                + windowed * min(positions, window)
        }
        return Double(2 * shape.querySize * reached)
    }

    /// The best of a few runs of a prompt of `count` tokens, logits of its last token included.
    func prefill(_ count: Int) -> Result {
        let rowCount = min(count, Limits.rowsPerStep)
        var best = Double.infinity
        var run = LocalRun(
            model, kernels: kernels, positionCount: count, rowCountMaximum: rowCount)
        let ids = ids(0, count)
        // The first try takes memory.
        for _ in 0..<4 {
            run.truncate(to: 0)
            let start = SystemClock.now()
            for first in stride(from: 0, to: count, by: rowCount) {
                let end = min(count, first + rowCount)
                run.append(ids[first..<end], outputRowCount: end == count ? 1 : 0, crew: crew)
            }
            _ = run.logits(row: 0, crew: crew)
            best = min(best, SystemClock.now().since(start).seconds)
        }
        let isBytes = model.isQuantized
        let work = layerWork * Double(count) - outputWork * Double(count - 1)
        let peak = isBytes ? limits.byteOperationsPerSecond : limits.operationsPerSecond
        // Scores and sums over values are Float32 whatever the weights are.
        let leastSeconds = 2 * work / peak + 2 * attentionWork(count) / limits.operationsPerSecond
        return Result(
            test: "prefill \(count)", tokensPerSecond: Double(count) / best,
            share: leastSeconds / best,
            limit: isBytes ? "multiply peak of bytes" : "multiply peak")
    }

    /// Tokens one after the other, a reading of memory between each two: the medians of both.
    func decode(_ count: Int) -> Result {
        let count = min(count, model.shape.contextLength - 1)
        var run = LocalRun(
            model, kernels: kernels, positionCount: count + 1, rowCountMaximum: 1)
        run.append([0], crew: crew)
        var (times, shares): ([Double], [Double]) = ([], [])
        for index in 0..<count {
            let probe = MachineLimits.readProbe(limits.memory, kernels, crew)
            let start = SystemClock.now()
            run.append([index % model.shape.vocabularySize], crew: crew)
            _ = run.logits(row: 0, crew: crew)
            let seconds = SystemClock.now().since(start).seconds
            times.append(seconds)
            shares.append(Double(model.readByteCount) / seconds / probe)
        }
        return Result(
            test: "decode", tokensPerSecond: 1 / times.sorted()[count / 2],
            share: shares.sorted()[count / 2], limit: "memory read between its tokens")
    }

    /// Positions that requests at once hold before the first measured step.
    private static let promptRowCount = 16

    /// Steps of `requestCount` requests at once, one token each, a reading of memory between each
    /// two steps: the medians of both. The limit is the slower of reading and multiplying.
    func decode(_ count: Int, requestCount: Int) -> Result {
        let shape = model.shape
        let prompt = min(Self.promptRowCount, shape.contextLength - 1)
        let count = min(count, shape.contextLength - prompt)
        let forward = Forward(
            shape: shape, kernels: kernels, positionCountMaximum: prompt + count)
        let states = (0..<requestCount).map { _ in
            KeyValueState(shape: shape, layers: shape.layers, capacity: prompt + count)
        }
        let rowCount = max(prompt, requestCount)
        var hidden = FloatBuffer(count: rowCount * shape.hiddenSize)
        var scratch = ForwardScratch(shape: shape, rowCountMaximum: rowCount)
        var ends = EndsScratch(shape: shape, rowCountMaximum: requestCount)
        for state in states {
            model.ends.embed(ids(0, prompt), into: &hidden, kernels: kernels)
            forward.run(
                model.layers, hidden: &hidden, startPosition: 0, rowCount: prompt, state: state,
                scratch: &scratch, crew: crew)
        }
        let batch = states.map { Segment(state: $0, rowCount: 1) }
        let work = Double(requestCount) * (layerWork + headWork)
        let peak = model.isQuantized ? limits.byteOperationsPerSecond : limits.operationsPerSecond
        var (times, shares): ([Double], [Double]) = ([], [])
        for index in 0..<count {
            let probe = MachineLimits.readProbe(limits.memory, kernels, crew)
            let start = SystemClock.now()
            model.ends.embed(ids(index, requestCount), into: &hidden, kernels: kernels)
            forward.run(
                model.layers, hidden: &hidden, batch: batch, scratch: &scratch, crew: crew)
            hidden.withSpan { rows in
                model.ends.computeLogits(
                    of: rows.extracting(0..<requestCount * shape.hiddenSize), scratch: &ends,
                    kernels: kernels, crew: crew)
            }
            let seconds = SystemClock.now().since(start).seconds
            times.append(seconds)
            shares.append(max(Double(model.readByteCount) / probe, 2 * work / peak) / seconds)
        }
        return Result(
            test: "decode of \(requestCount)",
            tokensPerSecond: Double(requestCount) / times.sorted()[count / 2],
            share: shares.sorted()[count / 2],
            limit: "slower of reading memory and multiplying")
    }

    private var headWork: Double {
        Double(model.shape.hiddenSize * model.shape.vocabularySize)
    }

    /// Some ids of the vocabulary, other ones from other places.
    private func ids(_ first: Int, _ count: Int) -> ArraySlice<Int> {
        ArraySlice((first..<first + count).map { $0 * 7_919 % model.shape.vocabularySize })
    }
}
