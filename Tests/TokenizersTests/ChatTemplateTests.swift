import Checkpoints
import Foundation
import Testing
import Tokenizers

struct ChatTemplateTests {
    static func messages(_ value: JSONValue?) -> [ChatMessage] {
        (value?.array ?? []).map {
            ChatMessage(role: $0["role"]?.string ?? "", content: $0["content"]?.string ?? "")
        }
    }

    static func vectors() throws -> JSONValue {
        let path =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().path + "/Vectors/chat-templates.json"
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        return try JSONValue(parsing: bytes, file: path)
    }

    @Test func `every family renders as its Jinja template does`() throws {
        let vectors = try Self.vectors()
        let cases = try #require(vectors["cases"]?.array)
        #expect(cases.count > 50)
        for example in cases {
            let name = try #require(example["template"]?.string)
            let source = try #require(vectors["templates"]?[name])
            let template = try #require(
                ChatTemplate(
                    source["source"]?.string ?? "", bos: source["bos"]?.string ?? "",
                    eos: source["eos"]?.string ?? ""), "\(name)")
            #expect(template.family.rawValue == example["family"]?.string)
            let text = template.render(
                Self.messages(example["messages"]),
                addsGenerationPrompt: example["addGenerationPrompt"]?.bool ?? false)
            #expect(text == example["rendered"]?.string, "\(name)")
        }
    }

    @Test func `a template of no known family, and no template, are nil`() throws {
        #expect(ChatTemplate("{{ messages[0].content }}", bos: "", eos: "") == nil)
        #expect(ChatTemplate("", bos: "", eos: "") == nil)
        let model = TokenizerModel(kind: .bytePairs, pieces: [[97]], types: [.normal])
        #expect(ChatTemplate(model) == nil)
    }

    @Test(
        .enabled(if: ReferenceData.isPresent),
        arguments: ["rand-llama", "rand-qwen2", "rand-qwen3"])
    func `rendered chats have the reference's text and ids`(name: String) throws {
        let reference = try ReferenceData.json("reference/\(name).json")
        let cases = try #require(reference["chat_template_cases"]?.array)
        #expect(!cases.isEmpty)
        let gguf = try ReferenceData.gguf("random/\(name)/\(name)-F16.gguf")
        for checkpoint in [gguf, try ReferenceData.directory("random/\(name)/hf")] {
            let model = try TokenizerModel(checkpoint)
            let tokenizer = try Tokenizer(model)
            let template = try #require(ChatTemplate(model))
            for example in cases {
                let text = template.render(
                    Self.messages(example["messages"]),
                    addsGenerationPrompt: example["add_generation_prompt"]?.bool ?? false)
                #expect(text == example["rendered"]?.string)
                let ids = tokenizer.encode(
                    text, addSpecial: false, parseSpecial: true)
                #expect(ids == example["ids"]?.array?.compactMap(\.integer))
            }
        }
    }
}
