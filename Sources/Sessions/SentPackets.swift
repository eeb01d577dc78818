internal import Primitives

/// A piece of a message inside a packet.
struct SentFragment {
    var priority: Priority = .control
    var id: UInt64 = 0
    var offset: UInt32 = 0
    var byteCount: UInt32 = 0
}

/// What a sender must know of a packet until it is acknowledged or lost.
struct SentPacket {
    static let fragmentLimit = 4

    var sentAt = Instant.origin
    var byteCount = 0
    /// Waits for an acknowledgement; packets of acks alone never do.
    var isWaiting = false
    var wasAcknowledged = false
    var carriesRecord = false
    var carriesAddress = false
    var fragmentCount = 0
    var fragments = InlineArray<4, SentFragment>(repeating: SentFragment())
}

/// Packets from the oldest that waits to the newest, by packet number.
struct SentPackets {
    private var ring = GrowingRing(vacant: SentPacket())
    /// The number of the first packet in the ring.
    private(set) var base: UInt64 = 0
    private(set) var waitingCount = 0
    /// When the newest packet that asks for an acknowledgement left.
    private(set) var lastSentAt = Instant.origin
    private(set) var largestAcknowledged: UInt64?

    /// The number that the next packet gets.
    var next: UInt64 { base + UInt64(ring.count) }

    mutating func append(_ packet: SentPacket) {
        if packet.isWaiting {
            waitingCount += 1
            lastSentAt = packet.sentAt
        } else if ring.isEmpty {
            base += 1
            return
        }
        ring.append(packet)
    }

    /// Takes a waiting packet off the books; nil where it does not wait.
    mutating func settle(_ number: UInt64, wasAcknowledged: Bool) -> SentPacket? {
        guard number >= base, number < next else { return nil }
        let position = ring.position(of: Int(number - base))
        guard ring.slots[position].isWaiting else { return nil }
        ring.slots[position].isWaiting = false
        ring.slots[position].wasAcknowledged = wasAcknowledged
        waitingCount -= 1
        return ring.slots[position]
    }

    /// How a packet from `base ..< next` stands.
    func state(of number: UInt64) -> (sentAt: Instant, isWaiting: Bool, wasAcknowledged: Bool) {
        let position = ring.position(of: Int(number - base))
        let (slot, sentAt) = (position, ring.slots[position].sentAt)
        return (sentAt, ring.slots[slot].isWaiting, ring.slots[slot].wasAcknowledged)
    }

    mutating func noteAcknowledged(_ number: UInt64) {
        largestAcknowledged = max(largestAcknowledged ?? 0, number)
    }

    /// Forgets settled packets at the front.
    mutating func trim() {
        while !ring.isEmpty, !ring.slots[ring.position(of: 0)].isWaiting {
            ring.popFirst()
            base += 1
        }
    }

    /// Takes the oldest waiting packet off the books, so that a probe carries its content.
    mutating func takeOldest() -> SentPacket? {
        trim()
        return settle(base, wasAcknowledged: false)
    }
}
