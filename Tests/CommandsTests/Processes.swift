import Glibc
import Primitives
import Runtime

/// The program under test and what it writes.
enum BoredProgram {
    /// `.build/release/bored`, beside the tests' own bundle, or nil with a line that says so.
    static func path() -> String? {
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
    static func run(_ path: String, _ arguments: [String], in directory: String) throws -> (
        code: Int32, output: String
    ) {
        let log = directory + "/run-\(arguments.hashValue)-\(SystemClock.now().nanoseconds).log"
        let status = try ChildProcess(path: path, arguments: arguments, log: log).wait()
        let output = (try? FileBytes.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return ((status >> 8) & 0xFF, output)
    }

    /// The field of the last line that holds it.
    static func field(_ name: String, of output: String) -> String? {
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
}

/// Node processes of one swarm on loopback.
final class NodeFleet {
    private let path: String
    private let directory: String
    private let swarm: String
    private var nodes: [ChildProcess] = []
    private var killed: [Int] = []
    private var first: PeerAddress?

    init(_ path: String, in directory: String, count: Int, layers: Int) throws {
        self.path = path
        self.directory = directory
        swarm = "fleet-\(getpid())-\(SystemClock.now().nanoseconds)"
        for index in 0..<count {
            var arguments = [
                "node", "--listen", "127.0.0.1:0", "--swarm", swarm, "--data", data(index),
                "--layers", String(layers), "--threads", "1",
            ]
            if let first { arguments += ["--peer", first.description] }
            nodes.append(
                try ChildProcess(
                    path: path, arguments: arguments, log: "\(directory)/\(index).log"))
            let deadline = SystemClock.now() + .seconds(30)
            while first == nil, SystemClock.now() < deadline {
                first = try DataDirectory(data(0)).runningNode()?.address
                usleep(5_000)
            }
        }
    }

    private func data(_ index: Int) -> String { "\(directory)/node\(index)" }

    /// Arguments with which a command joins the fleet's swarm.
    var contacts: [String] {
        var words = ["--swarm", swarm, "--data", directory + "/visitor"]
        for index in nodes.indices where !killed.contains(index) {
            guard let node = try? DataDirectory(data(index)).runningNode() else { continue }
            words += ["--peer", node.address.description]
        }
        return words
    }

    /// Waits, for half a minute at most, until each layer has two holders.
    func waitUntilHeldTwice() throws {
        let deadline = SystemClock.now() + .seconds(40)
        while SystemClock.now() < deadline {
            let health = try BoredProgram.run(path, ["health", "--json"] + contacts, in: directory)
            if BoredProgram.field("atRisk", of: health.output) == "[]" { return }
            usleep(100_000)
        }
    }

    /// Kills the process that runs a stage of the chain that a prompt's JSON lines tell, as soon as
    /// so many tokens are written; does nothing where the text ends before.
    func kill(stage: Int, ofTextIn log: String, afterTokens count: Int) throws {
        let deadline = SystemClock.now() + .seconds(40)
        while SystemClock.now() < deadline {
            let text = (try? FileBytes.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            let lines = text.split(separator: "\n")
            if lines.contains(where: { $0.hasPrefix("{\"text\"") || $0.contains("\"error\"") }) {
                return
            }
            guard lines.count(where: { $0.hasPrefix("{\"delta\"") }) >= count,
                let chain = lines.last(where: { $0.hasPrefix("{\"chain\"") })
            else {
                usleep(500)
                continue
            }
            let nodes = chain.split(separator: "\"node\":\"").dropFirst().map { $0.prefix(64) }
            for index in self.nodes.indices {
                let running = try DataDirectory(data(index)).runningNode()
                guard stage < nodes.count, let running, running.id.description == nodes[stage]
                else { continue }
                self.nodes[index].end()
                killed.append(index)
            }
            return
        }
    }

    func end() {
        for node in nodes { node.end() }
        for node in nodes { node.wait() }
    }
}
