/// Every limit of a node, in one file. What happens at a limit is said beside it.
public enum Limits {
    // MARK: datagrams and mail

    /// UDP payload: what every path carries (RFC 9000 section 14). Longer ones are dropped.
    public static let datagramByteCount = 1_200
    /// Datagrams that one input can leave behind; sessions stop pumping when it is full.
    public static let outboxDatagramCount = 256
    /// Letters that one input can leave behind; overflowing is our fault and traps.
    public static let mailLetterCount = 1_024

    // MARK: identity

    /// A signed node record. Larger ones are refused.
    public static let recordByteCount = 320
    /// Addresses in a record.
    public static let recordAddressCount = 4
    /// Leading zero bits of the work behind a node id: a speed bump, 30 ms of one core.
    public static let puzzleBitCount = 16

    // MARK: vocabulary

    /// Models in one node's state.
    public static let modelsPerNode = 8
    /// Layers of one model; more are refused at import.
    public static let layerCount = 1_024
    /// A model's name, in UTF-8 bytes.
    public static let modelNameByteCount = 64
    /// A manifest. At 40 bytes a piece this allows every layer count above.
    public static let manifestByteCount = 128 * 1_024
    /// A chunk of a piece: the unit of transfer and of checking.
    public static let chunkByteCount = 256 * 1_024
    /// A signed state of a node.
    public static let stateByteCount = 640
    /// A signed ad.
    public static let adByteCount = 640

    // MARK: sessions

    /// One message; longer ones are refused by the sender and end a reassembly at the receiver.
    public static let messageByteCount = 4 * 1_024 * 1_024

    /// Sessions and handshakes of a node. At the limit the least recently used session with
    /// nothing to send is closed; where there is none the newcomer is refused.
    public static let sessionCount = 1_024
    /// Handshakes answered and not yet confirmed by the initiator; the oldest gives way.
    public static let unconfirmedHandshakeCount = 256
    /// Inquiries under way; more answer `silent` at once.
    public static let inquiryCount = 64
    /// Introductions in a second; inquiries above it are dropped.
    public static let introductionsPerSecond = 1_000
    /// Addresses whose handshake rate is watched under load; a newcomer takes another's place.
    public static let limiterCount = 1_024
    /// Bytes waiting or unacknowledged towards one peer; above it `send` says `full`.
    public static let queuedByteCount = 16 * 1_024 * 1_024
    /// Messages of one priority waiting towards one peer; above it `send` says `full`.
    public static let queuedMessageCount = 4_096
    /// Bytes of unfinished messages from one peer; fragments of more are not acknowledged.
    public static let reassemblyByteCount = 16 * 1_024 * 1_024
    /// The same for all peers together.
    public static let reassemblyByteCountOfAll = 256 * 1_024 * 1_024
    /// Unfinished messages from one peer; fragments of more are not acknowledged.
    public static let reassemblyCount = 256
    /// A congestion window stops growing here.
    public static let congestionWindowByteCount = 4 * 1_024 * 1_024

    // MARK: Kademlia

    // MARK: gossip

    // MARK: placement

    // MARK: shards

    // MARK: pipelines

    // MARK: runtime
}
