internal import Identity
internal import Primitives

/// What all sessions of a core share: reused buffers, counters, events, entropy.
struct Workbench {
    let settings: SessionSettings
    let suite: CryptoSuite
    let ownID: NodeID
    var ownRecord: NodeRecord
    var writer = PacketWriter()
    var reader = FrameReader()
    var counters = SessionCounters()
    var events: GrowingRing<SessionEvent>
    var entropy: EntropyStream
    /// Bytes of unfinished messages over all sessions.
    var reassemblyByteCount = 0
    /// What a message of the packet at hand lacked of them, where its sender's own share had room.
    var lackingByteCount = 0

    init(keys: NodeKeys, record: NodeRecord, settings: SessionSettings, entropy: Bytes32) {
        self.settings = settings
        suite = keys.suite
        ownID = keys.id
        ownRecord = record
        events = GrowingRing(vacant: .unreachable(keys.id))
        self.entropy = EntropyStream(seed: entropy)
    }

    mutating func send(_ bytes: [UInt8], to address: PeerAddress, into outbox: inout Outbox) -> Bool
    {
        guard !outbox.isFull else {
            counters.droppedOutboxFull += 1
            return false
        }
        outbox.append(bytes, to: address)
        counters.packetsSent += 1
        counters.bytesSent += UInt64(bytes.count)
        return true
    }
}
