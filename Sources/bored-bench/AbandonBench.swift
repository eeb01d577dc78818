import Primitives
import Runtime
import Tensors
import Transformers

/// How long a running step goes on after its node gave it up: an owner is back.
enum AbandonBench {
    /// Two layers of a model of 1 billion parameters: a step looks as often in each.
    private static func shape() throws -> ModelShape {
        try ModelShape(
            architecture: .llama, options: [.tiedHead], layerCount: 2, hiddenSize: 2_048,
            feedForwardSize: 8_192, headCount: 32, keyValueHeadCount: 8, headSize: 64,
            vocabularySize: 512, contextLength: 4_096, normEpsilon: 1e-5, rotaryBase: 10_000)
    }

    static func run() throws {
        let shape = try shape()
        let model = RandomModel.make(shape: shape, seed: 1)
        let rowCount = Limits.rowsPerStep
        let ids = (0..<rowCount).map { $0 % shape.vocabularySize }
        for threadCount in [1, 2] {
            let crew = try ThreadCrew(memberCount: threadCount)
            var run = LocalRun(
                model, kernels: Kernels(level: .detected), positionCount: shape.contextLength,
                rowCountMaximum: rowCount)
            let whole = seconds { run.append(ids[...], crew: crew) }
            var late: [Double] = []
            for index in 0..<60 {
                let moment =
                    SystemClock.now()
                    + .microseconds(
                        Int(whole * 1e6) * (index + 1) / 64)
                crew.abandon(at: moment)
                run.append(ids[...], crew: crew)
                late.append(SystemClock.now().since(moment).seconds)
                crew.resume()
                run.truncate(to: rowCount)
            }
            report(
                "a step of \(rowCount) rows given up, threads: \(threadCount)",
                "over after \(rounded(1e3 * median(late))) ms, at most "
                    + "\(rounded(1e3 * (late.max() ?? 0))) ms, of \(rounded(1e3 * whole)) ms")
        }
    }
}
