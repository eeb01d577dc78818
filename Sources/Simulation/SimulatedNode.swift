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
    /// While it is paused, what comes to it waits.
    var pausedUntil = Instant.origin
    /// Counts its starts: what was scheduled for an earlier life is void.
    var life = 0
    /// The wake that is scheduled, so that each deadline is scheduled once.
    var nextWake = Instant.never
    var startedAt = Instant.origin
    /// It stands still: nothing runs, and what arrives waits in the socket.
    var isPaused = false
    var inbox: [(bytes: [UInt8], from: PeerAddress)] = []
    /// Peers that its disk keeps from one life to the next.
    var keptPeers: [NodeRecord] = []
    let layerMicroseconds: Int
    let layerLimit: Int
    /// Prompts under way here, by ticket.
    var prompts = OrderedTable<Ticket, SimulatedPrompt>()
    /// KV caches of the requests this node serves.
    var caches = OrderedTable<RequestID, SimulatedCache>()
    /// What came of steps of earlier requests, by the name of their last row behind the layers.
    var kept = OrderedTable<Digest, KeptStep>()
    /// Rows with which the last prompt of this node began, step by step.
    var lastPrompt: [[UInt8]] = []

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

    /// Lends the node in place: what only reads it would get a copy of all its tables' heads.
    private func look<Sight>(_ look: (inout Node) -> Sight) -> Sight { look(&node) }

    var nextDeadline: Instant { look { $0.nextDeadline } }
    var ownState: NodeState { look { $0.ownState } }
    var knownStates: [SignedState] { look { $0.knownStates } }
    var peerCount: Int { look { $0.peerCount } }
    var requestCounts: (own: Int, served: Int) { look { $0.requestCounts } }
    var stageCount: Int { look { $0.stageCount } }
    var placementMoveCount: Int { look { $0.placementMoveCount } }
    var handshakeCount: UInt64 { look { $0.handshakeCount } }
    var sent: RoomTraffic { look { $0.counters.sent } }
}

/// One simulated prompt: steps whose results are known beforehand.
struct SimulatedPrompt: Sendable {
    struct Step: Sendable {
        var position: Int
        var rowCount: Int
        /// The last rows, which may come to nothing.
        var draftCount: Int
        var resultCount: Int
        var rows: [UInt8]
        var expected: ArraySlice<UInt8>
    }

    /// Every step so far, those of the prompt itself first.
    var steps: [Step] = []
    /// Steps still to be made.
    var stepsLeft: Int
    var sentCount = 0
    var returnedCount = 0
    /// The first steps, which an earlier prompt may have had.
    var promptStepCount = 0
    /// What one machine alone would have in memory.
    var cache: SimulatedCache
    var startedAt: Instant
    var progressedAt: Instant
    let patience: Interval
}
