import Glibc
import Runtime
import Testing

/// What people do wrong, over real processes: one sentence, and nothing lost.
@Suite(.serialized) struct MistakeTests {
    @Test func `an encoder gives the same vector from the store as from its file, and no text`()
        throws
    {
        guard let mesh = try ProcessMesh(named: "encoder") else { return }
        let file = try TinyModelFile(isEncoder: true).write(in: mesh)
        let store = ["--data", mesh.data(1)]
        let imported = try mesh.run(["model", "import", file, "--name", "small"] + store)
        #expect(imported.code == 0, "\(imported.output)")
        for command in [["embed"], ["model", "tokenize"]] {
            let (named, read) = try (
                mesh.run(command + ["small", "--text", "A car.", "--json"] + store),
                mesh.run(command + [file, "--text", "A car.", "--json"])
            )
            #expect(named.code == 0 && named.output.hasPrefix("{\"ids\":["), "\(named.output)")
            #expect(named.output == read.output)
        }
        for source in ["small", file] {
            let text = try mesh.run(["model", "generate", source, "--tokens", "5"] + store)
            #expect(text.code == 1 && text.output.contains("it is an encoder and writes no text"))
        }
        let nothing = try mesh.run(["embed", file, "--text", ""])
        #expect(nothing.code == 0 || nothing.output.contains("has no tokens"))
        let other = try TinyModelFile().write(in: mesh)
        let vector = try mesh.run(["embed", other, "--text", "A car."])
        #expect(vector.code == 1 && vector.output.contains("it writes text (llama)"))
    }

    @Test func `a name that is taken is refused, and the same model is not another`() throws {
        guard let mesh = try ProcessMesh(named: "names") else { return }
        let file = try TinyModelFile().write(in: mesh)
        let store = ["--data", mesh.data(1)]
        func add(_ name: String) throws -> ProcessMesh.Run {
            try mesh.run(["model", "import", file, "--name", name] + store)
        }
        #expect(try add("one").code == 0)
        #expect(try add("one").code == 0)
        _ = try TinyModelFile(usesQ8: true).write(in: mesh)
        let second = try add("one")
        #expect(second.code == 1 && second.output.contains("has another model 'one'"))
        #expect(try add("two").code == 0)
        let list = try mesh.run(["model", "list"] + store)
        #expect(list.output.contains("one ") && list.output.contains("two "))
        for name in ["a/b", "-x", "..", "a\nb", "\u{1B}[31mred", "a.gguf", ""] {
            let refused = try add(name)
            #expect(refused.code == 64, "\(name): \(refused.output)")
        }
    }

    @Test func `numbers that are none of the model's are refused by their option`() throws {
        guard let mesh = try ProcessMesh(named: "numbers") else { return }
        let file = try TinyModelFile().write(in: mesh)
        let generate = ["model", "generate", file, "--tokens"]
        for (arguments, words) in [
            (["5 6"], "not '5 6'"), (["5,,6"], "--tokens"), (["5", "--top-p", "0"], "--top-p"),
            (["5", "--repetition-penalty", "0"], "--repetition-penalty"),
            (["5", "--logit-bias", "259=1"], "from 0 to 258"),
            (["5", "--logit-bias", "1=nan"], "--logit-bias"),
        ] {
            let run = try mesh.run(generate + arguments)
            #expect(run.code == 64 && run.output.contains(words), "\(run.output)")
        }
        let spaced = try mesh.run(generate + [" 5, 6 ", "--max-tokens", "3", "--json"])
        #expect(spaced.code == 0, "\(spaced.output)")
        let full = try mesh.run(
            generate + ["5", "--max-tokens", "1000", "--ignore-end", "--json"])
        #expect(full.field("finish") == "\"length\"")
        #expect(full.output.contains("the context of 256 tokens is full"))
        let long = Array(repeating: "5", count: 256).joined(separator: ",")
        let crammed = try mesh.run(generate + [long])
        #expect(crammed.code == 1 && crammed.output.contains("shorten it"), "\(crammed.output)")
    }

    @Test func `an answer that can't be written is an error`() throws {
        guard let mesh = try ProcessMesh(named: "full") else { return }
        let process = try ChildProcess(
            path: mesh.program, arguments: ["model", "--help"], log: "/dev/full")
        #expect((process.wait() >> 8) & 0xFF == 1)
    }

    @Test func `a prompt to nobody says that nobody answers`() throws {
        guard let mesh = try ProcessMesh(named: "nobody") else { return }
        for model in ["boredling", "unheard-of"] {
            let run = try mesh.run([
                "prompt", "hi", "--peer", "127.0.0.1:9", "--wait", "1", "--model", model, "--data",
                mesh.data(1),
            ])
            #expect(run.code == 1 && run.output.contains("Nobody answers at 127.0.0.1:9"))
        }
    }

    @Test func `many first starts at once make one identity`() throws {
        guard let mesh = try ProcessMesh(named: "first") else { return }
        let starts = try (0..<6).map { _ in try mesh.begin(["key", "--data", mesh.data(1)]) }
        let ids = starts.map { $0.finish() }
        #expect(ids.allSatisfy { $0.code == 0 }, "\(ids)")
        #expect(Set(ids.map(\.output)).count == 1, "\(ids)")
    }

    @Test func `a failure is JSON for whoever reads JSON`() throws {
        guard let mesh = try ProcessMesh(named: "failure") else { return }
        let run = try mesh.prompt("hi", ["--model", "unheard-of"])
        #expect(run.code == 1 && run.output.contains("\"finish\":\"error\""), "\(run.output)")
        let long = try mesh.prompt(String(repeating: "mesh ", count: 2_000))
        #expect(long.code == 1 && long.output.contains("\"error\":"), "\(long.output)")
    }

    @Test func `a name that only looks like a part of a model is a file's`() throws {
        guard let mesh = try ProcessMesh(named: "part") else { return }
        let file = try TinyModelFile().write(in: mesh)
        let odd = mesh.data(0) + "/m-1-of-123456789.gguf"
        _ = unsafe rename(file, odd)
        let info = try mesh.run(["model", "info", odd])
        #expect(info.code == 0, "\(info.output)")
        let logits = try mesh.run(["model", "logits", odd, "--tokens", "5"])
        let ids = logits.output.split(separator: "\n").prefix(3).map { $0.prefix(6) }
        #expect(ids == ["0  0  ", "0  1  ", "0  2  "])
    }

    @Test func `a node with a peer or a region that is none does not begin`() throws {
        guard let mesh = try ProcessMesh(named: "begin") else { return }
        for wrong in [["--peer", "nowhere"], ["--region", "\u{1B}c"]] {
            let run = try mesh.run(
                ["node", "--listen", "127.0.0.1:0", "--data", mesh.data(1)] + wrong)
            #expect(run.code == 64 && !run.output.contains("listening"), "\(run.output)")
        }
    }

    @Test func `help follows its command`() throws {
        guard let mesh = try ProcessMesh(named: "help") else { return }
        let help = try mesh.run(["help", "model", "import"])
        #expect(help.code == 0 && help.output.hasPrefix("usage: bored model import "))
        #expect(try mesh.run(["help", "nothing"]).code == 64)
    }
}
