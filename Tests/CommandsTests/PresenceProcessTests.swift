import Glibc
import Primitives
import Runtime
import Testing

/// Owners of real processes come back and go; `Scripts/test-reclaim.py` measures what that costs.
@Suite(.serialized) struct PresenceProcessTests {
    @Test func `a paused node gives its layers back, says why, and takes them again`() throws {
        guard let mesh = try ProcessMesh(named: "pause") else { return }
        try mesh.start(0)
        let address = try mesh.address(0)
        let whole = try mesh.health(of: address) { $0.code == 0 && $0.field("idleCount") == "1" }
        #expect(whole.code == 0, "\(whole.output)")
        let paused = try mesh.run(["pause", "--for", "1h", "--data", mesh.data(0)])
        #expect(paused.output == "paused for 3600 s\n")
        let gone = try mesh.health(of: address) { $0.field("presence") == "\"paused\"" }
        #expect(gone.code == 1 && gone.field("holdings") == "[]", "\(gone.output)")
        let told = try mesh.run(["presence", "--explain", "--data", mesh.data(0)])
        #expect(told.code == 1 && told.output.hasPrefix("the node is paused"))
        #expect(told.output.contains("paused: bored resume, or another "))
        // Nobody else is there: the prompt ends with a reason.
        let silent = try mesh.run([
            "prompt", "Hello!", "--peer", address.description, "--swarm", mesh.swarm, "--wait",
            "0.2", "--data", mesh.prompterData,
        ])
        #expect(silent.code == 1, "\(silent.output)")
        #expect(try mesh.run(["resume", "--data", mesh.data(0)]).output == "resumed\n")
        let back = try mesh.health(of: address) { $0.code == 0 && $0.field("idleCount") == "1" }
        #expect(back.code == 0, "\(back.output)")
    }

    private func write(_ text: String, to path: String) {
        let file = unsafe fopen(path, "w")
        unsafe fputs(text, file)
        unsafe fclose(file)
    }

    @Test func `a car that drives away takes its node out, and a parked one brings it back`() throws
    {
        guard let mesh = try ProcessMesh(named: "drive") else { return }
        // A file as a broker writes it, read when it changes.
        let signals = mesh.data(9)
        write("Vehicle.IsMoving false\n", to: signals)
        try mesh.start(0, ["--run", "auto", "--foreign-load", "off", "--signals", signals])
        let address = try mesh.address(0)
        let parked = try mesh.health(of: address) { $0.code == 0 && $0.field("idleCount") == "1" }
        #expect(parked.code == 0, "\(parked.output)")
        write(#"{"path": "Vehicle.IsMoving", "value": true}"# + "\n", to: signals)
        let gone = try mesh.health(of: address) { $0.field("presence") == "\"vehicle moving\"" }
        #expect(gone.field("presence") == "\"vehicle moving\"", "\(gone.output)")
    }

    @Test func `a text goes on unchanged when an owner pauses a stage of its chain`() throws {
        guard let mesh = try ProcessMesh(named: "reclaim") else { return }
        try mesh.start(0, ["--layers", "2"])
        let first = try mesh.address(0)
        for index in 1..<6 { try mesh.start(index, peer: first, ["--layers", "2"]) }
        let covered = try mesh.health(of: first) { $0.field("atRisk") == "[]" }
        #expect(covered.field("atRisk") == "[]", "\(covered.output)")
        let asked = [
            "prompt", "Once upon a time", "--json", "--data", mesh.prompterData, "--raw",
            "--stats", "--seed", "3", "--max-tokens", "150", "--temperature", "1",
        ]
        let alone = try mesh.run(asked + ["--alone"])
        let prompt = try mesh.begin(
            asked + ["--peer", first.description, "--swarm", mesh.swarm, "--wait", "30"])
        let deadline = SystemClock.now() + .seconds(40)
        var chain: Substring?
        while chain == nil, SystemClock.now() < deadline {
            let lines = prompt.output.split(separator: "\n")
            if lines.contains(where: { $0.hasPrefix("{\"delta\"") }) {
                chain = lines.last { $0.hasPrefix("{\"chain\"") }
            }
            usleep(500)
        }
        // Every stage of the first chain, one right after the other.
        let nodes = chain.map { $0.split(separator: "\"node\":\"").dropFirst() } ?? []
        for index in 0..<6 {
            let directory = try DataDirectory(mesh.data(index))
            guard let id = directory.runningNode()?.id.description,
                nodes.contains(where: { $0.hasPrefix(id) })
            else { continue }
            try directory.pause(until: nil)
            #expect(directory.nudge())
            usleep(20_000)
        }
        let together = prompt.finish()
        #expect(alone.code == 0 && together.code == 0, "\(together.output)")
        #expect(alone.field("ids") != nil && alone.field("ids") == together.field("ids"))
    }
}
