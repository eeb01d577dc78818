import Glibc
import Identity
import MeshNode
import Primitives
import Runtime
import Sessions
import Tensors
import Wire

/// What several commands read from their settings in the same way.
extension Settings {
    var wantsJSON: Bool { flag("json") }

    func dataDirectory() throws -> DataDirectory {
        let path = string("data") ?? DataDirectory.defaultPath(environment: environmentValue)
        return try DataDirectory(path)
    }

    /// The kernels to compute with: what was asked for, or the best of this machine.
    func kernelLevel() throws -> KernelLevel {
        guard let name = string("kernel") else { return .detected }
        guard let level = KernelLevel(named: name) else {
            throw UsageError("--kernel takes scalar, avx2, avx512 or neon, not '\(name)'.")
        }
        guard level.isSupported else {
            throw UsageError("This processor has no \(name): leave --kernel out, or take scalar.")
        }
        return level
    }

    func threadCount() throws -> Int { try integer("threads", in: 1...256) ?? 1 }

    func swarmName() throws -> String {
        let name = string("swarm") ?? "public"
        guard !name.isEmpty, name.utf8.count <= 64 else {
            throw UsageError("--swarm takes a name of 1 to 64 bytes.")
        }
        return name
    }

    func seconds(_ name: String) throws -> Interval {
        .milliseconds(Int((try number(name, in: 0...86_400) ?? 0) * 1_000))
    }

    /// First contacts, by name or address.
    func contactNames() throws(UsageError) -> [PeerName] {
        try list("peer").map { text throws(UsageError) in
            do { return try PeerName(text) } catch {
                throw UsageError(
                    "--peer takes an address such as 192.0.2.7:7777, not '\(text)'.")
            }
        }
    }

    /// Addresses of first contacts, as far as their names resolve now.
    func contacts() throws -> [PeerAddress] {
        try contactNames().flatMap { (try? $0.addresses()) ?? [] }
    }
}

/// A node for the length of a question: it holds nothing, and is in nobody's tables.
enum Visitor {
    /// - Parameters:
    ///   - prompter: who asks.
    ///   - neighbourhoodLimit: states that it keeps; as many as a node does otherwise.
    static func loop(
        _ settings: Settings, store: ModelStore?, contacts: [PeerAddress],
        prompter: borrowing Prompter = Prompter(), neighbourhoodLimit: Int? = nil
    ) throws -> NodeLoop {
        var node = NodeSettings(
            swarm: SwarmKey(name: try settings.swarmName()), firstSequence: prompter.firstSequence)
        node.flags = [.transient]
        node.comesBack = prompter.isNamed
        if let neighbourhoodLimit { node.neighbourhoodLimit = neighbourhoodLimit }
        let isLocal = contacts.allSatisfy(\.isLoopback)
        let isIPv6 = contacts.contains { !$0.isIPv4 }
        let listen =
            isIPv6
            ? PeerAddress(high: 0, low: 0, port: 0)
            : isLocal ? PeerAddress(127, 0, 0, 1, port: 0) : PeerAddress(0, 0, 0, 0, port: 0)
        var loopSettings = NodeLoopSettings(node: node, listen: listen)
        if settings.command.option("threads") != nil {
            loopSettings.threadCount = try settings.threadCount()
            loopSettings.kernelLevel = try settings.kernelLevel()
        }
        var loop = try NodeLoop(keys: prompter.keys, settings: loopSettings, store: store)
        try loop.watchSignals()
        loop.with { node, now, outbox in node.meet(contacts, at: now, into: &outbox) }
        return loop
    }

    /// Whom to ask: the peers that were given, or the node of this machine.
    static func contacts(_ settings: Settings, _ directory: DataDirectory?) throws -> [PeerAddress]
    {
        guard settings.list("peer").isEmpty else { return try settings.contacts() }
        guard let running = directory?.runningNode(),
            running.swarm == (try settings.swarmName())
        else {
            throw CommandError(
                "No node of the swarm '\(try settings.swarmName())' runs on this machine: "
                    + "start one with bored node, or name one with --peer ADDR:PORT.",
                exitCode: settings.command.name == "health" ? 2 : 1)
        }
        return [running.reachableAddress]
    }
}

extension Visitor {
    /// What a visitor says who met nobody at all.
    static func nobodyAnswers(
        at contacts: [PeerAddress], exitCode: Int32 = 1
    ) -> CommandError {
        let places = contacts.map(\.description).joined(separator: ", ")
        return CommandError(
            contacts.isEmpty
                ? "No peer was found: name one with --peer ADDR:PORT."
                : "Nobody answers at \(places): is a node running there?", exitCode: exitCode)
    }
}

extension RunningNode {
    /// A node bound to every interface is reached over loopback.
    var reachableAddress: PeerAddress {
        let bound = PeerAddress(high: address.high, low: address.low, port: 1)
        return bound.isUnspecified ? PeerAddress(127, 0, 0, 1, port: address.port) : address
    }
}

/// Milliseconds since 1970: where sequences begin, so that a restarted node speaks later than it
/// did before.
func wallMilliseconds() -> UInt64 {
    var time = timespec()
    // The structure is this function's own.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(max(0, time.tv_sec)) * 1_000 + UInt64(time.tv_nsec / 1_000_000)
}
