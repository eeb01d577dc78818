import Checkpoints
import Foundation
import Testing
import Tokenizers

@Suite(.enabled(if: ReferenceData.isPresent))
struct ReferenceTests {
    static let vocabularies = [
        ("stories260K", "stories260K/stories260K-F32.gguf"),
        ("own-spm-llama", "random/rand-llama-k/rand-llama-k-F16.gguf"),
        ("own-llama3-bpe", "random/rand-llama/rand-llama-F16.gguf"),
        ("own-qwen2-bpe", "random/rand-qwen2/rand-qwen2-F16.gguf"),
        ("phi3-spm", "vocabs/ggml-vocab-phi-3.gguf"),
        ("gpt2", "vocabs/ggml-vocab-gpt-2.gguf"),
        ("qwen2", "vocabs/ggml-vocab-qwen2.gguf"),
        ("falcon", "vocabs/ggml-vocab-falcon.gguf"),
        ("bert-wpm", "vocabs/ggml-vocab-bert-bge.gguf"),
    ]

    /// In the order of `vocabularies`, read once: the large ones take seconds.
    private static let tokenizers: [Result<Tokenizer, any Error>] = vocabularies.map { _, path in
        Result { try Tokenizer(TokenizerModel(ReferenceData.gguf(path))) }
    }

    static func tokenizer(_ path: String) throws -> Tokenizer {
        let index = try #require(vocabularies.firstIndex { $0.1 == path })
        return try tokenizers[index].get()
    }

    static func ids(_ value: JSONValue?) -> [Int]? { value?.array?.compactMap(\.integer) }

    @Test(arguments: vocabularies)
    func `a GGUF tokenizer gives llama.cpp's ids`(name: String, path: String) throws {
        let tokenizer = try Self.tokenizer(path)
        let reference = try ReferenceData.json("reference/tokenizers/\(name).json")
        let rows = try #require(reference["rows"]?.array)
        #expect(rows.count >= 50)
        for row in rows {
            let text = try #require(row["text"]?.string)
            for (key, parses) in [("llama_cpp_plain", false), ("llama_cpp_parse_special", true)] {
                let expected = try #require(Self.ids(row[key]))
                let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: parses)
                #expect(ids == expected, "\(key) of \(text.debugDescription)")
            }
        }
        let example = try #require(reference["add_special_example"])
        let text = try #require(example["text"]?.string)
        let ids = tokenizer.encode(text, addSpecial: true, parseSpecial: false)
        #expect(ids == Self.ids(example["ids"]))
    }

    @Test(arguments: ["phi-3", "gpt-2", "qwen2", "falcon", "bert-bge"])
    func `llama.cpp's own test vectors hold`(name: String) throws {
        let path = "vocabs/ggml-vocab-\(name).gguf"
        let tokenizer = try Self.tokenizer(path)
        let input = String(decoding: try ReferenceData.bytes(path + ".inp"), as: UTF8.self)
        let output = String(decoding: try ReferenceData.bytes(path + ".out"), as: UTF8.self)
        let texts = input.components(separatedBy: "\n__ggml_vocab_test__\n")
        let lines = output.components(separatedBy: "\n")
        #expect(texts.count > 40)
        for (text, line) in zip(texts, lines) {
            let expected = line.split(separator: " ").compactMap { Int($0) }
            let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: false)
            #expect(ids == expected, "\(text.debugDescription)")
        }
    }

    @Test(arguments: [
        ("stories260K", "stories260K/hf"), ("own-spm-llama", "random/rand-llama-k/hf"),
        ("own-llama3-bpe", "random/rand-llama/hf"), ("own-qwen2-bpe", "random/rand-qwen2/hf"),
    ])
    func `a tokenizer.json gives the ids of the tokenizers library`(
        name: String, path: String
    ) throws {
        let tokenizer = try Tokenizer(TokenizerModel(ReferenceData.directory(path)))
        let reference = try ReferenceData.json("reference/tokenizers/\(name).json")
        for row in try #require(reference["rows"]?.array) {
            let text = try #require(row["text"]?.string)
            let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
            #expect(ids == Self.ids(row["hf_tokenizers"]), "\(text.debugDescription)")
        }
        let example = try #require(reference["add_special_example"])
        let text = try #require(example["text"]?.string)
        let ids = tokenizer.encode(text, addSpecial: true, parseSpecial: false)
        #expect(ids == Self.ids(example["ids"]))
    }

    @Test func `a tokenizer.model gives the ids of SentencePiece`() throws {
        let checkpoint = try ReferenceData.directory(
            "random/rand-llama-k/hf", without: ["tokenizer.json"])
        let tokenizer = try Tokenizer(TokenizerModel(checkpoint))
        let reference = try ReferenceData.json("reference/tokenizers/own-spm-llama.json")
        for row in try #require(reference["rows"]?.array) {
            let text = try #require(row["text"]?.string)
            for (key, parses) in [("sentencepiece", false), ("hf_tokenizers", true)] {
                let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: parses)
                #expect(ids == Self.ids(row[key]), "\(key) of \(text.debugDescription)")
            }
        }
    }

    /// Ids from transformers 5.24, which reads both forms alike.
    @Test(arguments: [false, true]) func `pieces beside a tokenizer.model follow it`(isOlder: Bool)
        throws
    {
        let newer =
            #"{"added_tokens_decoder":{"512":{"content":"[PAD]","special":true},"#
            + #""513":{"content":"<|im_start|>"},"514":{"content":"<|x|>","special":true}}}"#
        let older = [
            ("added_tokens.json", #"{"[PAD]":512,"<|im_start|>":513,"<|x|>":514}"#),
            (
                "special_tokens_map.json",
                #"{"pad_token":{"content":"[PAD]"},"additional_special_tokens":["<|x|>"]}"#
            ),
            ("tokenizer_config.json", "{}"),
        ]
        func tokenizer(_ added: [(String, String)]) throws -> Tokenizer {
            try Tokenizer(
                TokenizerModel(
                    ReferenceData.directory(
                        "random/rand-llama-k/hf",
                        without: ["tokenizer.json", "tokenizer_config.json"], adding: added)))
        }
        let read = try tokenizer(isOlder ? older : [("tokenizer_config.json", newer)])
        func ids(_ text: String, parsesSpecial: Bool = true) -> [Int] {
            read.encode(text, addSpecial: false, parseSpecial: parsesSpecial)
        }
        #expect(
            ids("hello <|im_start|>user") == [287, 290, 338, 332, 513, 332, 360, 352, 333, 346])
        #expect(ids("a[PAD]b") == [262, 512, 268])
        #expect(ids("x<|im_start|>", parsesSpecial: false).last == 513)
        #expect(!ids("<|x|>", parsesSpecial: false).contains(514))
        #expect(ids("<|x|>") == [514])
        #expect(throws: CheckpointError.self) {
            _ = try tokenizer([("added_tokens.json", #"{"<far>":900}"#)])
        }
        #expect(throws: CheckpointError.self) {
            _ = try tokenizer([("added_tokens.json", #"{"<a>":"b"}"#)])
        }
    }

    @Test(arguments: [("gpt-2", "gpt2"), ("qwen2", "qwen2")])
    func `a rebuilt tokenizer.json equals the GGUF it came from`(
        name: String, reference: String
    ) throws {
        // Only the tokenizer's file is real; a configuration and one tensor make it a model.
        let files = [
            NamedRegion(name: "config.json", region: Region(Array("{\"model_type\":\"x\"}".utf8))),
            NamedRegion(
                name: "tokenizer.json",
                region: Region(try ReferenceData.bytes("vocabs/\(name).tokenizer.json"))),
            NamedRegion(
                name: "model.safetensors", region: Region([2, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D])),
        ]
        let json = try TokenizerModel(SafetensorsDirectory.open(files, name: name))
        let gguf = try Self.tokenizer("vocabs/ggml-vocab-\(name).gguf").model
        #expect(json.merges == gguf.merges)
        let tokenizer = try Tokenizer(json)
        let rows = try ReferenceData.json("reference/tokenizers/\(reference).json")["rows"]?.array
        for row in try #require(rows) {
            let text = try #require(row["text"]?.string)
            let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
            #expect(ids == Self.ids(row["hf_tokenizers"]), "\(text.debugDescription)")
        }
    }

    @Test(arguments: vocabularies)
    func `ids decode to the text they came from, all at once and one by one`(
        name: String, path: String
    ) throws {
        let tokenizer = try Self.tokenizer(path)
        let reference = try ReferenceData.json("reference/tokenizers/\(name).json")
        for row in try #require(reference["rows"]?.array) {
            let text = try #require(row["text"]?.string)
            let ids = tokenizer.encode(text, addSpecial: true, parseSpecial: false)
            let decoded = tokenizer.decode(ids, skipSpecial: true)
            // WordPiece keeps neither cases nor spaces.
            let expected = tokenizer.model.kind == .wordPiece ? decoded : text
            #expect(decoded == expected, "\(text.debugDescription)")
            var decoder = StreamingDecoder(tokenizer, startsText: true)
            var pieces = ids.map { decoder.append($0) }
            #expect(!pieces.contains { $0.contains("\u{FFFD}") } || text.contains("\u{FFFD}"))
            pieces.append(decoder.finish())
            #expect(pieces.joined() == expected)
        }
    }

    @Test(arguments: ["stories260K", "rand-llama"])
    func `a continuation decodes to the reference's text`(name: String) throws {
        let isStories = name == "stories260K"
        let path = isStories ? "stories260K/stories260K-F32" : "random/rand-llama/rand-llama-F16"
        let tokenizer = try Self.tokenizer(path + ".gguf")
        let reference = try ReferenceData.json("reference/\(name).json")
        let cases = (isStories ? reference["variants"]?["F32"]?["cases"] : reference["cases"])?
            .array
        for example in try #require(cases) {
            let prompt = try #require(example["prompt"]?.string)
            let adds = try #require(example["add_special_tokens"]?.bool as Bool?)
            let ids = tokenizer.encode(prompt, addSpecial: adds, parseSpecial: true)
            #expect(ids == Self.ids(example["prompt_ids"]))
            let greedy = try #require(Self.ids(example["greedy_ids"]))
            let full = try #require(example["full_text"]?.string)
            #expect(tokenizer.decode(ids + greedy, skipSpecial: true) == full)
            var decoder = StreamingDecoder(tokenizer, startsText: prompt.isEmpty)
            let streamed = greedy.map { decoder.append($0) }.joined() + decoder.finish()
            #expect(full.hasSuffix(streamed) && !streamed.isEmpty)
        }
    }

    @Test(arguments: ["vocabs/ggml-vocab-phi-3.gguf", "vocabs/ggml-vocab-gpt-2.gguf"])
    func `a long text takes time in proportion to its length`(path: String) throws {
        let tokenizer = try Self.tokenizer(path)
        let unit = "Once upon a time, in 1984, there was a \u{E9}toile; it couldn't stop shining!\n"
        let text = String(repeating: unit, count: 1_000_000 / unit.utf8.count)
        let clock = ContinuousClock()
        var ids: [Int] = []
        let encoding = clock.measure {
            ids = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
        }
        var decoded = ""
        let decoding = clock.measure { decoded = tokenizer.decode(ids, skipSpecial: true) }
        print("\(path): \(text.utf8.count) bytes encoded in \(encoding), decoded in \(decoding)")
        #expect(decoded == text)
        // Seconds in a release build; a quadratic merge of this text would take days.
        #expect(encoding < .seconds(120) && decoding < .seconds(120))
    }
}
