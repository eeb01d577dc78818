import Checkpoints
import Primitives

/// A vocabulary as it was kept before there was `tokenizer.json`: `vocab.json` with `merges.txt`,
/// or `vocab.txt`.
///
/// What comes before and behind the vocabulary such files don't say: it follows from the class that
/// `tokenizer_config.json` names, or from the model's architecture (transformers,
/// `models/*/tokenization_*.py`). It is written down here as `tokenizer.json` would say it.
struct OlderVocabulary {
    static let mapName = "vocab.json"
    static let mergesName = "merges.txt"
    static let listName = "vocab.txt"

    /// What texts are made of, and which special pieces there are where no file names them.
    enum Family {
        case gpt2, qwen2, roberta, bert

        /// The family of a class of transformers, or nil.
        init?(className: String) {
            switch className.hasSuffix("Fast") ? String(className.dropLast(4)) : className {
            case "GPT2Tokenizer", "CodeGenTokenizer": self = .gpt2
            case "Qwen2Tokenizer": self = .qwen2
            case "RobertaTokenizer": self = .roberta
            case "BertTokenizer": self = .bert
            default: return nil
            }
        }

        /// The family of an architecture (GGUF's name or transformers') whose files name no class.
        init?(architecture: String, isList: Bool) {
            switch architecture {
            case "qwen2", "qwen3", "qwen3moe", "qwen3_moe": self = .qwen2
            case "phi", "phi2": self = .gpt2
            case "bert", "roberta": self = isList ? .bert : .roberta
            default: return nil
            }
        }

        var specialTexts: [String: String] {
            let end = "<|endoftext|>"
            return switch self {
            case .gpt2: ["bos_token": end, "eos_token": end, "unk_token": end]
            case .qwen2: ["eos_token": end, "unk_token": end, "pad_token": end]
            case .roberta:
                [
                    "bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>",
                    "cls_token": "<s>", "unk_token": "<unk>", "pad_token": "<pad>",
                    "mask_token": "<mask>",
                ]
            case .bert:
                [
                    "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]",
                    "cls_token": "[CLS]", "mask_token": "[MASK]",
                ]
            }
        }

        /// Whether the vocabulary is `vocab.txt`.
        var isList: Bool { self == .bert }
    }

    let family: Family
    /// Ids by text.
    let vocabulary: JSONObject
    let merges: [JSONValue]

    /// Reads the files; nil where there are none.
    init?(_ checkpoint: Checkpoint, _ configuration: JSONValue?) throws(CheckpointError) {
        guard let name = Self.name(in: checkpoint) else { return nil }
        guard let family = Self.family(of: checkpoint, configuration) else {
            throw .unsupported(
                file: name, what: "tokenizer_class of a folder without tokenizer.json",
                found: configuration?["tokenizer_class"]?.string ?? "none",
                supported: [
                    "GPT2Tokenizer", "CodeGenTokenizer", "Qwen2Tokenizer", "RobertaTokenizer",
                    "BertTokenizer (vocab.txt)",
                ])
        }
        self.family = family
        vocabulary = try family.isList ? Self.list(checkpoint) : Self.map(checkpoint)
        merges = family.isList ? [] : try Self.merges(checkpoint)
    }

    /// The file that holds a vocabulary of this kind, or nil.
    private static func name(in checkpoint: Checkpoint) -> String? {
        [mapName, listName].first { checkpoint.file(named: $0) != nil }
    }

    /// What the files of a folder are, or nil where there are none or nobody says how to read them.
    static func family(of checkpoint: Checkpoint, _ configuration: JSONValue?) -> Family? {
        guard let name = name(in: checkpoint) else { return nil }
        let isList = name == listName
        let family =
            if let className = configuration?["tokenizer_class"]?.string {
                Family(className: className)
            } else {
                Family(architecture: checkpoint.architecture, isList: isList)
            }
        return family?.isList == isList ? family : nil
    }

    private static func map(_ checkpoint: Checkpoint) throws(CheckpointError) -> JSONObject {
        let json = try checkpoint.json(named: mapName)
        guard let map = json?.object else {
            throw .metadata(
                file: mapName, key: "the whole file", expected: "an object of ids by text",
                found: json?.kind ?? "nothing")
        }
        for (text, value) in zip(map.keys, map.values) {
            guard let id = value.integer, (0..<Limits.vocabularyCount).contains(id) else {
                throw .metadata(
                    file: mapName, key: String(text.prefix(80)),
                    expected: "an id from 0 to \(Limits.vocabularyCount - 1)", found: value.kind)
            }
        }
        return map
    }

    /// A piece in each line, whose id is the number of the line. The last of two equal ones counts.
    private static func list(_ checkpoint: Checkpoint) throws(CheckpointError) -> JSONObject {
        let lines = try lines(of: listName, checkpoint)
        guard lines.count <= Limits.vocabularyCount else {
            throw .malformed(
                file: listName, offset: 0, expected: "at most \(Limits.vocabularyCount) lines",
                found: "\(lines.count)")
        }
        var object = JSONObject()
        for (id, text) in lines.enumerated().reversed() {
            object.add(.integer(Int64(id)), for: text)
        }
        return object
    }

    private static func merges(_ checkpoint: Checkpoint) throws(CheckpointError) -> [JSONValue] {
        var merges: [JSONValue] = []
        for (index, line) in try lines(of: mergesName, checkpoint).enumerated() {
            guard !line.isEmpty, !line.hasPrefix("#version") else { continue }
            guard MergePair(line: line) != nil else {
                throw .metadata(
                    file: mergesName, key: "line \(index + 1)",
                    expected: "two pieces with a space between them",
                    found: "'\(line.prefix(80))'")
            }
            merges.append(.string(line))
        }
        return merges
    }

    private static func lines(of name: String, _ checkpoint: Checkpoint) throws(CheckpointError)
        -> [String]
    {
        guard let region = checkpoint.file(named: name) else {
            throw .missingFile(name: name, wantedBy: mapName)
        }
        var lines = region.bytes.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        var texts: [String] = []
        for line in lines {
            let end = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard let text = String(validating: end, as: UTF8.self) else {
                throw .malformed(
                    file: name, offset: line.startIndex, expected: "a line of UTF-8",
                    found: "\(line.count) other bytes")
            }
            texts.append(text)
        }
        return texts
    }
}
