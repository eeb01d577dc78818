import Glibc
import Primitives
import Runtime

/// Real node processes on this machine, for a demonstration.
final class Fleet {
    /// One node, numbered from 1 in the order of starts.
    final class Member {
        let number: Int
        let data: DataDirectory
        fileprivate let process: ChildProcess
        /// Known once the node says so, and kept when it is gone.
        private var found: NodeID?

        fileprivate init(number: Int, data: DataDirectory, process: ChildProcess) {
            self.number = number
            self.data = data
            self.process = process
        }

        var id: NodeID? {
            found = found ?? data.runningNode()?.id
            return found
        }
    }

    let directory: String
    let swarm: String
    let layers: Int
    private(set) var members: [Member] = []
    private var ended: [Member] = []
    private var startCount = 0

    init(directory: String, swarm: String, layers: Int) {
        self.directory = directory
        self.swarm = swarm
        self.layers = layers
    }

    /// Starts the first node, then the others, which know an address of one that runs.
    func start(count: Int) throws {
        for _ in 0..<count { try start() }
    }

    @discardableResult
    func start() throws -> Member {
        let path = "\(directory)/node\(startCount + 1)"
        var arguments = [
            "node", "--listen", "127.0.0.1:0", "--swarm", swarm, "--data", path, "--layers",
            String(layers), "--threads", "1",
            // They share this machine: each would take the others for its owner's work.
            "--run", "always",
        ]
        if !members.isEmpty { arguments += ["--peer", try address().description] }
        startCount += 1
        let process = try ChildProcess(
            path: ChildProcess.ownPath, arguments: arguments, log: path + ".log")
        let member = Member(
            number: startCount, data: try DataDirectory(path), process: process)
        members.append(member)
        return member
    }

    /// Where one of the nodes listens, as soon as one says so.
    func address() throws -> PeerAddress {
        let deadline = SystemClock.now() + .seconds(20)
        while SystemClock.now() < deadline {
            for member in members {
                if let node = member.data.runningNode() { return node.address }
            }
            usleep(5_000)
        }
        throw CommandError("No node started. The last they said:\n\(lastWords)")
    }

    /// The ends of some nodes' logs, which go with the fleet.
    var lastWords: String {
        members.prefix(3).map { member in
            let bytes = (try? FileBytes.read(member.data.path + ".log")) ?? []
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(3)
            return lines.map { "  node \(member.number): \($0)" }.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// Settings of one who asks the fleet: the demo's text and seed, or those given here.
    func visitorSettings(_ settings: Settings, text: String, peer: PeerAddress) throws -> Settings {
        try Settings(
            CommandList.prompt,
            arguments: [
                settings.string("text") ?? text, "--peer", peer.description, "--swarm", swarm,
                "--data", directory + "/visitor", "--stats", "--seed",
                settings.string("seed") ?? "7",
            ], environment: { _ in nil }, readFile: { _ in nil })
    }

    /// The node with an id, whether it runs or has ended.
    func member(_ id: NodeID) -> Member? { (members + ended).first { $0.id == id } }

    /// Ends a node: in order (SIGTERM), or without a word (SIGKILL).
    func end(_ member: Member, isSudden: Bool) {
        isSudden ? member.process.end() : member.process.terminate()
        members.removeAll { $0 === member }
        ended.append(member)
    }

    /// Asks every node to leave, and waits for them.
    func stop() {
        for member in members { member.process.terminate() }
        for member in members + ended { member.process.wait() }
        members = []
        ended = []
    }
}
