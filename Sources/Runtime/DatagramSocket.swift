import CLinux
import Glibc
public import Primitives

/// One UDP port, non-blocking, in batches: `recvmmsg` into one slab, `sendmmsg` out of another.
/// Datagrams of one size that go to one peer pass the kernel as one, both ways (udp(7):
/// UDP_SEGMENT, UDP_GRO), where it can do that.
///
/// What the network refuses is counted, because a datagram may be lost anyway.
public struct DatagramSocket: ~Copyable {
    /// What a socket did and what was lost at it.
    public struct Counters: Hashable, Sendable {
        public var received: UInt64 = 0
        public var receivedByteCount: UInt64 = 0
        /// Of those received, how many the kernel gave as parts of a group.
        public var receivedInGroups: UInt64 = 0
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
    private var received: Arrivals
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
        received = Arrivals()
        sending = Batch()
    }

    /// Gives datagrams that wait to `body`, `Limits.datagramBatchCount` at most; returns whether
    /// there were any: then more may have come meanwhile.
    @discardableResult
    public mutating func receive(_ body: (Span<UInt8>, PeerAddress) -> Void) throws(SystemError)
        -> Bool
    {
        if !received.isHolding {
            let status = received.receive(from: descriptor.number)
            switch -status {
            case EAGAIN, EINTR: return false
            // An ICMP message about something sent earlier.
            case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH:
                counters.unreachable += 1
                return false
            case 1...: throw SystemError(code: -status, call: "recvmmsg")
            default: break
            }
        }
        var givenCount = 0
        while givenCount < Limits.datagramBatchCount, let datagram = received.next() {
            givenCount += 1
            guard datagram.range.count <= Limits.datagramByteCount, !datagram.isCut else {
                counters.oversized += 1
                continue
            }
            counters.received += 1
            if datagram.isGrouped { counters.receivedInGroups += 1 }
            counters.receivedByteCount += UInt64(datagram.range.count)
            body(received.slab.span.extracting(datagram.range), datagram.source)
        }
        return true
    }

    /// Whether datagrams that the kernel gave wait here: nobody wakes the loop for these.
    public var isHolding: Bool { received.isHolding }

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
        var inGroups = true
        while start < sending.count {
            let status = sending.send(
                from: start, over: descriptor.number, isIPv4: address.isIPv4, inGroups: inGroups)
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
            // A device, a way or a kernel that takes no group, or a bad target: the rest of this
            // batch goes one by one, which tells.
            case EIO where inGroups, EINVAL where inGroups, EMSGSIZE where inGroups,
                EOPNOTSUPP where inGroups:
                inGroups = false
                continue
            case EAGAIN, ENOBUFS, ENOMEM: counters.blocked += 1
            case EBADF, EFAULT, ENOTSOCK: fatalError("sendmmsg: our mistake (errno \(-status))")
            default: counters.unreachable += 1
            }
            start += 1
        }
        sending.count = 0
    }
}

/// Datagrams side by side in one slab, as `sendmmsg` takes them.
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

    func send(
        from start: Int, over descriptor: CInt, isIPv4: Bool, inGroups: Bool
    ) -> CInt {
        unsafe slab.withUnsafeBufferPointer { slab in
            unsafe sizes.withUnsafeBufferPointer { sizes in
                unsafe addresses.withUnsafeBufferPointer { addresses in
                    // `start` is below `count`, so each base pointer moves within its array.
                    guard let slab = slab.baseAddress, let sizes = sizes.baseAddress,
                        let addresses = addresses.baseAddress
                    else { return 0 }
                    return unsafe bored_udp_send(
                        descriptor, isIPv4 ? 1 : 0, inGroups ? 1 : 0,
                        slab + start * Self.stride, CInt(Self.stride), sizes + start,
                        addresses + start, CInt(count - start))
                }
            }
        }
    }
}

/// What `recvmmsg` gave: in each slot a datagram, or several of one sender.
private struct Arrivals: ~Copyable {
    static let stride = 1 << 16
    static let slotCount = Limits.datagramGroupCount
    var slab = [UInt8](repeating: 0, count: slotCount * stride)
    var sizes = [Int32](repeating: 0, count: slotCount)
    var each = [Int32](repeating: 0, count: slotCount)
    var addresses = [bored_address](repeating: bored_address(), count: slotCount)
    /// Slots that were filled, the one whose turn it is, and what was taken out of it.
    var count = 0
    var slot = 0
    var offset = 0

    var isHolding: Bool { slot < count }

    /// Fills the slots; 0, or the negated errno.
    mutating func receive(from descriptor: CInt) -> CInt {
        (count, slot, offset) = (0, 0, 0)
        // Every array has `slotCount` slots of the size that is passed.
        let status = unsafe bored_udp_receive(
            descriptor, &slab, CInt(Self.stride), &sizes, &each, &addresses,
            CInt(Self.slotCount))
        count = max(0, Int(status))
        return min(0, status)
    }

    mutating func next() -> (
        range: Range<Int>, source: PeerAddress, isCut: Bool, isGrouped: Bool
    )? {
        guard isHolding else { return nil }
        let (size, length) = (Int(sizes[slot]), Int(each[slot]))
        let start = slot * Self.stride + offset
        let range = start..<start + max(0, min(length, size - offset))
        let source = PeerAddress(addresses[slot])
        offset += range.count
        if offset >= size || range.isEmpty { (slot, offset) = (slot + 1, 0) }
        return (range, source, size < 0, length < size)
    }
}
