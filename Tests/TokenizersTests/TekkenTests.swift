import Checkpoints
import Primitives
import Testing
import Tokenizers

/// Mistral's `tekken.json`, against what mistral-common made of it (Tests/Vectors/tekken.py).
struct TekkenTests {
    static let cases = TokenizerVectors.cases("tekken")

    static func model(
        _ file: [UInt8], beside others: [(name: String, text: String)] = []
    ) throws -> TokenizerModel {
        let files = others.map {
            NamedRegion(name: $0.name, region: Region(Array($0.text.utf8)))
        }
        let checkpoint = try SafetensorsDirectory.openVocabulary(
            files + [NamedRegion(name: "tekken.json", region: Region(file))], name: "a folder")
        #expect(try !TokenizerModel.isAbsent(in: checkpoint))
        return try TokenizerModel(checkpoint)
    }

    static func text(of index: Int) throws -> String {
        try #require(cases[index]["file"]?.string)
    }

    @Test func `there are all of these files, and a folder of one is a tokenizer's`() {
        #expect(Self.cases.count == 4)
        #expect(SafetensorsDirectory.isVocabulary("tekken.json"))
    }

    @Test(arguments: cases.indices)
    func `a tekken json gives the ids of mistral-common`(index: Int) throws {
        let model = try Self.model(Array(Self.text(of: index).utf8))
        try TokenizerVectors.check(model, of: Self.cases[index], rowCount: 16)
        let tokenizer = try Tokenizer(model)
        let ids = tokenizer.encode("[INST]a[/INST]", addSpecial: false, parseSpecial: true)
        #expect(ids.first == 3 && ids.last == 4 && ids.count == 3)
        #expect(model.bosID == 1 && model.eosIDs == [2])
    }

    @Test(arguments: cases.indices)
    func `a chat with a model that has no template gets the ids of mistral-common`(
        index: Int
    ) throws {
        let model = try Self.model(Array(Self.text(of: index).utf8))
        let tokenizer = try Tokenizer(model)
        let template = try #require(ChatTemplate(model))
        let chats = try #require(Self.cases[index]["chats"]?.array)
        #expect(chats.count == 4)
        for chat in chats {
            let messages = try #require(chat["messages"]?.array)
            let text = try template.render(messages)
            let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
            #expect(ids == chat["ids"]?.array?.compactMap(\.integer), "\(text)")
        }
    }

    @Test func `a chat with tools needs the model's own template, which counts where there is one`()
        throws
    {
        let file = Array(try Self.text(of: 0).utf8)
        let usual = try #require(ChatTemplate(Self.model(file)))
        let message = ChatMessage(role: "user", content: "Hi").json
        var refusal = ""
        do {
            _ = try usual.render([message], tools: .array([.string("a tool")]))
        } catch {
            refusal = "\(error)"
        }
        #expect(refusal.contains("without a template for chats with tools"), "\(refusal)")
        let own = try Self.model(file, beside: [("chat_template.jinja", "<{{ bos_token }}>")])
        #expect(try #require(ChatTemplate(own)).render([message]) == "<<s>>")
    }

    @Test(arguments: [
        (#""vocab": ["#, #""words": ["#, "vocab"),
        (#""pattern": "#, #""patterns": "#, "config.pattern"),
        (#""default_num_special_tokens": 24"#, #""default_num_special_tokens": 9999"#, "9999"),
        (#""default_vocab_size": "#, #""default_vocab_size": 9"#, "pieces or more"),
        (#""default_vocab_size": "#, #""default_vocab_size": -"#, "default_vocab_size"),
        (#""rank": 7,"#, #""rank": 8,"#, "the rank 7"),
        (#""token_bytes": "Bw==""#, #""token_bytes": "Bw=""#, "base64"),
        (#""token_bytes": "Bw==""#, #""token_bytes": """#, "base64"),
        (#""token_bytes": "Bw==""#, #""token_bytes": "Bg==""#, "twice"),
        (#""vocab": ["#, #""special_tokens": [{"rank": 24}], "vocab": ["#, "special_tokens"),
    ])
    func `a bad file is named, and what is wrong in it`(
        old: String, new: String, word: String
    ) throws {
        let text = try Self.text(of: 0)
        let range = try #require(text.firstRange(of: old))
        var message = "nothing"
        do {
            let changed = text[..<range.lowerBound] + new + text[range.upperBound...]
            _ = try Self.model(Array(changed.utf8))
        } catch {
            message = "\(error)"
        }
        #expect(message.contains("tekken.json") && message.contains(word), "\(message)")
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `changed files are refused or mean another tokenizer, and never crash`(
        seed: UInt64
    ) throws {
        let refusedCount = try TokenizerVectors.refusedCount(of: 100, seed: seed) { random in
            var bytes = Array(try Self.text(of: random.below(Self.cases.count)).utf8)
            TokenizerVectors.change(&bytes, &random)
            return bytes
        } read: {
            try Self.model($0)
        }
        #expect(refusedCount > 10, "seed \(seed)")
    }
}
