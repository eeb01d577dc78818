import Checkpoints
import Glibc
import Identity
import Runtime
import Testing
import Wire

/// Models of unusual kinds over real processes, and the commands that look into a model.
@Suite(.serialized) struct ModelCommandTests {
    @Test(arguments: [(4, false), (0, true), (3, true)])
    func `a mesh runs experts and quantised matrices as one machine does`(
        experts: Int, usesQ8: Bool
    ) throws {
        guard let mesh = try ProcessMesh(named: "tiny\(experts)") else { return }
        let file = try TinyModelFile(expertCount: experts, usesQ8: usesQ8).write(in: mesh)
        for data in [mesh.data(0), mesh.prompterData] {
            let imported = try mesh.run(
                ["model", "import", file, "--name", "tiny", "--data", data])
            #expect(imported.code == 0 && imported.output.contains("tensors"), "\(imported.output)")
        }
        for index in 0..<3 {
            try mesh.start(
                index, peer: index == 0 ? nil : mesh.address(0),
                ["--model", "tiny", "--layers", "2"])
        }
        let peer = try mesh.address(0)
        let wishes = ["--raw", "--model", "tiny", "--seed", "5"]
        let alone = try mesh.prompt("A small text.", wishes)
        let together = try mesh.prompt("A small text.", through: peer, wishes)
        #expect(alone.code == 0 && together.code == 0, "\(alone.output) \(together.output)")
        #expect(alone.field("ids") != nil && alone.field("ids") == together.field("ids"))
    }

    @Test func `an answer beyond the original context begins anew there, alone and over a mesh`()
        throws
    {
        guard let mesh = try ProcessMesh(named: "long") else { return }
        let file = try TinyModelFile(originalContextLength: 32).write(in: mesh)
        for data in [mesh.data(0), mesh.prompterData] {
            let imported = try mesh.run(
                ["model", "import", file, "--name", "long", "--data", data])
            #expect(imported.code == 0, "\(imported.output)")
        }
        for index in 0..<2 {
            try mesh.start(
                index, peer: index == 0 ? nil : mesh.address(0),
                ["--model", "long", "--layers", "2"])
        }
        let peer = try mesh.address(0)
        // 14 tokens, and 40 more.
        let wishes = ["--raw", "--model", "long", "--seed", "5", "--temperature", "0.9"]
        let alone = try mesh.prompt("A small text.", wishes)
        let together = try mesh.prompt("A small text.", through: peer, wishes)
        #expect(alone.code == 0 && together.code == 0, "\(alone.output) \(together.output)")
        #expect(alone.field("finish") == "\"length\"", "\(alone.output)")
        #expect(alone.field("ids") != nil && alone.field("ids") == together.field("ids"))
    }

    @Test func `pieces imported in several blocks are those that are computed with`() throws {
        guard let mesh = try ProcessMesh(named: "wide") else { return }
        // Layers of 2.75 blocks of 4 MiB, and ends of less than one.
        let file = try TinyModelFile(layerCount: 3, innerSize: 30_000).write(in: mesh)
        let store = ModelStore(path: mesh.data(1))
        let signed = try store.importModel(
            try ModelFiles.open(file), name: "wide", keys: .seeded(1))
        let pieces = try ModelStore.pieces(of: ModelFiles.open(file))
        #expect(pieces[1].count > 11 << 20)
        for (piece, entry) in zip(pieces, signed.manifest.pieces) {
            let stored = try (0..<entry.chunkCount).map { try store.readChunk($0, of: entry) ?? [] }
            // Not the arrays themselves: what differs in millions of bytes is not worth listing.
            let isSame = stored.joined().elementsEqual(piece)
            #expect(isSame)
            #expect(store.chunkDigests(of: entry)?.count == entry.chunkCount)
        }
        #expect(
            try ModelStore.manifest(of: ModelFiles.open(file), name: "wide", pieces: pieces)
                == signed.manifest)
        // Another time changes nothing, and nothing is left of the way there.
        let again = try store.importModel(
            try ModelFiles.open(file), name: "wide", keys: .seeded(1))
        #expect(again.manifest == signed.manifest)
        #expect(unsafe access(mesh.data(1) + "/pieces/import.new", F_OK) != 0)
    }

    @Test func `commands look into a file as they look into the store`() throws {
        guard let mesh = try ProcessMesh(named: "look") else { return }
        let file = try TinyModelFile(expertCount: 2).write(in: mesh)
        let store = ["--data", mesh.data(1)]
        let imported = try mesh.run(
            ["model", "import", file, "--name", "tiny", "--json"] + store)
        #expect(imported.code == 0 && imported.output.contains("\"exact\":false"))
        for command in [
            ["logits", "--tokens", "5,6,7", "--top", "2"], ["logits", "--tokens", "5", "--all"],
            ["generate", "--tokens", "1,70", "--max-tokens", "5", "--ignore-end"],
            ["perplexity", "--text", "Once upon a time"],
        ] {
            func run(_ source: String) throws -> ProcessMesh.Run {
                try mesh.run(
                    ["model", command[0], source] + command.dropFirst() + ["--json"] + store)
            }
            let (stored, read) = try (run("tiny"), run(file))
            #expect(stored.code == 0 && stored.output == read.output, "\(stored.output)")
        }
        func perplexity(_ more: [String]) throws -> ProcessMesh.Run {
            try mesh.run(
                ["model", "perplexity", "tiny", "--text", "Once upon", "--json"] + more + store)
        }
        // Behind the begin token: in windows of 3 two letters each, all counted.
        let (whole, cut) = try (perplexity([]), perplexity(["--window", "3"]))
        #expect(whole.field("tokens") == cut.field("tokens"), "\(cut.output)")
        #expect(whole.field("perplexity") != cut.field("perplexity"))
        #expect(try perplexity(["--window", "100"]).output == whole.output)
        #expect(try perplexity(["--window", "1"]).output.contains("from 2 to 256"))
        let logits = try mesh.run(
            ["model", "logits", file, "--tokens", "5,6", "--top", "1", "--json"])
        #expect(logits.output.hasPrefix("{\"positions\":[{\"position\":1,\"top\":[{\"id\":"))
        let info = try mesh.run(["model", "info", file, "--json"])
        #expect(info.field("architecture") == "\"llama\"" && info.field("license") == "\"none\"")
    }

    @Test func `what is no model ends with one sentence`() throws {
        guard let mesh = try ProcessMesh(named: "wrong") else { return }
        let file = try TinyModelFile().write(in: mesh)
        #expect(unsafe truncate(file, 20_000) == 0)
        let cut = try mesh.run(["model", "info", file])
        #expect(cut.code == 1 && cut.output.contains("tiny.gguf"))
        let none = try mesh.run(["model", "info", "nothing", "--data", mesh.data(1)])
        #expect(none.code == 1 && none.output.contains("bored model import"))
        let id = try mesh.run(
            ["model", "logits", "boredling", "--tokens", "1,x", "--data", mesh.data(1)])
        #expect(id.code == 64 && id.output.contains("--tokens"))
    }
}
