import Primitives

/// Files of a Hugging Face directory, by name.
struct HuggingFaceFiles {
    let files: [NamedRegion]

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
    /// GGUF's name of the architecture: mistral and mixtral are its llama.
    let architecture: String
    var metadata = Metadata(file: "config.json")
    /// Whether both ends are one matrix; nil where the tensors tell.
    private(set) var isTied: Bool?
    private(set) var headSize = 0
    /// Rows of the position table before that of the first position: RoBERTa counts from behind the
    /// padding's id on.
    var skippedPositionCount = 0
    /// Rows of the position table that are read; nil for all.
    var readPositionCount: Int?
    /// Tensors that GGUF has and `config.json` says: divisors of the rotation frequencies.
    var tables: [(name: String, numbers: [Float])] = []
    let json: JSONValue

    /// `model_type` and GGUF's architecture.
    static let architectures = [
        "llama": "llama", "mistral": "llama", "mixtral": "llama", "qwen2": "qwen2",
        "qwen3": "qwen3", "qwen3_moe": "qwen3moe", "gemma2": "gemma2", "gemma3_text": "gemma3",
        "phi": "phi2", "phi3": "phi3", "bert": "bert", "roberta": "bert", "xlm-roberta": "bert",
        "camembert": "bert",
    ]

    init(_ directory: HuggingFaceFiles, name: String) throws(CheckpointError) {
        guard let whole = try directory.json("config.json") else {
            throw .missingFile(name: "config.json", wantedBy: "a Hugging Face model")
        }
        let json = HuggingFaceDefaults.completing(Self.textPart(of: whole))
        self.json = json
        guard let type = json["model_type"]?.string else {
            throw .metadata(
                file: "config.json", key: "model_type", expected: "a string",
                found: json["model_type"]?.kind ?? "no such key")
        }
        let quantization = json["quantization_config"] ?? whole["quantization_config"]
        if let method = quantization?["quant_method"], method != .null {
            throw .unsupported(
                file: "config.json", what: "quantization", found: method.string ?? method.kind,
                supported: ["none, or a GGUF file of the model"])
        }
        architecture = Self.architectures[type] ?? type
        metadata.add(.string(architecture), for: "general.architecture")
        metadata.add(.string(name), for: "general.name")
        if let license = json["license"]?.string {
            metadata.add(.string(license), for: "general.license")
        }
        try readSizes()
        try readVariant(type)
        try readRotation()
        try readTokens(directory)
        if architecture == "bert" { try readEncoder(directory) }
    }

    /// What reads text in a model that reads images as well, by `model_type`: gemma 3 from 4
    /// billion parameters on, Mistral Small from 3.1 on.
    private static let textTypes = ["gemma3": "gemma3_text", "mistral3": "mistral"]

    /// The part about text, where a model reads images as well.
    private static func textPart(of json: JSONValue) -> JSONValue {
        guard let textType = textTypes[json["model_type"]?.string ?? ""],
            case .object(var text)? = json["text_config"]
        else { return json }
        for key in ["bos_token_id", "eos_token_id"] {
            if let value = json[key] { text.add(value, for: key) }
        }
        // Of these the whole model says it: tied where nothing is said, and its scores uncapped.
        var whole = JSONObject()
        whole.add(json["tie_word_embeddings"] ?? .bool(true), for: "tie_word_embeddings")
        whole.add(.null, for: "final_logit_softcapping")
        whole.add(.string(text["model_type"]?.string ?? textType), for: "model_type")
        for (key, value) in zip(text.keys, text.values) { whole.add(value, for: key) }
        return .object(whole)
    }

    /// What the files of a tokenizer say without any model: `config.json` may be absent.
    init(vocabularyOf directory: HuggingFaceFiles, name: String) throws(CheckpointError) {
        json = try directory.json("config.json") ?? .null
        architecture = json["model_type"]?.string ?? "none"
        metadata.add(.string(name), for: "general.name")
        try readTokens(directory)
    }

    func integer(_ key: String) throws(CheckpointError) -> Int? {
        guard let value = json[key], value != .null else { return nil }
        guard let integer = value.integer, integer >= 0 else {
            throw wrong(key, "an integer from 0 on", value)
        }
        return integer
    }

    func wrong(_ key: String, _ expected: String, _ found: JSONValue?) -> CheckpointError {
        .metadata(
            file: "config.json", key: key, expected: expected, found: found?.kind ?? "no such key")
    }

    mutating func add(_ value: Int?, for key: String) {
        if let value { metadata.add(.integer(Int64(value)), for: architecture + "." + key) }
    }

    mutating func add(_ value: Double?, for key: String) {
        if let value { metadata.add(.double(value), for: architecture + "." + key) }
    }

    private mutating func readSizes() throws(CheckpointError) {
        let hidden = try integer("hidden_size")
        let heads = try integer("num_attention_heads")
        add(try integer("vocab_size"), for: "vocab_size")
        add(hidden, for: "embedding_length")
        add(try integer("num_hidden_layers"), for: "block_count")
        add(heads, for: "attention.head_count")
        // An encoder has as many of each, whatever other fields say.
        let keyHeads = architecture == "bert" ? nil : try integer("num_key_value_heads")
        add(keyHeads ?? heads, for: "attention.head_count_kv")
        add(try integer("intermediate_size"), for: "feed_forward_length")
        if architecture != "bert" {
            add(try integer("max_position_embeddings"), for: "context_length")
        }
        if architecture != "bert", let size = try integer("head_dim") {
            headSize = size
        } else if let hidden, let heads, heads > 0 {
            headSize = hidden / heads
        }
        add(headSize, for: "attention.key_length")
        add(headSize, for: "attention.value_length")
        if architecture == "phi2" || architecture == "bert" {
            add(json["layer_norm_eps"]?.number, for: "attention.layer_norm_epsilon")
        } else {
            add(json["rms_norm_eps"]?.number, for: "attention.layer_norm_rms_epsilon")
        }
        isTied = json["tie_word_embeddings"]?.bool ?? (architecture.hasPrefix("gemma") ? true : nil)
    }

    /// What only some architectures have.
    private mutating func readVariant(_ type: String) throws(CheckpointError) {
        if type == "mixtral" || type == "qwen3_moe" {
            let experts = try integer("num_local_experts")
            add(experts == nil ? try integer("num_experts") : experts, for: "expert_count")
            add(try integer("num_experts_per_tok"), for: "expert_used_count")
        }
        if type == "qwen3_moe" {
            add(try integer("moe_intermediate_size"), for: "expert_feed_forward_length")
            metadata.add(
                .bool(json["norm_topk_prob"]?.bool ?? false),
                for: architecture + ".expert_weights_norm")
        }
        if architecture == "gemma2" {
            // A null means no cap, an absent key the usual one, which GGUF's reader adds as well.
            for key in ["attn_logit_softcapping", "final_logit_softcapping"]
            where json[key] != nil {
                add(json[key]?.number ?? 0, for: key)
            }
        } else if architecture == "gemma3" {
            add(json["final_logit_softcapping"]?.number, for: "final_logit_softcapping")
            guard json["use_bidirectional_attention"]?.bool != true else {
                throw .unsupported(
                    file: "config.json", what: "use_bidirectional_attention", found: "true",
                    supported: ["false"])
            }
        }
        let gemma = architecture.hasPrefix("gemma")
        if gemma, let scalar = json["query_pre_attn_scalar"]?.number {
            guard scalar > 0 else { throw wrong("query_pre_attn_scalar", "above 0", json) }
            add(1 / scalar.squareRoot(), for: "attention.scale")
        }
        let activation = json[gemma ? "hidden_activation" : "hidden_act"]?.string
        if let activation {
            metadata.add(.string(activation), for: architecture + ".activation")
        }
        try readWindow(type)
    }

    /// The window of positions, and which layers have it: `layer_types`, or the older rules.
    private mutating func readWindow(_ type: String) throws(CheckpointError) {
        guard type != "llama", type != "phi" else { return }
        let window = try integer("sliding_window") ?? 0
        // Of Gemma 2, none has to be written down: it has one where nothing is said.
        guard window > 0 || type == "gemma2" else { return }
        // Mistral, mixtral and phi3 have it in every layer, whatever their files say.
        let isMixed = type.hasPrefix("qwen") || type.hasPrefix("gemma")
        let layers = isMixed ? json["layer_types"]?.array : nil
        let types = layers?.map { $0.string == "sliding_attention" }
        if type.hasPrefix("qwen") {
            guard json["use_sliding_window"]?.bool ?? false else { return }
            // Of qwen3_moe all layers have it, whatever else its file says.
            guard type != "qwen3_moe" else {
                return add(window, for: "attention.sliding_window")
            }
            let first = try integer("max_window_layers") ?? 0
            let count = try integer("num_hidden_layers") ?? 0
            guard count <= Limits.layerCount else { return }
            addPattern(types ?? (0..<count).map { $0 >= first })
        } else if let types {
            addPattern(types)
        } else if type == "gemma3_text", let period = try integer("sliding_window_pattern") {
            add(period, for: "attention.sliding_window_pattern")
        }
        add(window, for: "attention.sliding_window")
    }

    private mutating func addPattern(_ layers: [Bool]) {
        metadata.add(
            .bools(layers), for: architecture + ".attention.sliding_window_pattern")
    }

    private mutating func readTokens(_ directory: HuggingFaceFiles) throws(CheckpointError) {
        let generation = try directory.json("generation_config.json")
        let tokenizer = try directory.json("tokenizer_config.json")
        for (key, name) in [("bos_token_id", "bos"), ("eos_token_id", "eos")] {
            let values = [generation?[key], json[key]].compactMap { $0 }
            let value = values.first { $0 != .null } ?? .null
            let ids = value.array?.compactMap(\.integer) ?? [value.integer].compactMap { $0 }
            let key = "tokenizer.ggml.\(name)_token_id"
            if ids.count == 1 { metadata.add(.integer(Int64(ids[0])), for: key) }
            if ids.count > 1 { metadata.add(.integers(ids.map { Int64($0) }), for: key) }
        }
        if let text = directory.text(SafetensorsDirectory.toolTemplateFile) {
            metadata.add(.string(text), for: "tokenizer.chat_template.tool_use")
        }
        // Either one template, or a list of named ones of which `default` is the usual.
        var template = tokenizer?["chat_template"]?.string
        for choice in tokenizer?["chat_template"]?.array ?? [] {
            guard let name = choice["name"]?.string, let text = choice["template"]?.string else {
                continue
            }
            if name == "default" {
                template = text
            } else {
                metadata.add(.string(text), for: "tokenizer.chat_template.\(name)")
            }
        }
        // Models that read images as well may keep it where only their processors look.
        let processor = try directory.json("chat_template.json")?["chat_template"]?.string
        if let text = directory.text("chat_template.jinja") ?? template ?? processor {
            metadata.add(.string(text), for: "tokenizer.chat_template")
        }
        for key in ["add_bos_token", "add_eos_token"] {
            if let value = tokenizer?[key]?.bool {
                metadata.add(.bool(value), for: "tokenizer.ggml.\(key)")
            }
        }
    }
}
