import Primitives

/// Files of a Hugging Face directory, by name.
struct HuggingFaceFiles {
    let files: [NamedRegion]
    private(set) var documents: [String: JSONValue] = [:]

    init(files: [NamedRegion]) { self.files = files }

    /// The document in the file of this name, or nil where there is none.
    func json(_ name: String) throws(CheckpointError) -> JSONValue? {
        guard let file = files.first(where: { $0.name == name }) else { return nil }
        return try JSONValue(parsing: file.region.bytes, file: name)
    }

    /// The text of the file of this name, or nil where there is none or it is not UTF-8.
    func text(_ name: String) -> String? {
        guard let file = files.first(where: { $0.name == name }) else { return nil }
        return String(validating: file.region.bytes, as: UTF8.self)
    }
}

/// What `config.json` and its neighbours say, in GGUF's words. Reads the fields of transformers 4
/// (`rope_theta`, `rope_scaling`) and of transformers 5 (`rope_parameters`).
struct HuggingFaceConfiguration {
    let architecture: String
    private(set) var metadata = Metadata(file: "config.json")
    private(set) var isTied = false
    private(set) var headSize = 0
    /// Divisors of the rotation frequencies, for `rope_freqs.weight`.
    private(set) var ropeDivisors: [Float]?
    private let json: JSONValue

    init(_ directory: HuggingFaceFiles, name: String) throws(CheckpointError) {
        guard let json = try directory.json("config.json") else {
            throw .missingFile(name: "config.json", wantedBy: "a Hugging Face model")
        }
        self.json = json
        guard let architecture = json["model_type"]?.string else {
            throw .metadata(
                file: "config.json", key: "model_type", expected: "a string",
                found: json["model_type"]?.kind ?? "no such key")
        }
        self.architecture = architecture
        metadata.add(.string(architecture), for: "general.architecture")
        metadata.add(.string(name), for: "general.name")
        if let license = json["license"]?.string {
            metadata.add(.string(license), for: "general.license")
        }
        try readSizes()
        try readRotation()
        try readTokens(directory)
    }

    /// What the files of a tokenizer say without any model: `config.json` may be absent.
    init(vocabularyOf directory: HuggingFaceFiles, name: String) throws(CheckpointError) {
        json = try directory.json("config.json") ?? .null
        architecture = json["model_type"]?.string ?? "none"
        metadata.add(.string(name), for: "general.name")
        try readTokens(directory)
    }

    private func integer(_ key: String) throws(CheckpointError) -> Int? {
        guard let value = json[key], value != .null else { return nil }
        guard let integer = value.integer, integer >= 0 else {
            throw wrong(key, "an integer from 0 on", value)
        }
        return integer
    }

    private func wrong(_ key: String, _ expected: String, _ found: JSONValue?) -> CheckpointError {
        .metadata(
            file: "config.json", key: key, expected: expected, found: found?.kind ?? "no such key")
    }

    private mutating func add(_ value: Int?, for key: String) {
        if let value { metadata.add(.integer(Int64(value)), for: architecture + "." + key) }
    }

    private mutating func readSizes() throws(CheckpointError) {
        let hidden = try integer("hidden_size")
        let heads = try integer("num_attention_heads")
        add(try integer("vocab_size"), for: "vocab_size")
        add(hidden, for: "embedding_length")
        add(try integer("num_hidden_layers"), for: "block_count")
        add(heads, for: "attention.head_count")
        add(try integer("num_key_value_heads") ?? heads, for: "attention.head_count_kv")
        add(try integer("intermediate_size"), for: "feed_forward_length")
        add(try integer("max_position_embeddings"), for: "context_length")
        if let size = try integer("head_dim") {
            headSize = size
        } else if let hidden, let heads, heads > 0 {
            headSize = hidden / heads
        }
        add(headSize, for: "attention.key_length")
        add(headSize, for: "attention.value_length")
        add(headSize, for: "rope.dimension_count")
        if let epsilon = json["rms_norm_eps"]?.number {
            metadata.add(.double(epsilon), for: architecture + ".attention.layer_norm_rms_epsilon")
        }
        if let activation = json["hidden_act"]?.string, activation != "silu" {
            metadata.add(.string(activation), for: architecture + ".activation")
        }
        // Only llama's own default is false; the common one is true.
        isTied = json["tie_word_embeddings"]?.bool ?? (architecture != "llama")
        metadata.add(.bool(isTied), for: architecture + ".tied_embeddings")
    }

    private mutating func readRotation() throws(CheckpointError) {
        let parameters = json["rope_parameters"] ?? json["rope_scaling"] ?? .null
        let base = parameters["rope_theta"]?.number ?? json["rope_theta"]?.number ?? 10_000
        guard base > 1, base < 0x1p100 else {
            throw wrong("rope_theta", "a number above 1", json["rope_theta"] ?? parameters)
        }
        // GGUF keeps the base as Float32; both formats must give the same model.
        metadata.add(.double(Double(Float(base))), for: architecture + ".rope.freq_base")
        let type = (parameters["rope_type"] ?? parameters["type"])?.string ?? "default"
        func number(_ key: String) throws(CheckpointError) -> Double {
            guard let value = parameters[key]?.number ?? json[key]?.number, value > 0 else {
                throw wrong("rope_scaling." + key, "a positive number", parameters[key])
            }
            return value
        }
        switch type {
        case "default": break
        case "linear":
            metadata.add(.string("linear"), for: architecture + ".rope.scaling.type")
            metadata.add(.double(try number("factor")), for: architecture + ".rope.scaling.factor")
        case "llama3":
            guard headSize > 0, headSize <= 4_096 else {
                throw wrong("head_dim", "a head size from 2 to 4096", json["head_dim"])
            }
            ropeDivisors = llama3RopeDivisors(
                base: base, dimension: headSize, factor: try number("factor"),
                lowFrequencyFactor: try number("low_freq_factor"),
                highFrequencyFactor: try number("high_freq_factor"),
                originalContextLength: try number("original_max_position_embeddings"))
        default:
            throw .unsupported(
                file: "config.json", what: "rotary scaling", found: type,
                supported: ["default", "linear", "llama3"])
        }
    }

    private mutating func readTokens(_ directory: HuggingFaceFiles) throws(CheckpointError) {
        let generation = try directory.json("generation_config.json")
        let tokenizer = try directory.json("tokenizer_config.json")
        for (key, name) in [("bos_token_id", "bos"), ("eos_token_id", "eos")] {
            let value = generation?[key] ?? json[key] ?? .null
            let ids = value.array?.compactMap(\.integer) ?? [value.integer].compactMap { $0 }
            let key = "tokenizer.ggml.\(name)_token_id"
            if ids.count == 1 { metadata.add(.integer(Int64(ids[0])), for: key) }
            if ids.count > 1 { metadata.add(.integers(ids.map { Int64($0) }), for: key) }
        }
        // Either one template, or a list of named ones of which `default` is the usual.
        var template = tokenizer?["chat_template"]?.string
        for choice in tokenizer?["chat_template"]?.array ?? []
        where choice["name"]?.string == "default" {
            template = choice["template"]?.string
        }
        if let text = directory.text("chat_template.jinja") ?? template {
            metadata.add(.string(text), for: "tokenizer.chat_template")
        }
        for key in ["add_bos_token", "add_eos_token"] {
            if let value = tokenizer?[key]?.bool {
                metadata.add(.bool(value), for: "tokenizer.ggml.\(key)")
            }
        }
    }
}
