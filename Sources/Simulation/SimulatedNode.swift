internal import Identity
internal import MeshNode
internal import Pipelines
internal import Primitives
internal import Wire

/// One computer of a world: the production node, and what is left of it when it is off.
final class SimulatedNode {
    let keys: NodeKeys
    var machine: Machine?
    var address: PeerAddress
    /// Where it stands on the unit square, in thousandths: distance makes latency.
    let place: (x: Int, y: Int)
    /// Which side of a partition it is on.
    var side = 0
    /// Counts its starts: what was scheduled for an earlier life is void.
    var life = 0
    /// The wake that is scheduled, so that each deadline is scheduled once.
    var nextWake = Instant.never
    var startedAt = Instant.origin
    /// It stands still: nothing runs, and what arrives waits in the socket.
    var isPaused = false
    var inbox: [(bytes: [UInt8], from: PeerAddress)] = []
    let layerMicroseconds: Int
    let layerLimit: Int
    /// Prompts under way here, by ticket.
    var prompts = OrderedTable<Ticket, SimulatedPrompt>()

    init(keys: NodeKeys, address: PeerAddress, random: inout SeededRandom, layerLimit: Int) {
        self.keys = keys
        self.address = address
        place = (random.below(1_000), random.below(1_000))
        layerMicroseconds = 50 + random.below(400)
        self.layerLimit = layerLimit
    }

    var isAlive: Bool { machine != nil }

    /// A socket's buffer: what does not fit is lost.
    func keep(_ bytes: [UInt8], from address: PeerAddress) {
        if inbox.count < 1_000 { inbox.append((bytes, address)) }
    }
}

/// A running node at one place in memory: inside an optional it would be moved out and back by
/// each call.
final class Machine {
    var node: Node

    init(_ node: consuming Node) { self.node = node }
}

/// One simulated prompt: a few steps whose result is known beforehand.
struct SimulatedPrompt: Sendable {
    var stepsLeft: Int
    var position = 0
    var expected: [UInt8] = []
    var startedAt: Instant
}
