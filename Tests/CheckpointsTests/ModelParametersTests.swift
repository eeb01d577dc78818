import Checkpoints
import Testing

struct ModelParametersTests {
    @Test func `other architectures and variants are refused by name`() throws {
        var other = GGUFBuilder()
        other.add("general.architecture", "mamba")
        let checkpoint = try other.open()
        let error = failure { () throws(CheckpointError) in try ModelParameters(checkpoint) }
        let start = "made.gguf: the architecture 'mamba' is not supported; supported: llama, "
        #expect(error?.description.hasPrefix(start) == true)
        var experts = GGUFBuilder.llama()
        experts.add("llama.expert_count", 8)
        experts.add("llama.expert_used_count", 9)
        var window = GGUFBuilder.llama()
        window.add("llama.attention.sliding_window", 4)
        window.add("llama.attention.sliding_window_pattern", 0)
        var scaled = GGUFBuilder.llama()
        scaled.add("llama.rope.scaling.type", "spiral")
        for (builder, word) in [
            (experts, "expert_used_count"), (window, "sliding_window_pattern"), (scaled, "spiral"),
        ] {
            let checkpoint = try builder.open()
            let error = failure { () throws(CheckpointError) in try ModelParameters(checkpoint) }
            #expect("\(error.map { "\($0)" } ?? "accepted")".contains(word))
        }
    }

    @Test func `values of the wrong kind or size are named by their key`() throws {
        let wrong: [(String, UInt32, [UInt8])] = [
            ("llama.rope.dimension_count", 4, GGUFBuilder.integer(UInt32(3))),
            ("llama.rope.freq_base", 6, GGUFBuilder.integer(Float.nan.bitPattern)),
            ("llama.attention.key_length", 4, GGUFBuilder.integer(UInt32.max)),
            ("llama.attention.value_length", 4, GGUFBuilder.integer(UInt32(8))),
            ("llama.expert_count", 8, GGUFBuilder.string("many")),
        ]
        for (key, type, value) in wrong {
            var builder = GGUFBuilder.llama()
            builder.add(key, type: type, value)
            let checkpoint = try builder.open()
            let error = failure { () throws(CheckpointError) in try ModelParameters(checkpoint) }
            #expect("\(error.map { "\($0)" } ?? "accepted")".contains(key))
        }
    }

    @Test func `ids that the vocabulary has not are never met`() throws {
        var builder = GGUFBuilder.llama()
        builder.add("tokenizer.ggml.bos_token_id", type: 4, GGUFBuilder.integer(UInt32(4)))
        builder.add("tokenizer.ggml.eos_token_id", type: 4, GGUFBuilder.integer(UInt32(5_000)))
        let parameters = try ModelParameters(builder.open())
        #expect(parameters.bosID == nil && parameters.eosIDs == [])
    }

    @Test(arguments: [
        (["rope.scaling.factor"], 4), (["rope.scale_linear"], 4), ([], 0),
        (["rope.scaling.factor", "rope.scale_linear"], 4),
    ])
    func `a factor without a type stretches positions evenly`(keys: [String], factor: Int) throws {
        var builder = GGUFBuilder.llama()
        for key in keys {
            builder.add("llama." + key, type: 6, GGUFBuilder.integer(Float(4).bitPattern))
        }
        let divisors = try ModelParameters(builder.open()).rotation.divisors
        #expect(Set(divisors ?? []) == (factor == 0 ? [] : [Float(factor)]))
    }

    @Test func `divisors of a file and a factor act together, and so does a scale`() throws {
        var builder = GGUFBuilder.llama()
        let own = [Float(1), 8].flatMap { GGUFBuilder.integer($0.bitPattern) }
        builder.addTensor("rope_freqs.weight", [2], type: 0, own)
        builder.add("llama.rope.scaling.factor", Float(4))
        builder.add("llama.rope.scaling.attn_factor", Float(0.5))
        let rotation = try ModelParameters(builder.open()).rotation
        #expect(rotation.divisors == [4, 32])
        #expect(rotation.scale == 0.5)
    }

    @Test func `Gemma 2 has a window where its file says nothing of one`() throws {
        for (value, window) in [(nil, 4_096), (0, 0), (9, 9)] as [(Int?, Int)] {
            var builder = GGUFBuilder.llama(named: "gemma2")
            if let value { builder.add("gemma2.attention.sliding_window", value) }
            #expect(try ModelParameters(builder.open()).attention.window == window)
        }
    }

    @Test func `configurations of transformers 4 and 5 mean the same`() throws {
        let old = DirectoryBuilder()
        var new = DirectoryBuilder()
        new.configuration = old.configuration.replacing("\"torch_dtype\"", with: "\"dtype\"")
            .replacing(
                "\"rope_theta\": 10000.0",
                with: "\"rope_parameters\": {\"rope_theta\": 10000.0, \"rope_type\": \"default\"}")
        #expect(new.configuration != old.configuration)
        let parameters = try ModelParameters(old.open())
        #expect(parameters == (try ModelParameters(new.open())))
        #expect(parameters.eosIDs == [2, 3] && parameters.bosID == 1)
        #expect(parameters.normEpsilon == 1e-5 && parameters.name == "made")
    }

    @Test func `llama3 scaling keeps short wavelengths and stretches long ones`() throws {
        var builder = DirectoryBuilder()
        builder.configuration = builder.configuration.replacing(
            "\"rope_theta\": 10000.0",
            with: """
                "rope_theta": 500000.0, "head_dim": 16, "rope_scaling": {"rope_type": "llama3",
                "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64}
                """)
        builder.tensors[1].shape = [32, 8]
        builder.tensors[2].shape = [16, 8]
        let divisors = try #require(ModelParameters(builder.open()).rotation.divisors)
        #expect(divisors.count == 8)
        #expect(divisors[0] == 1 && divisors[7] == 8)
        #expect(zip(divisors, divisors.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test func `linear scaling divides every frequency, and unknown scaling is refused`() throws {
        var builder = DirectoryBuilder()
        let plain = builder.configuration
        builder.configuration = plain.replacing(
            "\"rope_theta\"",
            with: "\"rope_scaling\":{\"type\":\"linear\",\"factor\":4},\"rope_theta\"")
        #expect(try ModelParameters(builder.open()).rotation.divisors == [4, 4])
        builder.configuration = plain.replacing(
            "\"rope_theta\"",
            with: "\"rope_scaling\":{\"type\":\"spiral\",\"factor\":4},\"rope_theta\"")
        #expect("\(failure(builder.open).map { "\($0)" } ?? "")".contains("spiral"))
    }
}
