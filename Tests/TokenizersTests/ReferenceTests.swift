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
    ]

    static func ids(_ value: JSONValue?) -> [Int]? { value?.array?.compactMap(\.integer) }

    @Test(arguments: vocabularies)
    func `a GGUF tokenizer gives llama.cpp's ids`(name: String, path: String) throws {
        let tokenizer = try Tokenizer(TokenizerModel(ReferenceData.gguf(path)))
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

    @Test(arguments: ["phi-3", "gpt-2", "qwen2", "falcon"])
    func `llama.cpp's own test vectors hold`(name: String) throws {
        let path = "vocabs/ggml-vocab-\(name).gguf"
        let tokenizer = try Tokenizer(TokenizerModel(ReferenceData.gguf(path)))
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
}
