import Checkpoints
import Foundation
import Primitives
import Testing
import Transformers

/// Tiny models of every architecture and what transformers computes with them, where
/// `Scripts/reference_models.py` has made them in the folder of `BORED_MADE_MODELS`.
private enum MadeModels {
    static let names: [String] = {
        guard let path = ProcessInfo.processInfo.environment["BORED_MADE_MODELS"] else {
            print("SKIPPED: no made models (BORED_MADE_MODELS, Scripts/reference_models.py)")
            return []
        }
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted().map {
            path + "/" + $0
        }
    }()

    /// The model's folder, and its file `model.gguf` where llama.cpp's converter has made one.
    static func checkpoints(_ path: String) throws -> [Checkpoint] {
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        let files = try names.map { name in
            let data = try Data(contentsOf: URL(filePath: path + "/" + name))
            return NamedRegion(name: name, region: Region([UInt8](data)))
        }
        let wanted = files.filter { SafetensorsDirectory.isWanted($0.name) }
        var all = [try SafetensorsDirectory.open(wanted, name: "made")]
        for file in files where file.name == "model.gguf" { all.append(try GGUF.open(file)) }
        return all
    }
}

private struct MadeReference: Decodable {
    struct Case: Decodable {
        var ids: [Int]
        var logits: [[Float]]?
        var embedding: [Float]?
        var greedy: [Int]?
        var safeSteps: Int?

        enum CodingKeys: String, CodingKey {
            case ids, logits, embedding, greedy
            case safeSteps = "safe_steps"
        }
    }
    var cases: [Case]
}

@Suite(.enabled(if: !MadeModels.names.isEmpty)) struct `a model of any architecture` {
    @Test(arguments: MadeModels.names) func `computes what transformers computes`(path: String)
        throws
    {
        for checkpoint in try MadeModels.checkpoints(path) {
            try compare(checkpoint, path)
        }
    }

    private func compare(_ checkpoint: Checkpoint, _ path: String) throws {
        let builder = try PieceBuilder(checkpoint, tokenizerBytes: [])
        let data = try Data(contentsOf: URL(filePath: path + "/reference.json"))
        let reference = try JSONDecoder().decode(MadeReference.self, from: data)
        #expect(!reference.cases.isEmpty)
        let model =
            builder.shape.options.contains(.encoder) ? nil : try LocalModel(builder)
        for one in reference.cases {
            if let embedding = one.embedding {
                let vector = try Encoder(builder, kernels: fastestKernels).embed(one.ids)
                for (number, expected) in zip(vector, embedding) {
                    #expect(abs(number - expected) < 0.003)
                }
            }
            if let logits = one.logits, let model {
                #expect(distance(model, one.ids, logits) < 0.06, "\(path), \(one.ids.count) ids")
            }
            if let greedy = one.greedy, let model {
                let count = one.safeSteps ?? 0
                #expect(try continuation(model, one.ids, count) == Array(greedy.prefix(count)))
            }
        }
    }

    private func distance(_ model: LocalModel, _ ids: [Int], _ logits: [[Float]]) -> Float {
        var run = LocalRun(
            model, kernels: fastestKernels, positionCount: ids.count, rowCountMaximum: ids.count)
        run.append(ids[...])
        var largest: Float = 0
        for (row, expected) in logits.enumerated() {
            for (logit, other) in zip(run.logits(row: row), expected) {
                largest = max(largest, abs(logit - other))
            }
        }
        return largest
    }

    private func continuation(_ model: LocalModel, _ ids: [Int], _ count: Int) throws -> [Int] {
        guard count > 0 else { return [] }
        var generation = try Generation(
            promptIDs: ids, settings: GenerationSettings(maximumTokenCount: count),
            vocabularySize: model.shape.vocabularySize, contextLength: model.shape.contextLength)
        var run = LocalRun(
            model, kernels: fastestKernels, positionCount: generation.positionCountMaximum,
            rowCountMaximum: 64)
        run.run(&generation)
        return Array(generation.answerIDs)
    }
}
