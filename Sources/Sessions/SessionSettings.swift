public import Identity
public import Primitives

/// What a node may choose about its sessions; the wire's own constants are in `Protocol`.
public struct SessionSettings: Sendable {
    public var swarm: SwarmKey
    /// Leading zero bits that a peer's id must show.
    public var puzzleBitCount: Int
    /// A session that carried nothing for so long is closed.
    public var idleTimeout: Interval
    /// A peer that leaves packets unacknowledged for so long, and for 4 PTO, is lost.
    public var lossTimeout: Interval
    /// Waits after each of the tries of a handshake; the last one ends it.
    public var handshakeWaits: [Interval]
    /// Waits after each of the tries of an inquiry; the last one ends it.
    public var inquiryWaits: [Interval]
    /// Handshakes in a second above which cookies are asked for.
    public var handshakesBeforeCookies: Int
    /// Sessions held at once; at the limit the least recently used idle one is closed.
    public var sessionCount: Int
    /// Age at which a session that carried a megabyte gets new keys.
    public var rekeyInterval: Interval
    /// Age at which any session gets new keys.
    public var quietRekeyInterval: Interval

    public init(swarm: SwarmKey) {
        self.swarm = swarm
        puzzleBitCount = Limits.puzzleBitCount
        idleTimeout = .minutes(3)
        lossTimeout = .seconds(3)
        handshakeWaits = [250, 500, 1_000, 1_000, 1_000].map { .milliseconds($0) }
        inquiryWaits = [250, 250, 500, 1_000, 1_000].map { .milliseconds($0) }
        handshakesBeforeCookies = 50
        sessionCount = Limits.sessionCount
        rekeyInterval = .seconds(120)
        quietRekeyInterval = .hours(1)
    }
}
