import Glibc
import Runtime
import Testing

/// What engineers check an engine's text with, over real processes.
struct TokenCommandTests {
    private func write(_ text: String, to path: String) {
        let stream = unsafe fopen(path, "w")
        let bytes = Array(text.utf8)
        unsafe fwrite(bytes, 1, bytes.count, stream)
        unsafe fclose(stream)
    }

    @Test func `texts and chats become tokens without a node`() throws {
        guard let mesh = try ProcessMesh(named: "tokens") else { return }
        _ = try DataDirectory(mesh.data(0))
        let store = ["--data", mesh.data(1), "--json"]
        let text = ["model", "tokenize", "boredling", "--text", "<|im_start|>hi"]
        let special = try mesh.run(text + ["--special"] + store)
        #expect(special.code == 0 && special.output.hasPrefix("{\"ids\":[1,514]"))
        #expect(special.output.contains("\"pieces\":[\"<|im_start|>\",\"hi\"]"))
        let plain = try mesh.run(text + store)
        #expect(plain.code == 0 && !plain.output.hasPrefix("{\"ids\":[1,"))
        let chat = mesh.data(0) + "/chat.json"
        write(
            "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}], \"tools\": null}", to: chat
        )
        let render = ["model", "render", "boredling", "--messages", chat]
        let rendered = try mesh.run(render + store)
        let expected = "\"text\":\"<|im_start|>user\\nhi<|im_end|>\\n<|im_start|>assistant\\n\""
        #expect(rendered.code == 0 && rendered.output.contains(expected), "\(rendered.output)")
        let short = try mesh.run(render + ["--no-generation-prompt"] + store)
        #expect(short.code == 0 && short.output.contains("hi<|im_end|>\\n\",\"ids\":[1,"))
    }

    @Test func `a prompt goes on with a chat, as the model's own form has it`() throws {
        guard let mesh = try ProcessMesh(named: "chat") else { return }
        _ = try DataDirectory(mesh.data(0))
        let (first, whole) = (mesh.data(0) + "/first.json", mesh.data(0) + "/whole.json")
        func message(_ role: String, _ text: String) -> String {
            "{\"role\": \"\(role)\", \"content\": \"\(text)\"}"
        }
        let turns = message("user", "Hello!") + ", " + message("assistant", "Hello.")
        write("{\"messages\": [\(turns)], \"tools\": null}", to: first)
        write(
            "[\(message("system", "Be short.")), \(turns), \(message("user", "Who are you?"))]",
            to: whole)
        let rendered = try mesh.run(
            ["model", "render", "boredling", "--messages", whole, "--json"])
        let expected = try #require(rendered.output.firstRange(of: "\"ids\":"))
        let ids = rendered.output[expected.upperBound...].prefix { $0 != "]" }
        let chat = ["--messages", first, "--system", "Be short."]
        let answer = try mesh.prompt("Who are you?", chat)
        #expect(answer.code == 0 && answer.output.contains("\"promptIds\":\(ids)]"), "\(answer)")
        // Nothing of a message is left out: a model without a chat form reads texts alone.
        let file = try TinyModelFile().write(in: mesh)
        let added = ["model", "import", file, "--name", "tiny", "--data", mesh.prompterData]
        #expect(try mesh.run(added).code == 0)
        write("[{\"role\": \"user\", \"content\": [{\"type\": \"image\"}]}]", to: first)
        let picture = try mesh.prompt("hi", ["--model", "tiny", "--messages", first])
        #expect(picture.code == 1 && picture.output.contains("text alone"), "\(picture.output)")
        for (arguments, words) in [
            (["--raw"] + chat, "--raw without"), (["--alone"], "needs TEXT, or --messages FILE"),
        ] {
            let wrong = try mesh.run(["prompt", "--data", mesh.data(1)] + arguments)
            #expect(wrong.code == 64 && wrong.output.contains(words), "\(wrong.output)")
        }
    }

    @Test func `files that are no use end with one sentence`() throws {
        guard let mesh = try ProcessMesh(named: "useless") else { return }
        _ = try DataDirectory(mesh.data(0))
        let file = mesh.data(0) + "/tokenizer.json"
        write("{\"model\": {\"type\": \"WordLevel\"}}", to: file)
        let store = ["--data", mesh.data(1)]
        let wrong = try mesh.run(["model", "tokenize", file, "--text", "x"] + store)
        #expect(wrong.code == 1 && wrong.output.contains("'WordLevel' is not supported"))
        // A folder with a tokenizer alone is one to the commands that need no more.
        write("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"x\": 0}, \"merges\": []}}", to: file)
        let folder = try mesh.run(["model", "tokenize", mesh.data(0), "--text", "x"] + store)
        #expect(folder.code == 0 && folder.output.hasPrefix("0 "), "\(folder.output)")
        for path in [mesh.data(0), file] {
            let model = try mesh.run(["model", "logits", path, "--tokens", "0"] + store)
            #expect(model.code == 1 && model.output.contains("'model.safetensors' is missing"))
        }
        let chat = mesh.data(0) + "/chat.json"
        write("{}", to: chat)
        let empty = try mesh.run(["model", "render", "boredling", "--messages", chat] + store)
        #expect(empty.code == 1 && empty.output.contains("is no list of messages"))
    }
}
