import Glibc
import MeshNode
import Primitives
import Runtime
import Tensors
import Testing

/// Real processes on loopback.
@Suite(.serialized) struct MeshProcessTests {
    @Test func `three nodes answer exactly as one machine alone, whatever their kernels`() throws {
        guard let mesh = try ProcessMesh(named: "equal") else { return }
        var peer: PeerAddress?
        for index in 0..<3 {
            let level = index == 1 ? "scalar" : KernelLevel.detected.rawValue
            try mesh.start(index, peer: peer, ["--layers", "2", "--kernel", level])
            peer = try mesh.address(0)
        }
        for (index, text) in ["What is a mesh?", "Tell me a story.", "Hello!"].enumerated() {
            let wishes = ["--seed", "\(index)", "--logprobs", "2"]
            let alone = try mesh.prompt(text, wishes)
            let together = try mesh.prompt(text, through: peer, wishes)
            #expect(alone.field("logprobs")?.hasPrefix("[{\"id\":") == true, "\(alone.output)")
            #expect(alone.field("logprobs") == together.field("logprobs"))
            #expect(alone.code == 0 && together.code == 0, "\(alone.output) \(together.output)")
            #expect(alone.field("ids") != nil && alone.field("ids") == together.field("ids"))
        }
        let health = try mesh.health(of: try #require(peer))
        #expect(health.code == 0 && health.field("nodeCount") == "3", "\(health.output)")
    }

    @Test func `twelve nodes cover a model, and a newcomer joins without their first contact`()
        throws
    {
        guard let mesh = try ProcessMesh(named: "twelve") else { return }
        try mesh.start(0, ["--layers", "1"])
        let first = try mesh.address(0)
        for index in 1..<12 { try mesh.start(index, peer: first, ["--layers", "1"]) }
        let covered = try mesh.health(of: first) { $0.code == 0 && $0.field("nodeCount") == "12" }
        #expect(covered.code == 0 && covered.field("nodeCount") == "12", "\(covered.output)")
        mesh.kill(0)
        try mesh.start(12, peer: try mesh.address(7), ["--layers", "1"])
        let newcomer = try mesh.address(12)
        let joined = try mesh.health(of: newcomer) {
            $0.code == 0 && $0.field("nodeCount") == "12"
        }
        #expect(joined.code == 0 && joined.field("nodeCount") == "12", "\(joined.output)")
        let survey = try mesh.run([
            "health", "--all", "--json", "--peer", newcomer.description, "--swarm", mesh.swarm,
            "--data", mesh.prompterData,
        ])
        #expect(survey.code == 0 && survey.field("nodeCount") == "12", "\(survey.output)")
        let answer = try mesh.prompt("Hello!", through: newcomer, ["--seed", "5"])
        #expect(answer.code == 0, "\(answer.output)")
        #expect(answer.field("ids") == (try mesh.prompt("Hello!", ["--seed", "5"])).field("ids"))
    }

    @Test func `a node that comes back on another port is the same node, and found again`() throws {
        guard let mesh = try ProcessMesh(named: "again") else { return }
        try mesh.start(0, ["--layers", "3"])
        let first = try mesh.address(0)
        try mesh.start(1, peer: first, ["--layers", "3"])
        let before = try mesh.address(1)
        let two = try mesh.health(of: first) { $0.code == 0 && $0.field("nodeCount") == "2" }
        #expect(two.code == 0, "\(two.output)")
        mesh.kill(1)
        try mesh.start(1, peer: first, ["--layers", "3"])
        let after = try mesh.address(1)
        #expect(before != after)
        let again = try mesh.health(of: first) { $0.code == 0 && $0.field("nodeCount") == "2" }
        #expect(again.code == 0 && again.field("nodeCount") == "2", "\(again.output)")
        let answer = try mesh.prompt("Who are you?", through: after, ["--seed", "1"])
        #expect(answer.code == 0, "\(answer.output)")
    }

    @Test func `swarms of other names stay apart, though they know each other's address`() throws {
        guard let mesh = try ProcessMesh(named: "apart") else { return }
        let other = mesh.swarm + "-other"
        try mesh.start(0)
        let first = try mesh.address(0)
        try mesh.start(1, peer: first, swarm: other)
        let second = try mesh.address(1)
        usleep(1_000_000)
        let seen = try mesh.health(of: first)
        #expect(seen.field("nodeCount") == "1", "\(seen.output)")
        let there = try mesh.health(of: second, swarm: other)
        #expect(there.field("nodeCount") == "1", "\(there.output)")
        #expect(try mesh.health(of: first, swarm: other).code == 2)
    }

    @Test func `a node without the file takes its layers from a peer that has it`() throws {
        guard let mesh = try ProcessMesh(named: "pieces"), let file = referenceModel() else {
            return
        }
        let imported = try mesh.run([
            "model", "import", file, "--name", "stories", "--data", mesh.data(0), "--json",
        ])
        #expect(imported.code == 0, "\(imported.output)")
        try mesh.start(0, ["--model", "stories", "--layers", "3"])
        let first = try mesh.address(0)
        try mesh.start(1, peer: first, ["--model", "stories", "--layers", "3"])
        let whole = try mesh.health(of: first) { $0.code == 0 && $0.field("nodeCount") == "2" }
        #expect(whole.code == 0, "\(whole.output)")
        let asked = ["--model", "stories", "--raw", "--seed", "3"]
        let answer = try mesh.prompt("Once upon a time", through: try mesh.address(1), asked)
        #expect(answer.code == 0, "\(answer.output)")
        let alone = try mesh.run(
            ["prompt", "Once upon a time", "--json", "--alone", "--max-tokens", "40"]
                + ["--data", mesh.data(0)] + asked)
        #expect(answer.field("ids") != nil && answer.field("ids") == alone.field("ids"))
        // Three of five layers cannot be one node's whole: both took part.
        #expect(answer.output.occurrences(of: "\"node\":") == 2, "\(answer.output)")
    }

    /// One of a node's counters; asked until it is what was expected, since a node shows its
    /// counters as they were up to `Limits.tallyInterval` ago.
    private func counter(
        _ room: String, _ name: String, of mesh: ProcessMesh, _ index: Int,
        until isExpected: (UInt64) -> Bool
    ) throws -> UInt64? {
        let directory = try DataDirectory(mesh.data(index))
        let deadline = SystemClock.now() + .seconds(5)
        while true {
            let counts = directory.askCounters()?.first { $0.room == room }?.counts
            let count = counts?.first { $0.name == name }?.value
            if count.map(isExpected) ?? false || SystemClock.now() > deadline { return count }
            usleep(100_000)
        }
    }

    @Test func `a prompt that goes on where the last one ended uses what nodes kept`() throws {
        guard let mesh = try ProcessMesh(named: "turns") else { return }
        try mesh.start(0, ["--layers", "3"])
        let first = try mesh.address(0)
        // Its owner wants nothing kept.
        try mesh.start(1, peer: first, ["--layers", "3", "--keep", "0"])
        let two = try mesh.health(of: first) { $0.code == 0 && $0.field("nodeCount") == "2" }
        #expect(two.code == 0, "\(two.output)")
        var text = String(repeating: "The sun went down, and the fox ran home. ", count: 20)
        let wishes = ["--raw", "--seed", "4", "--as", "chat"]
        for _ in 0..<2 {
            let alone = try mesh.prompt(text, wishes)
            let together = try mesh.prompt(text, through: first, wishes)
            #expect(together.code == 0, "\(together.output)")
            #expect(alone.field("ids") != nil && alone.field("ids") == together.field("ids"))
            text += "Then it slept."
        }
        // How many rows a node took from pages that it knew.
        let kept = try counter("engine", "rowsShared", of: mesh, 0) { $0 >= 100 }
        #expect(try #require(kept) >= 100, "\(kept ?? 0) rows")
        #expect(try counter("engine", "rowsShared", of: mesh, 1) { $0 == 0 } == 0)
    }

    @Test func `rows that all nodes kept are named from node to node`() throws {
        guard let mesh = try ProcessMesh(named: "names") else { return }
        try mesh.start(0, ["--layers", "3"])
        let first = try mesh.address(0)
        try mesh.start(1, peer: first, ["--layers", "3"])
        let two = try mesh.health(of: first) { $0.code == 0 && $0.field("nodeCount") == "2" }
        #expect(two.code == 0, "\(two.output)")
        let text = String(repeating: "The sun went down, and the fox ran home. ", count: 20)
        let wishes = ["--raw", "--seed", "4", "--as", "chat"]
        for more in ["", "Then it slept.", "Then it woke."] {
            let alone = try mesh.prompt(text + more, wishes)
            let together = try mesh.prompt(text + more, through: first, wishes)
            #expect(together.code == 0, "\(together.output)")
            #expect(alone.field("ids") != nil && alone.field("ids") == together.field("ids"))
        }
        // The entry is no node; of the two, the first names its results to the second.
        let named = try (0..<2).map { index in
            try counter("pipelines", "rowsNamed", of: mesh, index) { $0 >= 100 } ?? 0
        }
        #expect(named.max() ?? 0 >= 100 && named.min() == 0, "\(named)")
    }

    /// A real model's file, or nil with a line that says so.
    private func referenceModel() -> String? {
        let folder =
            unsafe getenv("BORED_REFERENCE").map { unsafe String(cString: $0) }
            ?? "../shared/models"
        let file = folder + "/stories260K/stories260K-F16.gguf"
        guard unsafe access(file, R_OK) == 0 else {
            print("SKIPPED: no reference model at \(file); set BORED_REFERENCE")
            return nil
        }
        return file
    }

    @Test func `mistakes end with one sentence and the right code`() throws {
        guard let mesh = try ProcessMesh(named: "mistakes") else { return }
        let typo = try mesh.run(["prompt", "x", "--max-token", "3"])
        #expect(typo.code == 64 && typo.output.contains("did you mean --max-tokens?"))
        let nobody = try mesh.run([
            "health", "--peer", "127.0.0.1:9", "--wait", "1", "--data", mesh.prompterData,
        ])
        #expect(nobody.code == 2 && nobody.output.contains("Nobody answers"))
        for name in ["../else", "", "a b", String(repeating: "a", count: 65)] {
            let wrong = try mesh.prompt(
                "x", through: PeerAddress(127, 0, 0, 1, port: 9), ["--as", name])
            #expect(
                wrong.code == 64 && wrong.output.contains("--as takes 1 to 64"), "\(wrong.output)")
        }
        let taken = try DataDirectory(mesh.prompterData).prompter(named: "me")
        let lock = try taken.lock()
        let second = try mesh.prompt(
            "x", through: PeerAddress(127, 0, 0, 1, port: 9), ["--as", "me"])
        #expect(second.code == 1 && second.output.contains("'me' is under way"), "\(second.output)")
        _ = consume lock
        let key = try mesh.run(["key", "--json", "--data", mesh.data(0)])
        #expect(key.code == 0 && key.output.contains("signingKey"))
    }
}

extension String {
    /// How often a text stands in this one.
    fileprivate func occurrences(of text: String) -> Int {
        var (count, rest) = (0, self[...])
        while let found = rest.firstRange(of: text) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
