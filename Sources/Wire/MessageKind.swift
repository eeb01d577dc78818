/// The first byte of every message inside a session, and with it the room that reads it.
public enum MessageKind: UInt8, Sendable, CaseIterable {
    // Kademlia
    case findNodes = 0x10
    case nodes = 0x11
    case putAd = 0x12
    case adStored = 0x13
    case findAds = 0x14
    case ads = 0x15

    // Gossip
    case join = 0x20
    case forwardJoin = 0x21
    case neighbor = 0x22
    case neighborReply = 0x23
    case disconnect = 0x24
    case shuffle = 0x25
    case shuffleReply = 0x26
    case probe = 0x27
    case probeReply = 0x28
    case probeRequest = 0x29
    case states = 0x2A
    case askStates = 0x2B
    case leave = 0x2C

    // Shards
    case askManifest = 0x30
    case manifest = 0x31
    case askChunkList = 0x32
    case chunkList = 0x33
    case askChunk = 0x34
    case chunk = 0x35
    case shardRefused = 0x36

    // Pipelines
    case openStage = 0x40
    case stageOpened = 0x41
    case stageRefused = 0x42
    case step = 0x43
    case stepDone = 0x44
    case stepFailed = 0x45
    case closeStage = 0x46
    case stageAccount = 0x47
    case cancel = 0x48
    case relinkStage = 0x49
    case stageRelinked = 0x4A
    case askStage = 0x4B
    case stageStatus = 0x4C
    case replay = 0x4D
    case replayTaken = 0x4E
    case namedStep = 0x4F
    case stageLeaving = 0x50
    case handOver = 0x51
    case cachePart = 0x52
    case cacheTaken = 0x53
    case handoffEnd = 0x54
    case layersWanted = 0x55
    case rowsWanted = 0x56

    /// Which room reads the message.
    public enum Room: Sendable { case kademlia, gossip, shards, pipelines }

    public var room: Room {
        switch rawValue >> 4 {
        case 1: .kademlia
        case 2: .gossip
        case 3: .shards
        default: .pipelines
        }
    }
}
