import Checkpoints
import Testing

struct SafetensorsTests {
    @Test func `rows of queries and keys come out for neighbouring pairs`() throws {
        let checkpoint = try DirectoryBuilder().open()
        let entry = try #require(checkpoint.tensor("blk.0.attn_q.weight"))
        // Heads of four rows: 0 1 2 3 were stored as two halves 0 2 and 1 3.
        #expect((0..<8).map { entry.storedRow($0) } == [0, 2, 1, 3, 4, 6, 5, 7])
        let raw = DirectoryBuilder.safetensors([("x", [8, 8])])
        let plain = try SafetensorsDirectory.open(
            [
                DirectoryBuilder().files()[0],
                NamedRegion(name: "a.safetensors", region: Region(raw)),
            ],
            name: "plain")
        #expect(
            try checkpoint.floats("blk.0.attn_q.weight", rows: 1..<2)
                == plain.floats("x", rows: 2..<3))
        #expect(try checkpoint.floats("blk.0.attn_k.weight", rows: 0..<1).count == 8)
    }

    @Test func `a tied file may name either matrix or both`() throws {
        var head = DirectoryBuilder()
        head.tensors[0].name = "lm_head.weight"
        #expect(try ModelParameters(head.open()).tiedEmbeddings)
        var both = DirectoryBuilder()
        both.tensors.append(("lm_head.weight", [4, 8]))
        let checkpoint = try both.open()
        #expect(checkpoint.tensor("output.weight") == nil)
        #expect(try ModelParameters(checkpoint).tiedEmbeddings)
    }

    @Test func `an untied file keeps both matrices and must have both`() throws {
        var builder = DirectoryBuilder()
        builder.configuration = builder.configuration.replacing(
            "\"tie_word_embeddings\": true", with: "\"tie_word_embeddings\": false")
        let partial = try builder.open()
        let error = failure { () throws(CheckpointError) in try ModelParameters(partial) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("lm_head.weight"))
        builder.tensors.append(("lm_head.weight", [4, 8]))
        #expect(try ModelParameters(builder.open()).tiedEmbeddings == false)
    }

    @Test func `a sharded model is read by its index`() throws {
        let whole = DirectoryBuilder()
        let (first, second) = (whole.tensors[..<2], whole.tensors[2...])
        let index =
            "{\"weight_map\":{"
            + (first.map { "\"\($0.name)\":\"a.safetensors\"" }
            + second.map { "\"\($0.name)\":\"b.safetensors\"" }).joined(separator: ",") + "}}"
        func named(_ name: String, _ bytes: [UInt8]) -> NamedRegion {
            NamedRegion(name: name, region: Region(bytes))
        }
        let files = [
            whole.files()[0], named("model.safetensors.index.json", Array(index.utf8)),
            named("a.safetensors", DirectoryBuilder.safetensors(Array(first))),
            named("b.safetensors", DirectoryBuilder.safetensors(Array(second))),
        ]
        let checkpoint = try SafetensorsDirectory.open(files, name: "made")
        let single = try whole.open()
        #expect(checkpoint.tensors.map(\.name).sorted() == single.tensors.map(\.name).sorted())
        for tensor in single.tensors {
            #expect(try checkpoint.floats(tensor.name) == single.floats(tensor.name))
        }
        let missing = failure { () throws(CheckpointError) in
            try SafetensorsDirectory.open(Array(files.dropLast()), name: "made")
        }
        #expect(
            missing == .missingFile(name: "b.safetensors", wantedBy: "model.safetensors.index.json")
        )
        let swapped = failure { () throws(CheckpointError) in
            var wrong = files
            wrong[2].name = "b.safetensors"
            wrong[3].name = "a.safetensors"
            return try SafetensorsDirectory.open(wrong, name: "made")
        }
        #expect(swapped != nil)
    }

    /// Both ways in which transformers names the part about text.
    @Test(arguments: ["language_model.model.", "model.language_model."])
    func `of a model that reads images, the part about text is read`(prefix: String) throws {
        var builder = DirectoryBuilder()
        builder.configuration = """
            {"model_type": "gemma3", "eos_token_id": [1, 2], "vision_config": {"hidden_size": 99},
             "text_config": {"hidden_size": 8, "num_hidden_layers": 3, "intermediate_size": 12,
              "vocab_size": 4, "max_position_embeddings": 64, "bos_token_id": 3,
              "sliding_window": 16, "rope_scaling": {"rope_type": "linear", "factor": 8.0}}}
            """
        builder.tensors = [
            (prefix + "embed_tokens.weight", [4, 8]), (prefix + "norm.weight", [8]),
            (prefix + "layers.2.self_attn.q_norm.weight", [256]),
            ("vision_tower.encoder.layers.0.weight", [3]),
            ("model.multi_modal_projector.mm_soft_emb_norm.weight", [3]),
        ]
        let checkpoint = try builder.open()
        #expect(
            checkpoint.tensors.map(\.name)
                == ["token_embd.weight", "output_norm.weight", "blk.2.attn_q_norm.weight"])
        let parameters = try ModelParameters(checkpoint)
        #expect(parameters.architecture == "gemma3" && parameters.tiedEmbeddings)
        #expect(parameters.headCount == 8 && parameters.keyValueHeadCount == 4)
        #expect(parameters.headSize == 256 && parameters.normEpsilon == 1e-6)
        #expect(parameters.attention.scale == 1 / 16 && parameters.attention.window == 16)
        #expect(parameters.rotation.base == 1_000_000 && parameters.rotation.localBase == 10_000)
        #expect(parameters.rotation.divisors?.first == 8)
        #expect(parameters.eosIDs == [1, 2] && parameters.bosID == 3)
    }

    @Test func `headers that lie are refused`() {
        let good = "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]"
        let wrong = [
            "", "[]", "{", "{\"a\":{}}", "{\"a\":{\(good)},\"a\":{\(good)}}",
            "{\"a\":{\(good)},\"b\":{\(good)}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,800]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
            "{\"a\":{\"dtype\":\"Q8_0\",\"shape\":[32],\"data_offsets\":[0,34]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e300],\"data_offsets\":[0,8]}}",
            String(repeating: "{\"a\":", count: 100_000),
        ]
        for header in wrong {
            let file = DirectoryBuilder.file(header: header, Array(repeating: 0, count: 16))
            let error = failure { () throws(CheckpointError) in
                try SafetensorsDirectory.open(
                    [
                        DirectoryBuilder().files()[0],
                        NamedRegion(name: "model.safetensors", region: Region(file)),
                    ], name: "made")
            }
            #expect(
                "\(error.map { "\($0)" } ?? "")".hasPrefix("model.safetensors"),
                "\(header.prefix(90))")
        }
        var long = DirectoryBuilder().files()
        long[1].region = Region(GGUFBuilder.integer(UInt64.max) + [0])
        #expect(
            failure { () throws(CheckpointError) in
                try SafetensorsDirectory.open(long, name: "made")
            }
                == .malformed(
                    file: "model.safetensors", offset: 0, expected: "a header of at most 1 bytes",
                    found: "\(UInt64.max)"))
    }

    @Test func `a directory without configuration or tensors is refused`() {
        let files = DirectoryBuilder().files()
        for kept in [[files[0]], [files[1]], []] {
            let error = failure { () throws(CheckpointError) in
                try SafetensorsDirectory.open(kept, name: "made")
            }
            guard case .missingFile = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }
}
