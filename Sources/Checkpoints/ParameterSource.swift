/// Reads `ModelParameters` out of metadata, each value within bounds.
struct ParameterSource {
    let checkpoint: Checkpoint
    let file: String
    private var metadata: Metadata { checkpoint.metadata }
    private var architecture: String { checkpoint.architecture }

    init(_ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
        file = checkpoint.metadata.file
    }

    func wrong(_ key: String, _ expected: String, _ found: String) -> CheckpointError {
        .metadata(file: file, key: architecture + "." + key, expected: expected, found: found)
    }

    /// A size from 1 to `most`. The limit keeps products of three sizes far from overflow.
    func size(_ key: String, absent: Int? = nil, most: Int = 1 << 20) throws(CheckpointError) -> Int
    {
        guard let value = try metadata.integer(architecture + "." + key) ?? absent else {
            throw wrong(key, "an integer", "no such key")
        }
        guard value >= 1, value <= most else {
            throw wrong(key, "an integer from 1 to \(most)", "\(value)")
        }
        return value
    }

    func number(_ key: String, in range: ClosedRange<Double>, absent: Double? = nil)
        throws(CheckpointError) -> Double
    {
        guard let value = try metadata.double(architecture + "." + key) ?? absent else {
            throw wrong(key, "a number", "no such key")
        }
        guard range.contains(value) else {
            throw wrong(key, "a number from \(range.lowerBound) to \(range.upperBound)", "\(value)")
        }
        return value
    }

    /// Rows of the embedding matrix, which must have `hiddenSize` columns.
    func vocabularyCount(hiddenSize: Int) throws(CheckpointError) -> Int {
        guard let embedding = checkpoint.tensor("token_embd.weight") else {
            throw .tensor(
                file: file, name: "token_embd.weight", expected: "the embedding matrix",
                found: "no tensor of this name")
        }
        guard embedding.shape.count == 2, embedding.columnCount == hiddenSize else {
            throw .tensor(
                file: checkpoint.files[embedding.fileIndex].name, name: embedding.name,
                expected: "two dimensions with \(hiddenSize) columns", found: "\(embedding.shape)")
        }
        return embedding.rowCount
    }

    /// Throws where the model needs what no forward pass here does.
    func checkVariant() throws(CheckpointError) {
        func unsupported(_ what: String, _ found: String, _ supported: [String]) -> CheckpointError
        {
            .unsupported(file: file, what: what, found: found, supported: supported)
        }
        let known = ModelParameters.supportedArchitectures
        guard known.contains(architecture) else {
            throw unsupported("architecture", architecture, known)
        }
        // Mixtral's GGUF calls itself llama too.
        let experts = try metadata.integer(architecture + ".expert_count") ?? 0
        guard experts == 0 else { throw unsupported("number of experts", "\(experts)", ["none"]) }
        let activation = try metadata.string(architecture + ".activation") ?? "silu"
        guard activation == "silu" else { throw unsupported("activation", activation, ["silu"]) }
        if let bias = checkpoint.tensors.first(where: { $0.name.hasSuffix(".bias") }) {
            throw unsupported("bias", bias.name, ["llama without biases"])
        }
        let isTied = try metadata.bool(architecture + ".tied_embeddings") ?? true
        guard isTied || checkpoint.tensor("output.weight") != nil else {
            throw .tensor(
                file: file, name: "lm_head.weight",
                expected: "the output matrix of an untied model",
                found: "no tensor of this name")
        }
    }

    /// `rope_freqs.weight`, or the factor of linear scaling for every frequency.
    func ropeDivisors(count: Int) throws(CheckpointError) -> [Float]? {
        if checkpoint.tensor("rope_freqs.weight") != nil {
            _ = try checkpoint.tensor("rope_freqs.weight", shape: [count])
            let divisors = try checkpoint.floats("rope_freqs.weight")
            guard divisors.allSatisfy({ $0 > 0 && $0.isFinite }) else {
                throw .tensor(
                    file: file, name: "rope_freqs.weight", expected: "positive numbers",
                    found: "another")
            }
            return divisors
        }
        let type = try metadata.string(architecture + ".rope.scaling.type") ?? "none"
        switch type {
        case "none": return nil
        case "linear":
            let factor = try number("rope.scaling.factor", in: 1e-3...1e6)
            return Array(repeating: Float(factor), count: count)
        default:
            throw .unsupported(
                file: file, what: "rotary scaling", found: type, supported: ["none", "linear"])
        }
    }
}
