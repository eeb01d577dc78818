import Checkpoints
import Primitives

/// A `tekken.json`: Mistral's vocabulary as mistral-common keeps it. Pieces are bytes in the order
/// in which they are made of others; special pieces have the ids before them.
///
/// Layout and rules: mistral-common, `tokens/tokenizers/tekken.py`; merging: tiktoken.
struct TekkenFile {
    static let name = "tekken.json"

    /// Versions of how chats are written: the older ones have no pieces around a system's text.
    private static let olderVersions = ["v1", "v2", "v3"]
    /// What files that name no special pieces mean, by id.
    private static let olderSpecials = [
        "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]",
        "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]",
        "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
        "[TOOL_CONTENT]",
    ]

    /// How texts are cut into words, in the file's own words.
    let pattern: String
    /// By id.
    private(set) var specials: [String]
    /// By id, less the special pieces.
    private(set) var pieces: [[UInt8]] = []
    let chatTemplate: String

    init(_ json: JSONValue) throws(CheckpointError) {
        let configuration = json["config"] ?? .null
        guard let pattern = configuration["pattern"]?.string else {
            throw Self.wrong("config.pattern", "a string", configuration["pattern"])
        }
        self.pattern = pattern
        let count = try Self.integer("default_vocab_size", 1...Limits.vocabularyCount, in: json)
        let specialCount = try Self.integer("default_num_special_tokens", 0...count, in: json)
        let isOlder = Self.olderVersions.contains(configuration["version"]?.string ?? "")
        chatTemplate = isOlder ? UsualTemplates.mistral : UsualTemplates.mistralWithSystem
        specials = (0..<specialCount).map { "<SPECIAL_\($0)>" }
        try readSpecials(json["special_tokens"])
        try readPieces(json["vocab"], count - specialCount)
    }

    private mutating func readSpecials(_ list: JSONValue?) throws(CheckpointError) {
        guard let list, list != .null else {
            for (id, text) in Self.olderSpecials.enumerated() where id < specials.count {
                specials[id] = text
            }
            return
        }
        for piece in list.array ?? [.null] {
            guard let id = piece["rank"]?.integer, specials.indices.contains(id),
                let text = piece["token_str"]?.string
            else {
                throw Self.wrong(
                    "special_tokens", "a rank below \(specials.count) and a token_str", piece)
            }
            specials[id] = text
        }
    }

    private mutating func readPieces(_ list: JSONValue?, _ count: Int) throws(CheckpointError) {
        guard let list = list?.array, list.count >= count else {
            throw Self.wrong("vocab", "an array of \(count) pieces or more", list)
        }
        pieces.reserveCapacity(count)
        for (rank, piece) in list.prefix(count).enumerated() {
            guard piece["rank"]?.integer == rank,
                let bytes = piece["token_bytes"]?.string.flatMap(bytes(ofBase64:)), !bytes.isEmpty
            else {
                throw Self.wrong(
                    "vocab", "the rank \(rank) and its token_bytes in base64", piece)
            }
            pieces.append(bytes)
        }
    }

    /// Every way in which a piece is two others, in the order of pieces. Longer ones than the limit
    /// are made of nothing: their ways would grow with the square of their length.
    func merges() throws(CheckpointError) -> [TokenizerModel.Merge] {
        var ids: [ArraySlice<UInt8>: Int] = [:]
        ids.reserveCapacity(pieces.count)
        for (rank, piece) in pieces.enumerated() {
            guard ids.updateValue(specials.count + rank, forKey: piece[...]) == nil else {
                throw .metadata(
                    file: Self.name, key: "vocab", expected: "pieces that differ",
                    found: "the bytes of the rank \(rank) twice")
            }
        }
        var merges: [TokenizerModel.Merge] = []
        for (rank, piece) in pieces.enumerated() where piece.count <= Limits.mergedPieceByteCount {
            for middle in piece.indices.dropFirst() {
                guard let left = ids[piece[..<middle]], let right = ids[piece[middle...]] else {
                    continue
                }
                merges.append(
                    TokenizerModel.Merge(left: left, right: right, result: specials.count + rank))
            }
        }
        return merges
    }

    private static func integer(_ key: String, _ range: ClosedRange<Int>, in json: JSONValue)
        throws(CheckpointError) -> Int
    {
        let value = json["config"]?[key]
        guard let integer = value?.integer, range.contains(integer) else {
            throw wrong(
                "config.\(key)", "an integer from \(range.lowerBound) to \(range.upperBound)",
                value)
        }
        return integer
    }

    private static func wrong(_ key: String, _ expected: String, _ found: JSONValue?)
        -> CheckpointError
    {
        .metadata(file: name, key: key, expected: expected, found: found?.kind ?? "no such key")
    }
}

extension TokenizerModel {
    /// Reads `tekken.json`.
    init(tekken file: TekkenFile, _ metadata: Metadata) throws(CheckpointError) {
        guard let pattern = PatternDialect.translated(file.pattern) else {
            throw .unsupported(
                file: TekkenFile.name, what: "regular expression",
                found: String(file.pattern.prefix(80)), supported: ["those that PCRE2 knows"])
        }
        self.init(
            kind: .bytePairs, pieces: file.specials.map { Array($0.utf8) } + file.pieces,
            types: Array(repeating: .control, count: file.specials.count)
                + Array(repeating: .normal, count: file.pieces.count))
        merges = try file.merges()
        splittings = [.isolating(pattern)]
        ignoresMerges = true
        bosID = specialID("<s>")
        prefixIDs = [bosID].compactMap { $0 }
        let ends = try metadata.integers("tokenizer.ggml.eos_token_id")?.map { Int($0) }
        eosIDs = ends ?? [specialID("</s>")].compactMap { $0 }
        try keepEnds(metadata)
        chatTemplate = try metadata.string("tokenizer.chat_template") ?? file.chatTemplate
    }
}
