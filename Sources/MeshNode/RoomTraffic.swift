internal import Wire

/// Bytes of messages by the room that reads them, packets around them not counted.
public struct RoomTraffic: Hashable, Sendable {
    public private(set) var kademlia: UInt64 = 0
    public private(set) var gossip: UInt64 = 0
    public private(set) var shards: UInt64 = 0
    public private(set) var pipelines: UInt64 = 0

    public init() {}

    mutating func add(_ message: [UInt8]) {
        guard let first = message.first, let kind = MessageKind(rawValue: first) else { return }
        let count = UInt64(message.count)
        switch kind.room {
        case .kademlia: kademlia += count
        case .gossip: gossip += count
        case .shards: shards += count
        case .pipelines: pipelines += count
        }
    }

    public mutating func add(_ other: RoomTraffic) {
        kademlia += other.kademlia
        gossip += other.gossip
        shards += other.shards
        pipelines += other.pipelines
    }
}
