import Checkpoints
import Templates
import Testing
import Tokenizers

struct ChatTemplateTests {
    private func model(_ pieces: [String], template: String? = nil) -> TokenizerModel {
        var model = TokenizerModel(
            kind: .bytePairs, pieces: pieces.map { Array($0.utf8) },
            types: pieces.map { $0.hasPrefix("<") ? .control : .normal })
        model.chatTemplate = template
        return model
    }

    @Test func `the model's own template gets its pieces, its tools and other variables`() throws {
        var model = model(
            ["a", "<s>", "</s>"],
            template: "{{ bos_token }}{{ messages[0].content }}{{ tools | length }}{{ mood }}"
                + "{{ eos_token }}{{ add_generation_prompt }}{{ messages[0].name is defined }}")
        (model.bosID, model.eosIDs) = (1, [2])
        let template = try #require(ChatTemplate(model))
        #expect(!template.isUsual)
        var message = JSONObject()
        message.add(.string("user"), for: "role")
        message.add(.string("hi"), for: "content")
        message.add(.null, for: "name")
        var others = JSONObject()
        others.add(.string("calm"), for: "mood")
        let text = try template.render(
            [.object(message)], tools: .array([.integer(1), .integer(2)]),
            addsGenerationPrompt: false, others: others)
        #expect(text == "<s>hi2calm</s>FalseFalse")
    }

    @Test func `what a model thought is known by each of its names`() throws {
        let model = model(
            ["a"],
            template: "{{ messages[0].thinking }}|{{ messages[0].reasoning_content }}")
        let template = try #require(ChatTemplate(model))
        for name in ["reasoning_content", "thinking", "reasoning"] {
            var message = JSONObject()
            message.add(.string("assistant"), for: "role")
            message.add(.string("why"), for: name)
            #expect(try template.render([.object(message)]) == "why|why")
        }
    }

    @Test func `a model without a template gets the usual one of its family`() throws {
        let chat = [
            ChatMessage(role: "system", content: "S"), ChatMessage(role: "user", content: " U "),
            ChatMessage(role: "assistant", content: "A"),
        ]
        let usual = [
            (
                "<|im_start|>",
                "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n U <|im_end|>\n"
                    + "<|im_start|>assistant\nA<|im_end|>\n<|im_start|>assistant\n"
            ),
            (
                "<|start_header_id|>",
                "<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
                    + "<|start_header_id|>user<|end_header_id|>\n\nU<|eot_id|>"
                    + "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|>"
                    + "<|start_header_id|>assistant<|end_header_id|>\n\n"
            ),
            (
                "<start_of_turn>",
                "<start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n"
                    + "<start_of_turn>model\n"
            ),
            (
                "<|assistant|>",
                "<|system|>\nS<|end|>\n<|user|>\n U <|end|>\n<|assistant|>\nA<|end|>\n"
                    + "<|assistant|>\n"
            ),
        ]
        for (piece, expected) in usual {
            let template = try #require(ChatTemplate(model(["a", piece])))
            #expect(template.isUsual)
            #expect(try template.render(chat) == expected, "\(piece)")
        }
        #expect(ChatTemplate(model(["a"])) == nil)
    }

    @Test func `a template that can't be read says so when it is used`() throws {
        let template = try #require(ChatTemplate(model(["a"], template: "{% if %}")))
        #expect(throws: TemplateError.self) {
            try template.render([ChatMessage(role: "user", content: "x")])
        }
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
            #expect(!template.isUsual)
            for example in cases {
                let text = try template.render(
                    example["messages"]?.array ?? [],
                    addsGenerationPrompt: example["add_generation_prompt"]?.bool ?? false)
                #expect(text == example["rendered"]?.string)
                let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
                #expect(ids == example["ids"]?.array?.compactMap(\.integer))
            }
        }
    }
}
