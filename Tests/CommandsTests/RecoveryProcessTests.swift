import Glibc
import Primitives
import Runtime
import Testing

/// Stages of real processes are killed in the middle of texts; `Scripts/test-recovery.py` does it
/// at length.
@Suite(.serialized) struct RecoveryProcessTests {
    @Test func `a text goes on unchanged when a stage of its chain is killed`() throws {
        guard let mesh = try ProcessMesh(named: "recovery") else { return }
        try mesh.start(0, ["--layers", "2"])
        let first = try mesh.address(0)
        for index in 1..<6 { try mesh.start(index, peer: first, ["--layers", "2"]) }
        let covered = try mesh.health(of: first) { $0.field("atRisk") == "[]" }
        #expect(covered.field("atRisk") == "[]", "\(covered.output)")
        var mendCount = 0
        // Each text costs another third of the model one of its two holders.
        for stage in 0..<3 {
            let text = "Once upon a time \(stage)"
            let asked = [
                "prompt", text, "--json", "--data", mesh.prompterData, "--raw", "--stats",
                "--seed", "\(stage)", "--max-tokens", "150", "--temperature", "1",
            ]
            let alone = try mesh.run(asked + ["--alone"])
            let peer = try #require((0..<6).first { mesh.processID($0) != nil })
            let address = try mesh.address(peer).description
            let prompt = try mesh.begin(
                asked + ["--peer", address, "--swarm", mesh.swarm, "--wait", "30"])
            try kill(stage: stage, of: prompt, in: mesh, afterTokenCount: 5 + 10 * stage)
            let together = prompt.finish()
            #expect(alone.code == 0 && together.code == 0, "\(together.output)")
            #expect(alone.field("ids") != nil && alone.field("ids") == together.field("ids"))
            mendCount += together.field("mended").flatMap { Int($0) } ?? 0
        }
        // A text may be over before its stage is.
        #expect(mendCount >= 1)
    }

    /// Kills the process that runs a stage of the chain that a prompt tells, as soon as so many
    /// pieces of text are written; does nothing where the text ends before.
    private func kill(
        stage: Int, of prompt: ProcessMesh.Running, in mesh: ProcessMesh, afterTokenCount: Int
    ) throws {
        let deadline = SystemClock.now() + .seconds(40)
        while SystemClock.now() < deadline {
            let lines = prompt.output.split(separator: "\n")
            if lines.contains(where: { $0.contains("\"finish\":") }) { return }
            guard lines.count(where: { $0.hasPrefix("{\"delta\"") }) >= afterTokenCount,
                let chain = lines.last(where: { $0.hasPrefix("{\"chain\"") })
            else {
                usleep(500)
                continue
            }
            let nodes = chain.split(separator: "\"node\":\"").dropFirst().map { $0.prefix(64) }
            for index in 0..<6 where mesh.processID(index) != nil && stage < nodes.count {
                let running = try DataDirectory(mesh.data(index)).runningNode()
                if let running, running.id.description == nodes[stage] { mesh.kill(index) }
            }
            return
        }
    }
}
