import Checkpoints
import Testing

/// Directories of BERT and RoBERTa.
struct EncoderFilesTests {
    /// A file of one table of positions, ten rows of eight numbers.
    static func directory(
        _ type: String, _ more: String = "", _ others: [(name: String, text: String)] = []
    ) -> DirectoryBuilder {
        var builder = DirectoryBuilder()
        builder.configuration =
            "{\"model_type\": \"\(type)\", \"hidden_size\": 8, \"num_attention_heads\": 2"
            + ", \"max_position_embeddings\": 10\(more)}"
        let prefix = type == "bert" ? "bert" : "roberta"
        builder.tensors = [
            ("\(prefix).embeddings.position_embeddings.weight", [10, 8]),
            ("lm_head.dense.weight", [8, 8]),
        ]
        builder.others = others
        return builder
    }

    static func reason(_ builder: DirectoryBuilder) -> String {
        let error = failure { () throws(CheckpointError) in try builder.open() }
        return error.map { "\($0)" } ?? "accepted"
    }

    @Test(arguments: [
        ("bert", "", 0), ("bert", ", \"pad_token_id\": 0", 0), ("roberta", "", 2),
        ("xlm-roberta", ", \"pad_token_id\": 1", 2), ("camembert", ", \"pad_token_id\": 3", 4),
    ])
    func `positions begin behind the padding's row in RoBERTa`(
        type: String, more: String, skippedCount: Int
    ) throws {
        let checkpoint = try Self.directory(type, more).open()
        let table = try #require(checkpoint.tensor("position_embd.weight"))
        #expect(table.shape == [10 - skippedCount, 8])
        #expect(try checkpoint.metadata.integer("bert.context_length") == 10 - skippedCount)
        let all = try Self.directory("bert").open().floats("position_embd.weight")
        let rest = try checkpoint.floats("position_embd.weight")
        #expect(rest == Array(all.dropFirst(8 * skippedCount)))
        // A head for guessing words is of no use to a vector.
        #expect(checkpoint.tensors.count == 1)
    }

    @Test func `positions behind the longest text that is read are left out`() throws {
        func directory(_ limit: String) -> DirectoryBuilder {
            let text = "{\"max_seq_length\": \(limit), \"do_lower_case\": false}"
            return Self.directory("roberta", "", [("sentence_bert_config.json", text)])
        }
        for (limit, count) in [("5", 5), ("8", 8), ("512", 8), ("null", 8)] {
            let checkpoint = try directory(limit).open()
            #expect(try checkpoint.metadata.integer("bert.context_length") == count)
            let all = try Self.directory("bert").open().floats("position_embd.weight")
            let rest = try checkpoint.floats("position_embd.weight")
            #expect(rest == Array(all.dropFirst(16).prefix(8 * count)))
        }
        for (file, text, count) in [
            ("sentence_roberta_config.json", "{\"max_seq_length\": 5}", 5),
            ("tokenizer_config.json", "{\"model_max_length\": 6}", 6),
            ("tokenizer_config.json", "{\"model_max_length\": 1e30}", 8),
        ] {
            let checkpoint = try Self.directory("roberta", "", [(file, text)]).open()
            #expect(try checkpoint.metadata.integer("bert.context_length") == count)
        }
        for limit in ["0", "-1", "true", "\"x\""] {
            let reason = Self.reason(directory(limit))
            #expect(reason.contains("max_seq_length"), "\(reason)")
        }
    }

    @Test func `a padding behind all positions is refused`() {
        for id in [9, 10, 1 << 40] {
            let reason = Self.reason(Self.directory("roberta", ", \"pad_token_id\": \(id)"))
            #expect(reason.contains("max_position_embeddings"), "\(reason)")
        }
        var short = Self.directory("roberta")
        short.tensors[0].shape = [1, 8]
        #expect(Self.reason(short).contains("at least 2 rows"))
    }

    @Test func `positions that are not added to rows are refused`() {
        let type = ", \"position_embedding_type\": \"relative_key\""
        #expect(Self.reason(Self.directory("bert", type)).contains("'relative_key'"))
    }

    @Test func `an encoder with a layer behind its pooling is refused`() throws {
        let usual = ["Transformer", "Pooling", "Normalize"]
        func modules(_ names: [String]) -> String {
            let all = names.map { "{\"type\": \"sentence_transformers.models.\($0)\"}" }
            return "[" + all.joined(separator: ",") + "]"
        }
        _ = try Self.directory("bert", "", [("modules.json", modules(usual))]).open()
        let dense = Self.directory("bert", "", [("modules.json", modules(usual + ["Dense"]))])
        #expect(Self.reason(dense).contains("'Dense' is not supported"), "\(Self.reason(dense))")
    }

    @Test(arguments: [
        ("{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}", 2),
        ("{\"pooling_mode_cls_token\": false, \"pooling_mode_mean_tokens\": true}", 1),
        ("{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": true}", 0), ("{}", 1),
        ("{\"pooling_mode_mean_sqrt_len_tokens\": true}", 1),
    ])
    func `how rows become a vector is what its file says`(text: String, kind: Int) throws {
        let file = (name: "1_Pooling/config.json", text: text)
        let checkpoint = try Self.directory("bert", "", [file]).open()
        #expect(try checkpoint.metadata.integer("bert.pooling_type") == kind)
        // Its folder is where the list of modules has it.
        func modules(_ path: String) -> (name: String, text: String) {
            ("modules.json", "[{\"type\": \"a.Pooling\", \"path\": \"\(path)\"}]")
        }
        let other = Self.directory("bert", "", [("2_P/config.json", text), modules("2_P")])
        #expect(try other.open().metadata.integer("bert.pooling_type") == kind)
        for path in ["../2_P", "/etc", "a/../../b"] {
            let reason = Self.reason(Self.directory("bert", "", [modules(path)]))
            #expect(reason.contains("a folder of the model's"), "\(reason)")
        }
    }
}
