import Checkpoints
import Foundation
import Templates
import Testing

/// Chats and expressions that Python's jinja2 rendered (Tests/Vectors/chat-templates.py).
enum Vectors {
    static let all: JSONValue? = {
        let path =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().path + "/Vectors/chat-templates.json"
        let bytes = (try? Data(contentsOf: URL(fileURLWithPath: path))).map { Array($0) } ?? []
        return try? JSONValue(parsing: bytes, file: path)
    }()

    /// The text, or nil where the template fails: jinja2 must have failed, too.
    static func rendered(_ source: String, _ variables: JSONObject) -> String? {
        try? Template(source).render(
            variables, secondsSince1970: all?["secondsSince1970"]?.integer)
    }
}

struct VectorTests {
    @Test func `chats of the common families are rendered as jinja2 renders them`() throws {
        let all = try #require(Vectors.all)
        let renderings = try #require(all["renderings"]?.array)
        #expect(renderings.count >= 280)
        #expect(renderings.contains { $0["rendered"] == .null })
        for rendering in renderings {
            let name = try #require(rendering["template"]?.string)
            let source = try #require(all["templates"]?[name]?.string)
            let place = try #require(rendering["chat"]?.integer)
            let chat = try #require(all["chats"]?.array?[place].object)
            var variables = JSONObject()
            for (key, value) in zip(chat.keys, chat.values) { variables.add(value, for: key) }
            variables.add(.null, for: "tools")
            variables.add(.null, for: "documents")
            variables.add(.string("<s>"), for: "bos_token")
            variables.add(.string("</s>"), for: "eos_token")
            variables.add(rendering["prompts"] ?? .null, for: "add_generation_prompt")
            let text = Vectors.rendered(source, variables)
            #expect(same(text, rendering["rendered"]?.string), "\(name), chat \(place)")
        }
    }

    @Test func `expressions, statements and white space are jinja2's`() throws {
        let all = try #require(Vectors.all)
        let variables = try #require(all["variables"]?.object)
        let snippets = try #require(all["snippets"]?.array)
        #expect(snippets.count >= 80)
        for snippet in snippets {
            let source = try #require(snippet["source"]?.string)
            let text = Vectors.rendered(source, variables)
            let expected = snippet["rendered"]?.string
            #expect(same(text, expected), "\(source): \(text ?? "an error")")
        }
    }

    /// Swift calls equivalent texts equal, and these must have the same characters.
    private func same(_ left: String?, _ right: String?) -> Bool {
        left.map { Array($0.utf8) } == right.map { Array($0.utf8) }
    }
}
