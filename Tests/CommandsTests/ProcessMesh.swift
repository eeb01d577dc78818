import Glibc
import Primitives
import Runtime
import Testing

/// Node processes of one test on loopback, in a swarm of their own; ended when the test is.
final class ProcessMesh {
    /// What one command left behind.
    struct Run {
        var code: Int32
        var output: String

        /// The field of the last line of JSON that holds it, as text.
        func field(_ name: String) -> String? {
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

    let program: String
    let swarm: String
    private let place: TemporaryDirectory
    private var running: [Int: ChildProcess] = [:]
    private var runCount = 0

    /// Nil, with a line that says so, where no program lies beside the tests.
    init?(named name: String) throws {
        guard let program = BuiltProgram("bored") else { return nil }
        self.program = program.path
        swarm = "\(name)-\(getpid())"
        place = try TemporaryDirectory(prefix: "bored-tests")
    }

    deinit {
        for node in running.values { node.terminate() }
        // One that has not left by then is ended, so that a fault here never hangs the tests.
        usleep(500_000)
        for node in running.values { node.end() }
        for node in running.values { node.wait() }
    }

    func data(_ index: Int) -> String { place.path + "/node\(index)" }
    var prompterData: String { place.path + "/prompter" }

    /// Starts a node, anew where it ran before; `swarm` is the mesh's own otherwise.
    func start(
        _ index: Int, peer: PeerAddress? = nil, swarm other: String? = nil, _ extra: [String] = []
    ) throws {
        var arguments = [
            "node", "--listen", "127.0.0.1:0", "--swarm", other ?? swarm, "--data", data(index),
        ]
        // Nodes that share a machine would take each other for their owner's work.
        if !extra.contains("--run") { arguments += ["--run", "always"] }
        if let peer { arguments += ["--peer", peer.description] }
        running[index] = try ChildProcess(
            path: program, arguments: arguments + extra, log: place.path + "/\(index).log")
    }

    /// Kills a node at once: its peers are not told.
    func kill(_ index: Int) {
        guard let node = running.removeValue(forKey: index) else { return }
        node.end()
        node.wait()
    }

    func processID(_ index: Int) -> pid_t? { running[index]?.processID }

    /// Where a node listens, as soon as it says so.
    func address(_ index: Int) throws -> PeerAddress {
        let deadline = SystemClock.now() + .seconds(20)
        let directory = try DataDirectory(data(index))
        while SystemClock.now() < deadline {
            if let node = directory.runningNode(), node.processID == running[index]?.processID ?? -1
            {
                return node.address
            }
            usleep(5_000)
        }
        throw SystemError(code: ETIMEDOUT, call: "node \(index)")
    }

    /// Runs the program to its end.
    func run(_ arguments: [String]) throws -> Run {
        runCount += 1
        let log = place.path + "/run\(runCount).log"
        let status = try ChildProcess(path: program, arguments: arguments, log: log).wait()
        let output = (try? FileBytes.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return Run(code: (status >> 8) & 0xFF, output: output)
    }

    /// A command that runs beside the test.
    struct Running {
        let process: ChildProcess
        let log: String

        /// What it has written so far.
        var output: String {
            (try? FileBytes.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }

        func finish() -> Run {
            let status = process.wait()
            return Run(code: (status >> 8) & 0xFF, output: output)
        }
    }

    func begin(_ arguments: [String]) throws -> Running {
        runCount += 1
        let log = place.path + "/run\(runCount).log"
        return Running(
            process: try ChildProcess(path: program, arguments: arguments, log: log), log: log)
    }

    /// An answer over the mesh, or alone where no peer is given.
    func prompt(_ text: String, through peer: PeerAddress? = nil, _ extra: [String] = []) throws
        -> Run
    {
        let way =
            peer.map { ["--peer", $0.description, "--swarm", swarm, "--wait", "30"] }
            ?? ["--alone"]
        return try run(
            ["prompt", text, "--json", "--data", prompterData, "--max-tokens", "40"] + way + extra)
    }

    func health(of peer: PeerAddress, swarm other: String? = nil) throws -> Run {
        try run([
            "health", "--json", "--peer", peer.description, "--swarm", other ?? swarm, "--data",
            prompterData,
        ])
    }

    /// Asks for the mesh's health until it is as wanted; the last answer when it never is.
    func health(of peer: PeerAddress, until isWanted: (Run) -> Bool) throws -> Run {
        let deadline = SystemClock.now() + .seconds(30)
        while true {
            let run = try health(of: peer)
            if isWanted(run) || SystemClock.now() > deadline { return run }
            usleep(100_000)
        }
    }
}
