/// What only encoders have: BERT and RoBERTa, as sentence-transformers publish them.
extension HuggingFaceConfiguration {
    /// Parts of a sentence-transformers model that are computed here: one vector of unit length.
    private static let modules = ["Transformer", "Pooling", "Normalize"]

    /// How rows become one vector, and where the table of positions begins.
    mutating func readEncoder(_ directory: HuggingFaceFiles) throws(CheckpointError) {
        if json["model_type"] != .string("bert") {
            skippedPositionCount = 1 + (try integer("pad_token_id") ?? 1)
        }
        if let count = try integer("max_position_embeddings") {
            guard count > skippedPositionCount else {
                throw wrong(
                    "max_position_embeddings", "more than \(skippedPositionCount)",
                    json["max_position_embeddings"])
            }
            let most = try textLimit(directory) ?? count
            let read = min(count - skippedPositionCount, most)
            readPositionCount = read
            add(read, for: "context_length")
        }
        guard json["is_decoder"]?.bool != true else {
            throw .unsupported(
                file: "config.json", what: "is_decoder", found: "true", supported: ["false"])
        }
        let positions = json["position_embedding_type"]?.string ?? "absolute"
        guard positions == "absolute" else {
            throw .unsupported(
                file: "config.json", what: "position_embedding_type", found: positions,
                supported: ["absolute"])
        }
        try requireKnownModules(directory)
        let file = try SafetensorsDirectory.poolingFile { name throws(CheckpointError) in
            try directory.json(name)
        }
        guard let pooling = try directory.json(file) else { return }
        var modes: [String] = []
        if let mode = pooling["pooling_mode"]?.string { modes = [mode] }
        for (key, value) in zip(pooling.object?.keys ?? [], pooling.object?.values ?? [])
        where key.hasPrefix("pooling_mode_") && value == .bool(true) {
            modes.append(String(key.dropFirst("pooling_mode_".utf8.count)))
        }
        // GGUF's numbers; 0 where it is another, or several side by side.
        switch modes {
        // A sum by the root of the count is longer than the mean, and no different at length 1.
        case [], ["mean"], ["mean_tokens"], ["mean_sqrt_len_tokens"]: add(1, for: "pooling_type")
        case ["cls"], ["cls_token"]: add(2, for: "pooling_type")
        default: add(0, for: "pooling_type")
        }
    }

    /// Beyond so many tokens sentence-transformers cut a text; nil where they say nothing. Where
    /// they leave it open, the tokenizer's own limit counts.
    private func textLimit(_ directory: HuggingFaceFiles) throws(CheckpointError) -> Int? {
        let key = "max_seq_length"
        for kind in ["bert", "roberta", "camembert", "xlm-roberta"] {
            let file = "sentence_\(kind)_config.json"
            guard let json = try directory.json(file) else { continue }
            guard let limit = json[key], limit != .null else { break }
            guard let count = limit.integer, count > 0 else {
                throw .metadata(
                    file: file, key: key, expected: "a positive integer", found: limit.kind)
            }
            return count
        }
        // A huge number stands for no limit.
        let own = try directory.json("tokenizer_config.json")?["model_max_length"]?.integer
        return own.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Throws where a layer follows that would be left out, and the vector be another.
    private func requireKnownModules(_ directory: HuggingFaceFiles) throws(CheckpointError) {
        let file = SafetensorsDirectory.modulesFile
        for module in try directory.json(file)?.array ?? [] {
            let name = SafetensorsDirectory.name(ofModule: module)
            guard Self.modules.contains(name) else {
                throw .unsupported(
                    file: file, what: "part of an encoder", found: name, supported: Self.modules)
            }
        }
    }
}

extension SafetensorsDirectory {
    /// What sentence-transformers make of an encoder, step by step.
    static let modulesFile = "modules.json"

    /// `Pooling` of `sentence_transformers.models.Pooling`.
    static func name(ofModule module: JSONValue) -> String {
        let type = module["type"]?.string ?? module.kind
        return type.split(separator: ".").last.map { String($0) } ?? type
    }

    /// The file, in a folder of its own, that says how rows become one vector. `json` reads a file
    /// of the directory.
    public static func poolingFile(
        _ json: (String) throws(CheckpointError) -> JSONValue?
    ) throws(CheckpointError) -> String {
        for module in try json(modulesFile)?.array ?? [] where name(ofModule: module) == "Pooling" {
            guard let path = module["path"]?.string, !path.isEmpty else { continue }
            guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
                throw .metadata(
                    file: modulesFile, key: "path", expected: "a folder of the model's",
                    found: "'\(path)'")
            }
            return path + "/config.json"
        }
        return "1_Pooling/config.json"
    }
}
