/// Datagrams that a core wants sent: one slab, filled by a core and drained by its driver before
/// the next input. The slab grows to the most that one input ever left, up to the limit.
public struct Outbox: ~Copyable {
    private var slab: [UInt8] = []
    private var sizes: [Int] = []
    private var targets: [PeerAddress] = []
    public private(set) var count = 0
    public let capacity: Int

    /// Room for `capacity` datagrams; more trap.
    public init(capacity: Int = Limits.outboxDatagramCount) { self.capacity = capacity }

    public var isFull: Bool { count == capacity }
    public var room: Int { capacity - count }

    /// Copies one datagram in. Traps when full: a core looks at `room` before it pumps.
    public mutating func append(_ bytes: Span<UInt8>, to address: PeerAddress) {
        precondition(count < capacity && bytes.count <= Limits.datagramByteCount)
        if count == sizes.count { grow() }
        let start = count * Limits.datagramByteCount
        for index in bytes.indices { slab[start + index] = bytes[index] }
        sizes[count] = bytes.count
        targets[count] = address
        count += 1
    }

    public mutating func append(_ bytes: [UInt8], to address: PeerAddress) {
        append(bytes.span, to: address)
    }

    private mutating func grow() {
        let added = min(capacity, max(8, 2 * count)) - count
        slab.append(contentsOf: repeatElement(0, count: added * Limits.datagramByteCount))
        sizes.append(contentsOf: repeatElement(0, count: added))
        let nobody = PeerAddress(high: 0, low: 0, port: 0)
        targets.append(contentsOf: repeatElement(nobody, count: added))
    }

    /// Calls `send` with each datagram in order, then forgets them all.
    public mutating func drain(_ send: (Span<UInt8>, PeerAddress) -> Void) {
        for index in 0..<count {
            let start = index * Limits.datagramByteCount
            send(slab.span.extracting(start..<start + sizes[index]), targets[index])
        }
        count = 0
    }
}
