/// What every protocol core promises its driver.
///
/// A core is a value. It owns no socket, clock, thread or entropy: datagrams, time and chance come
/// in as arguments, and what it wants done goes out as data. Run to completion; mutate, drain,
/// mutate: the driver empties what a core wrote before it speaks to that core again.
public protocol Core: ~Copyable {
    /// A datagram arrived. Malformed input is counted, never thrown.
    mutating func receive(
        _ bytes: Span<UInt8>, from address: PeerAddress, at now: Instant, into outbox: inout Outbox)
    /// Time passed. Called at or after `nextDeadline`.
    mutating func fire(at now: Instant, into outbox: inout Outbox)
    /// The earliest moment at which `fire` has something to do; `never` when there is none.
    var nextDeadline: Instant { get }
}

/// A protocol that speaks in messages over sessions, below the composite.
public protocol MessageCore: ~Copyable {
    /// A whole message from an authenticated peer; `bytes[0]` is its `MessageKind`. Malformed
    /// input is counted, never thrown.
    mutating func receive(
        _ bytes: [UInt8], from peer: NodeID, at now: Instant, into mail: inout Mail)
    /// Time passed.
    mutating func fire(at now: Instant, into mail: inout Mail)
    /// The earliest moment at which `fire` has something to do; `never` when there is none.
    var nextDeadline: Instant { get }
}
