import Commands
import Glibc
import Primitives
import Runtime
import Tensors
import Testing

/// Real processes on loopback. The program lies beside the tests' own bundle.
@Suite(.serialized) struct MeshProcessTests {
    /// `.build/release/bored`, or nil with a line that says so.
    private func program() -> String? {
        let own = CommandLine.arguments[0]
        let folders = [own, own + "/../..", ".build/release/x", ".build/debug/x"].map { path in
            path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                .joined(separator: "/")
        }
        let found = folders.map { $0 + "/bored" }.first { unsafe access($0, X_OK) == 0 }
        if found == nil { print("SKIPPED: no bored program beside the tests") }
        return found
    }

    /// Runs the program to its end: exit code and what it wrote.
    private func run(_ path: String, _ arguments: [String], in directory: String) throws
        -> (code: Int32, output: String)
    {
        let log = directory + "/run-\(arguments.hashValue)-\(SystemClock.now().nanoseconds).log"
        let status = try ChildProcess(path: path, arguments: arguments, log: log).wait()
        let output = (try? FileBytes.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return ((status >> 8) & 0xFF, output)
    }

    /// The field of the last line that holds it.
    private func field(_ name: String, of output: String) -> String? {
        for line in output.split(separator: "\n").reversed() {
            guard let start = line.firstRange(of: "\"\(name)\":") else { continue }
            let rest = line[start.upperBound...]
            if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
                return String(rest[...end])
            }
            return String(rest.prefix { $0 != "," && $0 != "}" })
        }
        return nil
    }

    @Test func `three nodes answer exactly as one machine alone, whatever their kernels`() throws {
        guard let path = program() else { return }
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
                "\(data)/node\(index)", "--layers", "2", "--run", "always", "--kernel",
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
            let alone = try run(path, common + ["--alone"], in: data)
            let mesh = try run(
                path, common + ["--peer", peer, "--swarm", swarm, "--wait", "30"], in: data)
            #expect(alone.code == 0 && mesh.code == 0, "\(alone.output) \(mesh.output)")
            let ids = field("ids", of: alone.output)
            #expect(ids != nil && ids == field("ids", of: mesh.output))
        }
        let health = try run(
            path, ["health", "--json", "--peer", peer, "--swarm", swarm, "--data", data], in: data)
        #expect(
            health.code == 0 && field("nodeCount", of: health.output) == "3", "\(health.output)")
    }

    @Test func `mistakes end with one sentence and the right code`() throws {
        guard let path = program() else { return }
        let place = try TemporaryDirectory(prefix: "bored-tests")
        let typo = try run(path, ["prompt", "x", "--max-token", "3"], in: place.path)
        #expect(typo.code == 64 && typo.output.contains("did you mean --max-tokens?"))
        let nobody = try run(
            path,
            [
                "health", "--peer", "127.0.0.1:9", "--wait", "1", "--data", place.path,
            ], in: place.path)
        #expect(nobody.code == 2 && nobody.output.contains("Nobody answers"))
        let key = try run(path, ["key", "--json", "--data", place.path + "/key"], in: place.path)
        #expect(key.code == 0 && key.output.contains("signingKey"))
    }
}
