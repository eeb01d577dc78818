import CLinux
public import Primitives

/// What one thread of a node waits on: its socket, its doorbell, the signals that end it.
///
/// It waits and says what happened; the thread that owns it decides what to do, in what order.
public struct EventLoop: ~Copyable {
    /// What happened; empty when only the deadline came.
    public struct Events: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let datagrams = Events(rawValue: 1 << 0)
        public static let mail = Events(rawValue: 1 << 1)
        /// SIGTERM or SIGINT: leave in order.
        public static let signal = Events(rawValue: 1 << 2)
    }

    /// Rung by every mailbox that posts to this thread.
    public let doorbell: Doorbell
    private let poll: Descriptor
    private var signals: CInt = -1

    public init(_ socket: borrowing DatagramSocket) throws(SystemError) {
        let doorbell = try Doorbell()
        let poll = try Descriptor(bored_poll_open(), "epoll_create")
        try watch(socket.descriptor.number, .datagrams, with: poll)
        try watch(doorbell.descriptor.number, .mail, with: poll)
        self.doorbell = doorbell
        self.poll = poll
    }

    /// SIGTERM and SIGINT come as events from now on, to one loop of a process; SIGPIPE is ignored.
    public mutating func watchSignals() throws(SystemError) {
        signals = try checked(bored_signals_open(), "eventfd for signals")
        try watch(signals, .signal, with: poll)
    }

    /// Sleeps until something happens or `deadline` comes.
    public func wait(until deadline: Instant) throws(SystemError) -> Events {
        var nanoseconds = UInt64.max
        if deadline != .never { nanoseconds = deadline.since(SystemClock.now()).nanoseconds }
        var tokens: [4 of UInt32] = [0, 0, 0, 0]
        var span = tokens.mutableSpan
        let count = try unsafe span.withUnsafeMutableBufferPointer { buffer throws(SystemError) in
            // Four slots, and no more are asked for.
            try checked(
                unsafe bored_poll_wait(poll.number, nanoseconds, buffer.baseAddress, 4),
                "epoll_wait")
        }
        var events: Events = []
        for index in 0..<Int(count) { events.insert(Events(rawValue: tokens[index])) }
        if events.contains(.mail) { doorbell.clear() }
        if events.contains(.signal) { bored_event_clear(signals) }
        return events
    }
}

private func watch(
    _ descriptor: CInt, _ event: EventLoop.Events, with poll: borrowing Descriptor
) throws(SystemError) {
    _ = try checked(bored_poll_add(poll.number, descriptor, event.rawValue), "epoll_ctl")
}
