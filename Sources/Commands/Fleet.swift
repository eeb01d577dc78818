import Glibc
import Primitives
import Runtime

/// Real node processes on this machine, for a demonstration.
struct Fleet {
    let directory: String
    let swarm: String
    let layers: Int
    private var processes: [ChildProcess] = []

    init(directory: String, swarm: String, layers: Int) {
        self.directory = directory
        self.swarm = swarm
        self.layers = layers
    }

    private func data(_ index: Int) -> String { directory + "/node\(index)" }

    /// Starts the first node, then the others, which know the first one's address.
    mutating func start(count: Int) throws {
        for index in 0..<count {
            var arguments = [
                "node", "--listen", "127.0.0.1:0", "--swarm", swarm, "--data", data(index),
                "--layers", String(layers), "--threads", "1",
                // They share this machine: each would take the others for its owner's work.
                "--run", "always",
            ]
            if index > 0 { arguments += ["--peer", try firstAddress().description] }
            processes.append(
                try ChildProcess(
                    path: ChildProcess.ownPath, arguments: arguments,
                    log: directory + "/node\(index).log"))
        }
    }

    /// Where the first node listens, as soon as it says so.
    func firstAddress() throws -> PeerAddress {
        let deadline = SystemClock.now() + .seconds(20)
        let first = try DataDirectory(data(0))
        while SystemClock.now() < deadline {
            if let node = first.runningNode() { return node.address }
            usleep(5_000)
        }
        throw CommandError("The first node did not start: see \(directory)/node0.log.")
    }

    /// Asks every node to leave, and waits for them.
    mutating func stop() {
        for process in processes { process.terminate() }
        for process in processes { process.wait() }
        processes = []
    }
}
