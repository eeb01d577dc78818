internal import Gossip
internal import Kademlia
internal import Pipelines
internal import Sessions
internal import Shards

/// Every counter of a node at one moment: what it did, and what it dropped and why.
public struct NodeTally: Sendable {
    let node: NodeCounters
    let sessions: SessionCounters
    let kademlia: KademliaCounters
    let gossip: GossipCounters
    let shards: ShardCounters
    let pipelines: PipelineCounters

    /// The counters room by room, each under its name in the code: for people to read.
    public var rooms: [RoomTally] {
        [
            RoomTally("sessions", sessions), RoomTally("kademlia", kademlia),
            RoomTally("gossip", gossip), RoomTally("shards", shards),
            RoomTally("pipelines", pipelines), RoomTally("node", node),
            RoomTally("sent", node.sent),
        ]
    }
}

/// The counters of one room.
public struct RoomTally: Hashable, Sendable {
    /// One counter, from the start of the process.
    public struct Count: Hashable, Sendable {
        public var name: String
        public var value: UInt64

        public init(name: String, value: UInt64) {
            self.name = name
            self.value = value
        }
    }

    public var room: String
    public var counts: [Count]

    public init(room: String, counts: [Count]) {
        self.room = room
        self.counts = counts
    }

    /// Reads the whole numbers among the stored properties of `counters`, in their order.
    public init(_ room: String, _ counters: some Sendable) {
        self.room = room
        counts = Mirror(reflecting: counters).children.compactMap { name, value in
            guard let name else { return nil }
            switch value {
            case let count as UInt64: return Count(name: name, value: count)
            case let count as Int: return Count(name: name, value: UInt64(max(0, count)))
            default: return nil
            }
        }
    }
}

extension Node {
    /// What has been counted until now.
    public var tally: NodeTally {
        NodeTally(
            node: counters, sessions: sessions.counters, kademlia: kademlia.counters,
            gossip: gossip.counters, shards: shards.counters, pipelines: pipelines.counters)
    }
}
