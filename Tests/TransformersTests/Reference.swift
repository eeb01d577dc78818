import Checkpoints
import Foundation
import Tensors
import Transformers

/// Models and expected results made by other implementations, where this machine has them.
enum Reference {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["BORED_REFERENCE"] {
            return URL(filePath: path)
        }
        let package = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return package.deletingLastPathComponent().appending(path: "shared/models")
    }()

    /// Whether the models are there; says so once where they are not.
    static let isPresent: Bool = {
        let isPresent = FileManager.default.fileExists(atPath: folder.path)
        if !isPresent {
            print("SKIPPED: no reference models at \(folder.path) (set BORED_REFERENCE)")
        }
        return isPresent
    }()

    static func json<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value {
        try JSONDecoder().decode(
            type, from: try Data(contentsOf: folder.appending(path: "reference/" + path)))
    }

    /// A GGUF file, or a directory of safetensors.
    static func checkpoint(_ path: String) throws -> Checkpoint {
        let url = folder.appending(path: path)
        if path.hasSuffix(".gguf") { return try GGUF.open(try region(url)) }
        let files = try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
            .filter { SafetensorsDirectory.isWanted($0) }
        return try SafetensorsDirectory.open(
            try files.map { try region(url.appending(path: $0)) }, name: "reference")
    }

    private static func region(_ url: URL) throws -> NamedRegion {
        NamedRegion(
            name: url.lastPathComponent, region: Region([UInt8](try Data(contentsOf: url))))
    }

    static func model(_ path: String) throws -> LocalModel {
        try LocalModel(try PieceBuilder(try checkpoint(path)))
    }
}

/// What `reference/<model>.json` says of one file.
struct ReferenceSection: Decodable {
    struct Case: Decodable {
        var prompt: String
        var promptIDs: [Int]
        var greedyIDs: [Int]
        var fullText: String
        var safeStepCount: Int
        var top5: [[[Float]]]
        var lastLogits: [Float]

        /// Steps before the best token's lead is so small that it may be lost.
        var stepCount: Int { min(safeStepCount, greedyIDs.count) }

        enum CodingKeys: String, CodingKey {
            case prompt
            case promptIDs = "prompt_ids"
            case greedyIDs = "greedy_ids"
            case fullText = "full_text"
            case safeStepCount = "steps_before_first_margin_below_0_01"
            case top5 = "top5_first_positions"
            case lastLogits = "last_prompt_position_logits"
        }
    }

    struct Perplexity: Decodable {
        var text: String
        var ids: [Int]
        var perplexity: Double
        var first: [Double]

        enum CodingKeys: String, CodingKey {
            case text, ids, perplexity
            case first = "first_16_token_nll"
        }
    }

    var cases: [Case]
    var perplexity: [Perplexity]?
}

struct ReferenceVariants: Decodable {
    var variants: [String: ReferenceSection]
}

let fastestKernels = Kernels(level: .detected)
