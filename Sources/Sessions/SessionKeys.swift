internal import Identity
internal import Primitives

/// The two keys that one handshake made.
struct SessionKeys {
    /// What the peer writes in front of packets to this node.
    var localIndex: UInt32
    var remoteIndex: UInt32
    var sendKey: SealingKey
    var receiveKey: SealingKey
    var createdAt: Instant
    /// Whether this node began the handshake; the one who did renews the keys.
    var isInitiator: Bool
    /// Bytes sealed and opened.
    var byteCount: UInt64 = 0

    private var isQuiet: Bool { byteCount < Protocol.quietByteCount }

    func wantsRenewal(at now: Instant, counter: UInt64, settings: SessionSettings) -> Bool {
        let age = now.since(createdAt)
        // The responder waits an eighth longer, so that both seldom begin at once.
        let patience = isInitiator ? Interval.zero : settings.rekeyInterval / 8
        return (!isQuiet && age >= settings.rekeyInterval + patience)
            || age >= settings.quietRekeyInterval + patience || counter >= Protocol.keyPacketCount
    }

    /// Keys of busy sessions end at 1.5 times the rekey interval: 180 s. The two ends may count a
    /// session as busy at different moments, so only twice the bytes make it surely busy.
    func isExpired(at now: Instant, settings: SessionSettings) -> Bool {
        let age = now.since(createdAt)
        let margin = settings.rekeyInterval / 2
        return (byteCount >= 2 * Protocol.quietByteCount && age >= settings.rekeyInterval + margin)
            || age >= settings.quietRekeyInterval + margin
    }
}

/// Keys that a response offered; the initiator's first packet under them confirms both.
struct UnconfirmedKeys {
    var keys: SessionKeys
    /// Whether they renew the keys of the session that is there, or begin a new one.
    var continues: Bool
    var record: NodeRecord
    var address: PeerAddress
    var expires: Instant
}

/// A handshake that this node began.
struct OutgoingHandshake {
    var noise: NoiseIK
    var index: UInt32
    /// The whole initiation; its last 16 bytes are mac2.
    var packet: [UInt8]
    /// The peer's index of the session whose keys this renews, or 0.
    var continuedIndex: UInt32
    /// Tries made, this one included.
    var tryCount: Int
    var sentAt: Instant
    var retryAt: Instant
    var cookie: [UInt8]?
    var cookieExpires: Instant
    /// The initiation that the cookie was asked for is sent again only once.
    var wasResent: Bool
}

/// A new address of a peer, until it answers there.
struct PathCheck {
    var address: PeerAddress
    var token: UInt64
    var tryCount = 0
    /// Three challenges and a response are more than three times the shortest packet with a
    /// challenge: the third waits for another packet from there (RFC 9000 section 8.1).
    var tryLimit = 2
    /// When the next try or the verdict is due.
    var dueAt: Instant
}
