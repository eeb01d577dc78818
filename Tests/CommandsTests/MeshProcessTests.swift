import Commands
import Glibc
import Primitives
import Runtime
import Tensors
import Testing

/// Real processes on loopback. The program lies beside the tests' own bundle.
@Suite(.serialized) struct MeshProcessTests {
    @Test func `three nodes answer exactly as one machine alone, whatever their kernels`() throws {
        guard let path = Programs.bored() else { return }
        let place = try TemporaryDirectory(prefix: "bored-tests")
        let data = place.path
        var nodes: [ChildProcess] = []
        defer {
            for node in nodes { node.terminate() }
            usleep(1_000_000)
            // One that has not left by now is ended, so that a fault here never hangs the tests.
            for node in nodes { node.end() }
            for node in nodes { node.wait() }
        }
        let swarm = "tests-\(getpid())"
        var first: PeerAddress?
        for index in 0..<3 {
            var arguments = [
                "node", "--listen", "127.0.0.1:0", "--swarm", swarm, "--data",
                "\(data)/node\(index)", "--layers", "2", "--kernel",
                index == 1 ? "scalar" : KernelLevel.detected.rawValue,
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
        for (index, text) in ["What is a mesh?", "Tell me a story.", "Hello!"].enumerated() {
            let common = [
                "prompt", text, "--json", "--seed", "\(index)", "--max-tokens", "40", "--data",
                "\(data)/prompter",
            ]
            let alone = try Programs.run(path, common + ["--alone"], in: data)
            let mesh = try Programs.run(
                path, common + ["--peer", peer, "--swarm", swarm, "--wait", "30"], in: data)
            #expect(alone.code == 0 && mesh.code == 0, "\(alone.output) \(mesh.output)")
            let ids = Programs.field("ids", of: alone.output)
            #expect(ids != nil && ids == Programs.field("ids", of: mesh.output))
        }
        let health = try Programs.run(
            path, ["health", "--json", "--peer", peer, "--swarm", swarm, "--data", data], in: data)
        #expect(
            health.code == 0 && Programs.field("nodeCount", of: health.output) == "3",
            "\(health.output)")
    }

    @Test func `mistakes end with one sentence and the right code`() throws {
        guard let path = Programs.bored() else { return }
        let place = try TemporaryDirectory(prefix: "bored-tests")
        let typo = try Programs.run(path, ["prompt", "x", "--max-token", "3"], in: place.path)
        #expect(typo.code == 64 && typo.output.contains("did you mean --max-tokens?"))
        let nobody = try Programs.run(
            path,
            [
                "health", "--peer", "127.0.0.1:9", "--wait", "1", "--data", place.path,
            ], in: place.path)
        #expect(nobody.code == 2 && nobody.output.contains("Nobody answers"))
        let key = try Programs.run(
            path, ["key", "--json", "--data", place.path + "/key"], in: place.path)
        #expect(key.code == 0 && key.output.contains("signingKey"))
    }
}
