public import Gossip
public import Identity
public import Kademlia
public import Placement
internal import Primitives
public import Sessions

/// Everything a node is told at its start. Values, so that a simulated node is told the same.
public struct NodeSettings: Sendable {
    public var swarm: SwarmKey
    /// `.simulated` only in the simulator.
    public var suite: CryptoSuite
    public var puzzleBitCount: Int
    public var flags: RecordFlags
    /// The owner's claim of where the node is; at most eight ASCII bytes.
    public var region: String
    /// Memory lent for weights.
    public var memoryByteCount: UInt64
    /// Disk lent for pieces fetched from peers; what was imported by hand does not count. Nil: no
    /// limit.
    public var diskByteLimit: UInt64?
    /// At most so many layers of each model; nil leaves it to the memory.
    public var layerLimit: Int?
    /// Whether this identity may prompt again, so that others do well to keep what its rows left.
    public var comesBack: Bool
    public var sessions: SessionSettings
    public var kademlia: KademliaSettings
    public var gossip: GossipSettings
    public var placement: PlacementSettings
    /// Above every state sequence and request number this identity ever used: wall-clock
    /// milliseconds at the start.
    public var firstSequence: UInt64

    /// States of other nodes kept: an observer of a whole swarm wants more than a node does.
    public var neighbourhoodLimit: Int {
        get { gossip.neighbourhoodLimit }
        set { gossip.neighbourhoodLimit = newValue }
    }

    public init(swarm: SwarmKey, firstSequence: UInt64) {
        self.swarm = swarm
        suite = .sodium
        puzzleBitCount = Limits.puzzleBitCount
        flags = []
        region = ""
        memoryByteCount = 0
        diskByteLimit = nil
        layerLimit = nil
        comesBack = true
        sessions = SessionSettings(swarm: swarm)
        kademlia = KademliaSettings()
        gossip = GossipSettings()
        placement = PlacementSettings()
        self.firstSequence = firstSequence
    }
}
