import Checkpoints
import Templates
import Testing
import Tokenizers

/// What chat templates of Hugging Face folders know by name, as transformers has it.
struct TemplateTextTests {
    private static let tokenizer = """
        {"added_tokens": [
          {"id": 3, "content": "<s>", "special": true},
          {"id": 4, "content": "</s>", "special": true},
          {"id": 5, "content": "<|end|>", "special": true}],
         "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2}, "merges": []}}
        """

    private func model(
        _ configuration: String, others: [(name: String, text: String)] = []
    ) throws -> TokenizerModel {
        let files =
            [("tokenizer.json", Self.tokenizer), ("tokenizer_config.json", configuration)] + others
        return try TokenizerModel(
            SafetensorsDirectory.openVocabulary(
                files.map { NamedRegion(name: $0.0, region: Region(Array($0.1.utf8))) },
                name: "a tokenizer"))
    }

    private func rendered(
        _ configuration: String, others: [(name: String, text: String)] = [],
        tools: JSONValue = .null
    ) throws -> String {
        let model = try model(configuration, others: others)
        let read = try TokenizerModel(decoding: model.encode())
        #expect(read == model)
        let template = try #require(ChatTemplate(read))
        return try template.render([], tools: tools)
    }

    private static let both =
        #""chat_template": "[{{ bos_token }}][{{ eos_token }}][{{ pad_token }}]""#
    private static let ends = [
        (name: "generation_config.json", text: #"{"bos_token_id": 3, "eos_token_id": [5, 4]}"#)
    ]

    @Test func `a tokenizer's own names count, and not the ids that end an answer`() throws {
        #expect(
            try rendered(
                #"{"bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": "a", "#
                    + Self.both + "}", others: Self.ends) == "[<s>][</s>][a]")
    }

    @Test func `a name that is null is nothing, whatever the ids are`() throws {
        #expect(
            try rendered(
                #"{"bos_token": null, "eos_token": "</s>", "# + Self.both + "}", others: Self.ends)
                == "[][</s>][]")
    }

    @Test func `names that no file has come from the ids`() throws {
        let configuration = "{" + Self.both + "}"
        #expect(try rendered(configuration, others: Self.ends) == "[<s>][<|end|>][]")
        #expect(try model(configuration, others: Self.ends).templateTexts == nil)
        // An older file says some of them.
        let older = (name: "special_tokens_map.json", text: #"{"eos_token": "</s>"}"#)
        #expect(try rendered(configuration, others: Self.ends + [older]) == "[<s>][</s>][]")
    }

    @Test func `names of a tokenizer's own are known, those that no template has are not kept`()
        throws
    {
        let configuration = """
            {"image_token": "<i>", "other_token": "<o>", "extra_special_tokens": {"x_token": "<x>"},
             "add_bos_token": false, "chat_template": "{{ image_token }}{{ x_token }}"}
            """
        #expect(try rendered(configuration) == "<i><x>")
        let names = try model(configuration).templateTexts?.map(\.name)
        #expect(names == ["image_token", "x_token"])
    }

    @Test func `a chat with tools has the template for such where there is one`() throws {
        let configuration = """
            {"chat_template": [{"name": "tool_use", "template": "T{{ tools | length }}"},
             {"name": "default", "template": "D"}, {"name": "rag", "template": "R"}]}
            """
        let file = (name: "additional_chat_templates/tool_use.jinja", text: "F")
        #expect(try rendered(configuration, others: [file], tools: .array([])) == "F")
        #expect(try rendered(configuration) == "D")
        #expect(try rendered(configuration, tools: .array([.integer(1)])) == "T1")
    }

    @Test func `a template that only a processor would look for is the last that counts`() throws {
        let file = (name: "chat_template.json", text: #"{"chat_template": "P"}"#)
        #expect(try rendered("{}", others: [file]) == "P")
        #expect(try rendered(#"{"chat_template": "C"}"#, others: [file]) == "C")
    }

    @Test func `names out of order, or twice, and parts without a template are refused`() throws {
        var model = try model("{" + Self.both + "}")
        let (a, b) = (
            TokenizerModel.TemplateText(name: "a", text: "1"),
            TokenizerModel.TemplateText(name: "b", text: "2")
        )
        for (texts, isRead) in [([a, b], true), ([b, a], false), ([a, a], false), ([], true)] {
            model.templateTexts = texts
            #expect(((try? TokenizerModel(decoding: model.encode())) != nil) == isRead)
        }
        var bytes = model.encode()
        let place = try #require(bytes.lastIndex(of: 5))
        for parts in [UInt8(2), 4, 6, 8, 255] {
            bytes[place] = parts
            #expect(throws: TokenizerError.self) { try TokenizerModel(decoding: bytes) }
        }
    }
}
