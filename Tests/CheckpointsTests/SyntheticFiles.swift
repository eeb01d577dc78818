import Checkpoints
import Primitives

/// Builds small GGUF and safetensors files byte by byte.
struct GGUFBuilder {
    var version: UInt32 = 3
    var alignment = 32
    private var keys: [[UInt8]] = []
    private var infos: [[UInt8]] = []
    private var data: [UInt8] = []

    static func string(_ text: String) -> [UInt8] {
        integer(UInt64(text.utf8.count)) + Array(text.utf8)
    }

    static func integer<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        (0..<MemoryLayout<Value>.size).map { UInt8(truncatingIfNeeded: value >> Value(8 * $0)) }
    }

    mutating func add(_ key: String, type: UInt32, _ value: [UInt8]) {
        keys.append(Self.string(key) + Self.integer(type) + value)
    }

    mutating func add(_ key: String, _ text: String) { add(key, type: 8, Self.string(text)) }
    mutating func add(_ key: String, _ value: Int) {
        add(key, type: 4, Self.integer(UInt32(value)))
    }

    mutating func add(_ key: String, _ value: Float) {
        add(key, type: 6, Self.integer(value.bitPattern))
    }

    mutating func add(_ key: String, _ texts: [String]) {
        let all = texts.flatMap(Self.string)
        add(key, type: 9, Self.integer(UInt32(8)) + Self.integer(UInt64(texts.count)) + all)
    }

    /// Dimensions innermost first, as the file has them.
    mutating func addTensor(
        _ name: String, _ dimensions: [UInt64], type: UInt32, _ bytes: [UInt8],
        offset: UInt64? = nil
    ) {
        while data.count % alignment != 0 { data.append(0) }
        infos.append(
            Self.string(name) + Self.integer(UInt32(dimensions.count))
                + dimensions.flatMap { Self.integer($0) } + Self.integer(type)
                + Self.integer(offset ?? UInt64(data.count)))
        data += bytes
    }

    mutating func addFloats(_ name: String, _ dimensions: [UInt64]) {
        let count = Int(dimensions.reduce(1, *))
        let values = (0..<count).map { Float($0 % 31) / 8 - 1 }
        addTensor(name, dimensions, type: 0, values.flatMap { Self.integer($0.bitPattern) })
    }

    var bytes: [UInt8] {
        var bytes = Array("GGUF".utf8) + Self.integer(version)
        bytes += Self.integer(UInt64(infos.count)) + Self.integer(UInt64(keys.count))
        bytes += keys.flatMap { $0 } + infos.flatMap { $0 }
        while bytes.count % alignment != 0 { bytes.append(0) }
        return bytes + data
    }

    func open() throws(CheckpointError) -> Checkpoint {
        try GGUF.open(NamedRegion(name: "made.gguf", region: Region(bytes)))
    }

    /// A llama of one layer that has every part of one.
    static func llama(named architecture: String = "llama") -> GGUFBuilder {
        var builder = GGUFBuilder()
        builder.add("general.architecture", architecture)
        builder.add(architecture + ".block_count", 1)
        builder.add(architecture + ".context_length", 64)
        builder.add(architecture + ".embedding_length", 8)
        builder.add(architecture + ".feed_forward_length", 12)
        builder.add(architecture + ".attention.head_count", 2)
        builder.add(architecture + ".attention.head_count_kv", 1)
        builder.add(architecture + ".attention.layer_norm_rms_epsilon", Float(1e-5))
        builder.add("tokenizer.ggml.tokens", ["a", "b", "c", "d"])
        builder.addFloats("token_embd.weight", [8, 4])
        builder.addFloats("blk.0.attn_q.weight", [8, 8])
        builder.addFloats("blk.0.attn_k.weight", [8, 4])
        builder.addFloats("output_norm.weight", [8])
        return builder
    }
}

/// A Hugging Face directory of one small llama.
struct DirectoryBuilder {
    var configuration = """
        {"model_type": "llama", "vocab_size": 4, "hidden_size": 8, "num_hidden_layers": 1,
         "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 12,
         "max_position_embeddings": 64, "rms_norm_eps": 1e-05, "tie_word_embeddings": true,
         "torch_dtype": "float32", "rope_theta": 10000.0, "bos_token_id": 1,
         "eos_token_id": [2, 3]}
        """
    var tensors: [(name: String, shape: [Int])] = [
        ("model.embed_tokens.weight", [4, 8]), ("model.layers.0.self_attn.q_proj.weight", [8, 8]),
        ("model.layers.0.self_attn.k_proj.weight", [4, 8]), ("model.norm.weight", [8]),
    ]

    var others: [(name: String, text: String)] = []

    static func safetensors(_ tensors: [(name: String, shape: [Int])]) -> [UInt8] {
        var (parts, data): ([String], [UInt8]) = ([], [])
        for (name, shape) in tensors {
            let start = data.count
            for index in 0..<shape.reduce(1, *) {
                data += GGUFBuilder.integer((Float(index % 31) / 8 - 1).bitPattern)
            }
            parts.append(
                "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),"
                    + "\"data_offsets\":[\(start),\(data.count)]}")
        }
        return file(header: "{" + parts.joined(separator: ",") + "}", data)
    }

    static func file(header: String, _ data: [UInt8]) -> [UInt8] {
        GGUFBuilder.integer(UInt64(header.utf8.count)) + Array(header.utf8) + data
    }

    func files() -> [NamedRegion] {
        [
            NamedRegion(name: "config.json", region: Region(Array(configuration.utf8))),
            NamedRegion(name: "model.safetensors", region: Region(Self.safetensors(tensors))),
        ]
            + others.map { NamedRegion(name: $0.name, region: Region(Array($0.text.utf8))) }
    }

    func open() throws(CheckpointError) -> Checkpoint {
        try SafetensorsDirectory.open(files(), name: "made")
    }
}

/// What `body` throws, or nil.
func failure<Value>(_ body: () throws(CheckpointError) -> Value) -> CheckpointError? {
    do throws(CheckpointError) {
        _ = try body()
        return nil
    } catch { return error }
}
