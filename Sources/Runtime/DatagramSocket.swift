import CLinux
import Glibc
public import Primitives

/// One UDP port, non-blocking, in batches: `recvmmsg` into one slab, `sendmmsg` out of another.
///
/// What the network refuses is counted, because a datagram may be lost anyway.
public struct DatagramSocket: ~Copyable {
    /// What a socket did and what was lost at it.
    public struct Counters: Hashable, Sendable {
        public var received: UInt64 = 0
        public var receivedByteCount: UInt64 = 0
        public var sent: UInt64 = 0
        public var sentByteCount: UInt64 = 0
        /// Longer than `Limits.datagramByteCount`, or from a family that is not IP.
        public var oversized: UInt64 = 0
        /// The kernel's buffer was full.
        public var blocked: UInt64 = 0
        /// No route, or the host said that nobody listens.
        public var unreachable: UInt64 = 0

        public init() {}
    }

    /// Where the socket is bound, with the port that the kernel chose for 0.
    public let address: PeerAddress
    public private(set) var counters = Counters()
    let descriptor: Descriptor
    private var received: Batch
    private var sending: Batch

    /// Binds; port 0 takes any. `[::]` also carries IPv4.
    public init(binding address: PeerAddress) throws(SystemError) {
        let call = "bind \(address)"
        var name = address.system
        // The structure lives for the length of both calls.
        let descriptor = try Descriptor(
            unsafe bored_udp_open(&name, CInt(Limits.socketBufferByteCount)), call)
        _ = try checked(unsafe bored_udp_name(descriptor.number, &name), call)
        self.descriptor = descriptor
        self.address = PeerAddress(name)
        received = Batch()
        sending = Batch()
    }

    /// Gives each datagram that waits, at most one batch, to `body`; returns how many there were.
    ///
    /// A full batch (`Limits.datagramBatchCount`) says that more may wait.
    @discardableResult
    public mutating func receive(_ body: (Span<UInt8>, PeerAddress) -> Void) throws(SystemError)
        -> Int
    {
        let count = received.receive(from: descriptor.number)
        guard count >= 0 else {
            switch -count {
            case EAGAIN, EINTR: return 0
            // An ICMP message about something sent earlier.
            case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH:
                counters.unreachable += 1
                return 0
            default: throw SystemError(code: -count, call: "recvmmsg")
            }
        }
        for index in 0..<Int(count) {
            let size = Int(received.sizes[index])
            guard size >= 0 else {
                counters.oversized += 1
                continue
            }
            counters.received += 1
            counters.receivedByteCount += UInt64(size)
            let start = index * Batch.stride
            body(
                received.slab.span.extracting(start..<start + size),
                PeerAddress(received.addresses[index]))
        }
        return Int(count)
    }

    /// What went over the line both ways, IP and UDP headers included.
    public var trafficByteCount: UInt64 {
        let headerByteCount: UInt64 = address.isIPv4 ? 28 : 48
        return counters.receivedByteCount + counters.sentByteCount
            + (counters.received + counters.sent) * headerByteCount
    }

    /// Sends everything in `outbox`, and forgets it.
    public mutating func send(_ outbox: inout Outbox) {
        outbox.drain { bytes, address in
            if sending.count == Limits.datagramBatchCount { flush() }
            sending.append(bytes, to: address)
        }
        flush()
    }

    /// Sends one datagram at once.
    public mutating func send(_ bytes: [UInt8], to address: PeerAddress) {
        precondition(bytes.count <= Limits.datagramByteCount)
        sending.append(bytes.span, to: address)
        flush()
    }

    private mutating func flush() {
        var start = 0
        while start < sending.count {
            let status = sending.send(from: start, over: descriptor.number, isIPv4: address.isIPv4)
            if status > 0 {
                counters.sent += UInt64(status)
                for index in start..<start + Int(status) {
                    counters.sentByteCount += UInt64(sending.sizes[index])
                }
                start += Int(status)
                continue
            }
            // The first of them failed: leave it out and go on with the next.
            switch -status {
            case EINTR: continue
            case EAGAIN, ENOBUFS, ENOMEM: counters.blocked += 1
            case EBADF, EFAULT, ENOTSOCK: fatalError("sendmmsg: our mistake (errno \(-status))")
            default: counters.unreachable += 1
            }
            start += 1
        }
        sending.count = 0
    }
}

/// Datagrams side by side in one slab, as `recvmmsg` and `sendmmsg` take them.
private struct Batch: ~Copyable {
    static let stride = Limits.datagramByteCount
    var slab = [UInt8](repeating: 0, count: Limits.datagramBatchCount * stride)
    var sizes = [Int32](repeating: 0, count: Limits.datagramBatchCount)
    var addresses = [bored_address](
        repeating: bored_address(), count: Limits.datagramBatchCount)
    var count = 0

    mutating func append(_ bytes: Span<UInt8>, to address: PeerAddress) {
        let start = count * Self.stride
        precondition(count < Limits.datagramBatchCount && bytes.count <= Self.stride)
        for index in bytes.indices { slab[start + index] = bytes[index] }
        sizes[count] = Int32(bytes.count)
        addresses[count] = address.system
        count += 1
    }

    mutating func receive(from descriptor: CInt) -> CInt {
        // Every array has `datagramBatchCount` slots of the size that is passed.
        unsafe bored_udp_receive(
            descriptor, &slab, CInt(Self.stride), &sizes, &addresses,
            CInt(Limits.datagramBatchCount))
    }

    func send(from start: Int, over descriptor: CInt, isIPv4: Bool) -> CInt {
        unsafe slab.withUnsafeBufferPointer { slab in
            unsafe sizes.withUnsafeBufferPointer { sizes in
                unsafe addresses.withUnsafeBufferPointer { addresses in
                    // `start` is below `count`, so each base pointer moves within its array.
                    guard let slab = slab.baseAddress, let sizes = sizes.baseAddress,
                        let addresses = addresses.baseAddress
                    else { return 0 }
                    return unsafe bored_udp_send(
                        descriptor, isIPv4 ? 1 : 0, slab + start * Self.stride,
                        CInt(Self.stride), sizes + start, addresses + start,
                        CInt(count - start))
                }
            }
        }
    }
}
