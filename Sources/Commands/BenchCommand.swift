import Primitives
import Runtime
import Tensors
import Transformers

/// `bored bench`: how fast a model runs here, beside what this machine could do at most.
enum BenchCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let tokenCount = try settings.integer("tokens", in: 8...4_096) ?? 32
        let kernels = Kernels(level: try settings.kernelLevel())
        let crew = try ThreadCrew(memberCount: try settings.threadCount())
        let (name, model) = try model(settings)
        let limits = MachineLimits(kernels: kernels, crew: crew)
        let isJSON = settings.wantsJSON
        if !isJSON {
            Console.line(
                "\(kernels.level.rawValue), threads: \(crew.memberCount), memory read "
                    + "\(decimal(limits.readBytesPerSecond / 1e9, 1)) GB/s, multiply peak "
                    + "\(decimal(limits.operationsPerSecond / 1e9, 0)) GFLOP/s, of bytes "
                    + "\(decimal(limits.byteOperationsPerSecond / 1e9, 0)) Gop/s")
        }
        let bench = ModelBench(model: model, kernels: kernels, crew: crew, limits: limits)
        for count in [32, 128, 512] where count < model.shape.contextLength {
            show(bench.prefill(count), name, isJSON)
        }
        show(bench.decode(tokenCount), name, isJSON)
        for count in try requestCounts(settings) {
            show(bench.decode(tokenCount, requestCount: count), name, isJSON)
        }
        return 0
    }

    private static func requestCounts(_ settings: Settings) throws -> [Int] {
        let limit = Limits.shortStepRowCount
        return try (settings.string("requests") ?? "").split(separator: ",").map { word in
            guard let count = Int(word), (1...limit).contains(count) else {
                throw UsageError("--requests takes numbers from 1 to \(limit), not '\(word)'.")
            }
            return count
        }
    }

    /// The model that was named, or a random one of a shape.
    private static func model(_ settings: Settings) throws -> (String, LocalModel) {
        if let shape = settings.string("shape") {
            guard settings.operands.isEmpty else {
                throw UsageError("bored bench takes a model or --shape, not both.")
            }
            guard let known = BenchShape(rawValue: shape) else {
                let names = BenchShape.allCases.map(\.rawValue).joined(separator: " or ")
                throw UsageError("--shape takes \(names), not '\(shape)'.")
            }
            Console.note("Making a random model of the shape \(shape) ...")
            return (shape, RandomModel.make(shape: try known.shape(), seed: 1))
        }
        guard let word = settings.operands.first else {
            throw UsageError("bored bench needs a model, or --shape NAME.")
        }
        let source = try ModelSource.open(word, settings)
        return (source.name, try source.localModel())
    }

    private static func show(_ result: ModelBench.Result, _ name: String, _ isJSON: Bool) {
        if isJSON {
            var line = JSONLine()
            line.add("model", name)
            line.add("test", result.test)
            line.add("tokensPerSecond", raw: JSONText.number(result.tokensPerSecond))
            line.add("shareOfLimit", raw: JSONText.number(result.share))
            line.add("limit", result.limit)
            Console.line(line.text)
        } else {
            Console.line(
                "\(result.test): \(decimal(result.tokensPerSecond, 1)) tokens/s, "
                    + "\(decimal(100 * result.share, 1)) % of the \(result.limit)")
        }
    }
}

/// Shapes of models that people run, for measurements without one.
enum BenchShape: String, CaseIterable {
    case oneBillion = "llama-1b"
    case small = "llama-110m"

    func shape() throws(ModelError) -> ModelShape {
        let isLarge = self == .oneBillion
        return try ModelShape(
            architecture: .llama, options: [], layerCount: isLarge ? 16 : 12,
            hiddenSize: isLarge ? 2_048 : 768, feedForwardSize: isLarge ? 8_192 : 2_048,
            headCount: isLarge ? 32 : 12, keyValueHeadCount: isLarge ? 8 : 12, headSize: 64,
            vocabularySize: 32_000, contextLength: 2_048, normEpsilon: 1e-5, rotaryBase: 10_000)
    }
}
