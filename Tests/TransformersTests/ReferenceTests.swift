import Foundation
import Tensors
import Testing
import Tokenizers
import Transformers

/// One file with the section that it is compared with.
struct ReferenceFile: Sendable, CustomTestStringConvertible {
    var path: String
    var section: String
    /// Largest allowed distance of a logit from the float32 reference.
    var tolerance: Float
    /// Largest allowed relative distance of a perplexity.
    var perplexityTolerance: Double

    var testDescription: String { path }

    func load() throws -> ReferenceSection {
        let parts = section.split(separator: "/").map(String.init)
        if parts.count == 1 {
            return try Reference.json(ReferenceSection.self, parts[0] + ".json")
        }
        let all = try Reference.json(ReferenceVariants.self, parts[0] + ".json")
        return try #require(all.variants[parts[1]])
    }
}

/// Where the tolerances come from. Models of this size keep rounded numbers in two terms, which
/// leaves what Float32 itself leaves, and, of rows rounded to 8 bits twice, some ten thousandths.
/// F32 files lose their weights' last 13 bits, which is why they are compared with the section of
/// the F16 file (the same weights after rounding), and once more, with a wider margin, with their
/// own.
private let files = [
    ReferenceFile(
        path: "stories260K/stories260K-F16.gguf", section: "stories260K/F16", tolerance: 0.0002,
        perplexityTolerance: 0.00002),
    ReferenceFile(
        path: "stories260K/stories260K-F32.gguf", section: "stories260K/F16", tolerance: 0.0002,
        perplexityTolerance: 0.00002),
    ReferenceFile(
        path: "stories260K/stories260K-F32.gguf", section: "stories260K/F32", tolerance: 0.015,
        perplexityTolerance: 0.0001),
    ReferenceFile(
        path: "stories260K/hf", section: "stories260K/F32", tolerance: 0.015,
        perplexityTolerance: 0.0001),
    ReferenceFile(
        path: "stories260K/stories260K-BF16.gguf", section: "stories260K/BF16", tolerance: 0.0002,
        perplexityTolerance: 0.00002),
    ReferenceFile(
        path: "stories260K/stories260K-Q8_0.gguf", section: "stories260K/Q8_0", tolerance: 0.002,
        perplexityTolerance: 0.00005),
    ReferenceFile(
        path: "stories260K/stories260K-Q4_0.gguf", section: "stories260K/Q4_0", tolerance: 0.002,
        perplexityTolerance: 0.00005),
    ReferenceFile(
        path: "random/rand-llama-k/rand-llama-k-Q4_K_M.gguf", section: "rand-llama-k/Q4_K_M",
        tolerance: 0.002, perplexityTolerance: 0.00005),
    ReferenceFile(
        path: "random/rand-llama-k/rand-llama-k-Q6_K.gguf", section: "rand-llama-k/Q6_K",
        tolerance: 0.002, perplexityTolerance: 0.00005),
    ReferenceFile(
        path: "random/rand-llama/hf", section: "rand-llama", tolerance: 0.0002,
        perplexityTolerance: 0.00002),
    ReferenceFile(
        path: "random/rand-llama/rand-llama-F16.gguf", section: "rand-llama", tolerance: 0.0002,
        perplexityTolerance: 0.00002),
    ReferenceFile(
        path: "random/rand-llama-k/rand-llama-k-F16.gguf", section: "rand-llama-k/F16",
        tolerance: 0.0002, perplexityTolerance: 0.00002),
    ReferenceFile(
        path: "random/rand-qwen2/hf", section: "rand-qwen2", tolerance: 0.0002,
        perplexityTolerance: 0.00002),
    ReferenceFile(
        path: "random/rand-qwen2/rand-qwen2-F16.gguf", section: "rand-qwen2", tolerance: 0.0002,
        perplexityTolerance: 0.00002),
    ReferenceFile(
        path: "random/rand-qwen3/hf", section: "rand-qwen3", tolerance: 0.0002,
        perplexityTolerance: 0.00002),
    ReferenceFile(
        path: "random/rand-qwen3/rand-qwen3-F16.gguf", section: "rand-qwen3", tolerance: 0.0002,
        perplexityTolerance: 0.00002),
    ReferenceFile(
        path: "random/rand-llama-k/hf", section: "rand-llama-k/F16", tolerance: 0.0002,
        perplexityTolerance: 0.00002),
]

@Suite(.enabled(if: Reference.isPresent)) struct `a checkpoint of the reference kit` {
    @Test(arguments: files) func `continues prompts as the reference does`(file: ReferenceFile)
        throws
    {
        let model = try Reference.model(file.path)
        let section = try file.load()
        #expect(!section.cases.isEmpty)
        for reference in section.cases {
            let count = reference.stepCount
            var generation = try Generation(
                promptIDs: reference.promptIDs,
                settings: GenerationSettings(maximumTokenCount: max(1, count)),
                vocabularySize: model.shape.vocabularySize,
                contextLength: model.shape.contextLength)
            var run = LocalRun(
                model, kernels: fastestKernels, positionCount: generation.positionCountMaximum,
                rowCountMaximum: 64)
            run.run(&generation)
            #expect(
                Array(generation.answerIDs.prefix(count))
                    == Array(reference.greedyIDs.prefix(count)))
        }
    }

    @Test(arguments: files) func `shows the text of the reference`(file: ReferenceFile) throws {
        let model = try Reference.model(file.path)
        let tokenizer = try model.ends.makeTokenizer()
        for reference in try file.load().cases {
            let promptIDs = tokenizer.encode(
                reference.prompt, addSpecial: true, parseSpecial: true)
            #expect(promptIDs == reference.promptIDs)
            // Bytes that are no UTF-8 are shown in more than one way.
            guard reference.stepCount >= reference.greedyIDs.count,
                !reference.fullText.contains("\u{FFFD}")
            else { continue }
            var generation = try Generation(
                promptIDs: promptIDs,
                settings: GenerationSettings(maximumTokenCount: reference.greedyIDs.count),
                vocabularySize: model.shape.vocabularySize,
                contextLength: model.shape.contextLength)
            var run = LocalRun(
                model, kernels: fastestKernels, positionCount: generation.positionCountMaximum,
                rowCountMaximum: 64)
            run.run(&generation)
            let text = tokenizer.decode(generation.ids, skipSpecial: true)
            #expect(text == reference.fullText)
        }
    }

    @Test func `ends at a stop string`() throws {
        let model = try Reference.model("stories260K/stories260K-F16.gguf")
        let tokenizer = try model.ends.makeTokenizer()
        var generation = try Generation(
            promptIDs: tokenizer.encode("Once upon a time", addSpecial: true, parseSpecial: false),
            settings: GenerationSettings(stopStrings: ["outside", "in the p"]),
            vocabularySize: model.shape.vocabularySize, contextLength: model.shape.contextLength)
        var run = LocalRun(
            model, kernels: fastestKernels, positionCount: generation.positionCountMaximum,
            rowCountMaximum: 64)
        var decoder = StreamingDecoder(tokenizer, startsText: false)
        var stops = StopStrings(generation.settings.stopStrings)
        var text = ""
        run.run(&generation) { id in
            text += stops.append(decoder.append(id))
            return !stops.isFound
        }
        #expect(text == ", there was a little girl named Lily. She loved to play ")
        #expect(generation.finishReason == .stop)
    }

    @Test(arguments: files) func `has the logits of the reference`(file: ReferenceFile) throws {
        let model = try Reference.model(file.path)
        var largest: Float = 0
        for reference in try file.load().cases {
            let ids = reference.promptIDs
            var run = LocalRun(
                model, kernels: fastestKernels, positionCount: ids.count,
                rowCountMaximum: ids.count)
            run.append(ids[...])
            let last = run.logits(row: ids.count - 1)
            try #require(last.count == reference.lastLogits.count)
            for (logit, expected) in zip(last, reference.lastLogits) {
                largest = max(largest, abs(logit - expected))
            }
            for (row, best) in reference.top5.enumerated() {
                let logits = run.logits(row: row)
                for pair in best { largest = max(largest, abs(logits[Int(pair[0])] - pair[1])) }
            }
        }
        print("\(file.path) against \(file.section): largest logit difference \(largest)")
        #expect(largest > 0 && largest < file.tolerance)
    }

    @Test(arguments: files.filter { !$0.section.hasPrefix("rand-llama-k") })
    func `finds texts as likely as the reference does`(file: ReferenceFile)
        throws
    {
        let model = try Reference.model(file.path)
        for text in try #require(try file.load().perplexity) {
            var run = LocalRun(
                model, kernels: fastestKernels, positionCount: text.ids.count,
                rowCountMaximum: text.ids.count)
            run.append(text.ids[...])
            var losses: [Double] = []
            for row in 0..<text.ids.count - 1 {
                let logits = run.logits(row: row).map { Double($0) }
                let highest = logits.max() ?? 0
                let sum = logits.reduce(0) { $0 + exp($1 - highest) }
                losses.append(log(sum) + highest - logits[text.ids[row + 1]])
            }
            let perplexity = exp(losses.reduce(0, +) / Double(losses.count))
            let distance = abs(perplexity / text.perplexity - 1)
            print("\(file.path): perplexity \(perplexity), reference \(text.perplexity)")
            #expect(distance < file.perplexityTolerance)
            for (loss, expected) in zip(losses, text.first) { #expect(abs(loss - expected) < 0.01) }
        }
    }
}
