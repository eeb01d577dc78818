extension ParameterSource {
    /// Rotary embeddings, with what stretches them as divisors of each frequency.
    func rotation(headSize: Int, contextLength: Int) throws(CheckpointError)
        -> ModelParameters.Rotation
    {
        let dimension = try size("rope.dimension_count", absent: headSize)
        guard dimension % 2 == 0, dimension <= headSize else {
            throw wrong(
                "rope.dimension_count", "an even number up to the head size \(headSize)",
                "\(dimension)")
        }
        let bases = 1...0x1p100
        var rotation = ModelParameters.Rotation(
            base: try number("rope.freq_base", in: bases, absent: 10_000),
            style: architecture == "llama" ? .neighbouringPairs : .halves, dimension: dimension,
            originalContextLength: contextLength, scale: 1)
        if has("rope.freq_base_swa") {
            rotation.localBase = try number("rope.freq_base_swa", in: bases)
        } else if architecture == "gemma3" {
            rotation.localBase = 10_000
        }
        try stretch(&rotation)
        return rotation
    }

    private func stretch(_ rotation: inout ModelParameters.Rotation) throws(CheckpointError) {
        let count = rotation.dimension / 2
        if checkpoint.tensor("rope_factors_short.weight") != nil {
            rotation.divisors = try table("rope_factors_short.weight", count)
            rotation.longDivisors = try table("rope_factors_long.weight", count)
            rotation.originalContextLength = try size(
                "rope.scaling.original_context_length",
                absent: rotation.originalContextLength, most: 1 << 31)
            rotation.scale = Float(
                try number("rope.scaling.attn_factor", in: 0.01...100, absent: 1))
            return
        }
        try stretchByType(&rotation)
        guard checkpoint.tensor("rope_freqs.weight") != nil else { return }
        let own = try table("rope_freqs.weight", count)
        rotation.divisors = rotation.divisors.map { zip(own, $0).map(*) } ?? own
    }

    private func stretchByType(_ rotation: inout ModelParameters.Rotation) throws(CheckpointError) {
        var scale = try number("rope.scaling.attn_factor", in: 0.01...100, absent: 1)
        // As llama.cpp: a factor without a type is linear, and 0 is none.
        let old = try number("rope.scale_linear", in: 0...1e6, absent: 0)
        let factor = try number("rope.scaling.factor", in: 0...1e6, absent: old)
        let type = try metadata.string(architecture + ".rope.scaling.type") ?? "linear"
        switch type {
        case "none": break
        case "linear":
            guard factor != 0 else { break }
            rotation.divisors = Array(repeating: Float(factor), count: rotation.dimension / 2)
        case "yarn": scale *= try stretchByYarn(&rotation)
        default:
            throw unsupported("rotary scaling", type, ["none", "linear", "yarn"])
        }
        rotation.scale = Float(scale)
    }

    /// Returns what queries and keys are multiplied by.
    private func stretchByYarn(
        _ rotation: inout ModelParameters.Rotation
    ) throws(CheckpointError) -> Double {
        let given = try number("rope.scaling.factor", in: 0...1e6, absent: 1)
        let factor = given == 0 ? 1 : given
        let context = try size(
            "rope.scaling.original_context_length", absent: rotation.originalContextLength,
            most: 1 << 31)
        rotation.divisors = yarnRopeDivisors(
            base: rotation.base, dimension: rotation.dimension, factor: factor,
            originalContextLength: Double(context),
            fastRotations: try number("rope.scaling.yarn_beta_fast", in: 1e-3...1e6, absent: 32),
            slowRotations: try number("rope.scaling.yarn_beta_slow", in: 1e-3...1e6, absent: 1),
            truncates: try metadata.bool(architecture + ".rope.scaling.yarn_truncate") ?? true)
        let usual = factor <= 1 ? 1 : 0.1 * naturalLogarithm(factor) + 1
        return try number("rope.scaling.yarn_attn_factor", in: 0.01...100, absent: usual)
    }

    /// Divisors of the frequencies, from a tensor.
    private func table(_ name: String, _ count: Int) throws(CheckpointError) -> [Float] {
        _ = try checkpoint.tensor(name, shape: [count])
        let divisors = try checkpoint.floats(name)
        guard divisors.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw .tensor(
                file: file, name: name, expected: "positive numbers", found: "another")
        }
        return divisors
    }
}
