import Commands
import Glibc
import Primitives
import Runtime
import Testing

/// Models of unusual kinds over real processes: what one machine answers, a mesh answers.
@Suite(.serialized) struct ModelCommandTests {
    private func write(_ file: TinyModelFile, to path: String) {
        let stream = unsafe fopen(path, "w")
        let bytes = file.bytes
        unsafe fwrite(bytes, 1, bytes.count, stream)
        unsafe fclose(stream)
    }

    @Test(arguments: [(4, false), (0, true), (3, true)])
    func `a mesh runs experts and quantised matrices as one machine does`(
        experts: Int, usesQ8: Bool
    ) throws {
        guard let path = Programs.bored() else { return }
        let place = try TemporaryDirectory(prefix: "bored-tests")
        let data = place.path
        write(TinyModelFile(expertCount: experts, usesQ8: usesQ8), to: "\(data)/tiny.gguf")
        let imported = try Programs.run(
            path,
            ["model", "import", "\(data)/tiny.gguf", "--name", "tiny", "--data", "\(data)/node0"],
            in: data)
        #expect(imported.code == 0 && imported.output.contains("tensors"), "\(imported.output)")
        var nodes: [ChildProcess] = []
        defer {
            for node in nodes { node.terminate() }
            usleep(500_000)
            for node in nodes { node.end() }
            for node in nodes { node.wait() }
        }
        let swarm = "tiny-\(getpid())-\(experts)"
        var first: PeerAddress?
        for index in 0..<3 {
            var arguments = [
                "node", "--listen", "127.0.0.1:0", "--swarm", swarm, "--data",
                "\(data)/node\(index)", "--model", "tiny", "--layers", "2",
            ]
            if let first { arguments += ["--peer", first.description] }
            nodes.append(
                try ChildProcess(path: path, arguments: arguments, log: "\(data)/\(index).log"))
            let deadline = SystemClock.now() + .seconds(20)
            while first == nil, SystemClock.now() < deadline {
                first = try DataDirectory("\(data)/node0").runningNode()?.address
                usleep(5_000)
            }
        }
        let peer = try #require(first).description
        let common =
            ["prompt", "A small text.", "--raw", "--json", "--model", "tiny"]
            + ["--seed", "5", "--max-tokens", "24"]
        let mesh = try Programs.run(
            path,
            common + ["--peer", peer, "--swarm", swarm, "--wait", "30", "--data", "\(data)/guest"],
            in: data)
        let alone = try Programs.run(
            path, common + ["--alone", "--data", "\(data)/node0"], in: data)
        #expect(alone.code == 0 && mesh.code == 0, "\(alone.output) \(mesh.output)")
        let ids = Programs.field("ids", of: alone.output)
        #expect(ids != nil && ids == Programs.field("ids", of: mesh.output))
    }

    @Test func `commands look into a file as they look into the store`() throws {
        guard let path = Programs.bored() else { return }
        let place = try TemporaryDirectory(prefix: "bored-tests")
        let (data, file) = (place.path, place.path + "/tiny.gguf")
        write(TinyModelFile(expertCount: 2), to: file)
        let store = ["--data", "\(data)/store"]
        let imported = try Programs.run(
            path, ["model", "import", file, "--name", "tiny", "--json"] + store, in: data)
        #expect(imported.code == 0 && imported.output.contains("\"exact\":false"))
        for command in [
            ["logits", "--tokens", "5,6,7", "--top", "2"], ["logits", "--tokens", "5", "--all"],
            ["generate", "--tokens", "1,70", "--max-tokens", "5", "--ignore-end"],
            ["perplexity", "--text", "Once upon a time"],
        ] {
            func run(_ source: String) throws -> (code: Int32, output: String) {
                try Programs.run(
                    path, ["model", command[0], source] + command.dropFirst() + ["--json"] + store,
                    in: data)
            }
            let (stored, read) = try (run("tiny"), run(file))
            #expect(stored.code == 0 && stored.output == read.output, "\(stored.output)")
        }
        let logits = try Programs.run(
            path, ["model", "logits", file, "--tokens", "5,6", "--top", "1", "--json"], in: data)
        #expect(logits.output.hasPrefix("{\"positions\":[{\"position\":1,\"top\":[{\"id\":"))
        let info = try Programs.run(path, ["model", "info", file, "--json"], in: data)
        #expect(Programs.field("architecture", of: info.output) == "\"llama\"")
        #expect(Programs.field("license", of: info.output) == "\"none\"")
    }

    @Test func `what is no model ends with one sentence`() throws {
        guard let path = Programs.bored() else { return }
        let place = try TemporaryDirectory(prefix: "bored-tests")
        let file = place.path + "/tiny.gguf"
        write(TinyModelFile(), to: file)
        #expect(unsafe truncate(file, 20_000) == 0)
        let cut = try Programs.run(path, ["model", "info", file], in: place.path)
        #expect(cut.code == 1 && cut.output.contains("tiny.gguf"))
        let none = try Programs.run(
            path, ["model", "info", "nothing", "--data", place.path], in: place.path)
        #expect(none.code == 1 && none.output.contains("bored model import"))
        let id = try Programs.run(
            path, ["model", "logits", "boredling", "--tokens", "1,x", "--data", place.path],
            in: place.path)
        #expect(id.code == 64 && id.output.contains("--tokens"))
    }
}
