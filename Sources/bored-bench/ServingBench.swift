import Primitives
import Runtime
import Tensors
import Transformers

/// What a stage makes of several requests, what a chain makes of two stages, what drafting makes of
/// a slow way: ratios of runs that take turns.
enum ServingBench {
    /// The shape of a model of 110 million parameters, with a small vocabulary.
    static func shape() throws -> ModelShape {
        try ModelShape(
            architecture: .llama, options: [.tiedHead], layerCount: 12, hiddenSize: 768,
            feedForwardSize: 2_048, headCount: 12, keyValueHeadCount: 12, headSize: 64,
            vocabularySize: 512, contextLength: 4_096, normEpsilon: 1e-5, rotaryBase: 10_000)
    }

    static func run() throws {
        let shape = try shape()
        let pieces = (0...shape.layerCount).map {
            WeightBytes(copying: RandomModel.piece($0, shape: shape, seed: 1))
        }
        try measurePages(shape)
        try measureChains(shape, Array(pieces.dropFirst()))
        try DraftBench.run(try LocalModel(shape: shape, pieces: pieces))
    }

    // MARK: pages

    /// Attention of one position over many, in pages and in one piece, in turn; several layers, so
    /// that no cache holds them.
    private static func measurePages(_ shape: ModelShape) throws {
        let count = 4_096
        let kernels = Kernels(level: .detected)
        var query = FloatBuffer(count: shape.querySize)
        for index in 0..<query.count { query[index] = Float(index % 13) / 13 - 0.5 }
        var output = FloatBuffer(count: shape.querySize)
        let pageSize = KeyValueLayout.pagePositionCountDefault
        let paged = filledCache(shape, pageSize: pageSize, count, kernels)
        let whole = filledCache(shape, pageSize: count, count, kernels)
        var scratch = FloatBuffer(
            count: Kernels.attentionScratchCount(queryHeadCount: shape.headCount, cache: paged))
        func time(_ cache: borrowing KeyValueCache) -> Double {
            seconds {
                for layer in 0..<cache.layout.layerCount {
                    kernels.attend(
                        query: query, queryLayout: RowLayout(stride: shape.querySize), rowCount: 1,
                        queryHeadCount: shape.headCount, cache: cache, layer: layer,
                        positionCount: count, rule: AttentionRule(scale: 0.125), scratch: &scratch,
                        into: &output, crew: SerialCrew())
                }
            }
        }
        let ratios = (0..<20).map { _ in time(whole) / time(paged) }.sorted()
        report(
            "attention over \(count) positions, in pages of \(pageSize) beside one piece",
            "\(rounded(ratios[ratios.count / 2])) of the speed")
    }

    private static func filledCache(
        _ shape: ModelShape, pageSize: Int, _ count: Int, _ kernels: Kernels
    ) -> KeyValueCache {
        let layout = KeyValueLayout(
            layerCount: 8, headCount: shape.keyValueHeadCount, headSize: shape.headSize,
            pagePositionCount: pageSize)
        var cache = KeyValueCache(layout, capacity: count)
        while cache.pagedCount < count { cache.addPage() }
        // Untouched memory would all be the same zeros.
        var rows = FloatBuffer(count: count * shape.keyValueSize)
        for index in 0..<rows.count { rows[index] = Float(index % 7) / 7 }
        let tight = RowLayout(stride: shape.keyValueSize)
        for layer in 0..<layout.layerCount {
            cache.write(
                layer: layer, keys: rows, keyLayout: tight, values: rows, valueLayout: tight,
                rowCount: count, kernels: kernels)
        }
        cache.advance(by: count)
        return cache
    }

    // MARK: chains

    private static func measureChains(_ shape: ModelShape, _ pieces: [WeightBytes]) throws {
        let one = try BenchChain(shape, pieces, stageCount: 1)
        let two = try BenchChain(shape, pieces, stageCount: 2)
        var best: [String: Double] = [:]
        func note(_ what: String, _ speed: Double) { best[what] = max(best[what] ?? 0, speed) }
        for _ in 0..<4 {
            note("one prefill", try one.prefill(rowCount: 512))
            note("two prefill", try two.prefill(rowCount: 512))
            for count in [1, 2, 4, 8] {
                note("one decode \(count)", try one.decode(requestCount: count, stepCount: 64))
                note("two decode \(count)", try two.decode(requestCount: count, stepCount: 64))
            }
        }
        func ratio(_ what: String, _ base: String) -> Double {
            rounded((best[what] ?? 0) / max(1e-9, best[base] ?? 0))
        }
        for count in [2, 4, 8] {
            report(
                "\(count) requests at one stage, decoding",
                "\(ratio("one decode \(count)", "one decode 1")) times one request")
        }
        report(
            "prefill over two stages", "\(ratio("two prefill", "one prefill")) times one stage")
        report(
            "one request over two stages, decoding",
            "\(ratio("two decode 1", "one decode 1")) of one stage")
        for count in [2, 4] {
            report(
                "\(count) requests over two stages, decoding",
                "\(ratio("two decode \(count)", "one decode 1")) times one request at one stage")
        }
        one.finish()
        two.finish()
    }
}
