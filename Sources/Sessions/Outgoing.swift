internal import Primitives

/// A message on its way out.
struct OutgoingMessage {
    /// As it crosses the wire; emptied once everything is acknowledged.
    var bytes: [UInt8]
    /// What it decompresses to; 0 where it is not compressed.
    var uncompressedByteCount: Int
    /// Bytes that were sent at least once.
    var sentByteCount = 0
    var acknowledgedByteCount = 0
    var isDone = false
}

/// What to put into a packet next.
struct FragmentPlan {
    var fragment: SentFragment
    var totalByteCount: Int
    var uncompressedByteCount: Int
}

/// The messages of one priority towards one peer, in the order they were given.
struct OutgoingQueue {
    let priority: Priority
    private var messages = GrowingRing(
        vacant: OutgoingMessage(bytes: [], uncompressedByteCount: 0, isDone: true))
    /// The id of the first message in the ring.
    private var base: UInt64 = 0
    /// The first message with bytes that were never sent.
    private var cursor: UInt64 = 0
    private var lost = GrowingRing(vacant: SentFragment())
    private(set) var byteCount = 0

    init(_ priority: Priority) { self.priority = priority }

    var count: Int { messages.count }
    private var next: UInt64 { base + UInt64(messages.count) }

    var hasFragment: Bool {
        !lost.isEmpty || (cursor < next && cursor < base + Protocol.messageWindow)
    }

    mutating func append(_ bytes: [UInt8], uncompressedByteCount: Int) {
        byteCount += bytes.count
        messages.append(
            OutgoingMessage(bytes: bytes, uncompressedByteCount: uncompressedByteCount))
    }

    /// What would go next, at most `room` bytes of data; nil where nothing waits.
    mutating func plan(room: Int) -> FragmentPlan? {
        while !lost.isEmpty {
            let fragment = lost[0]
            if fragment.id >= base {
                let position = messages.position(of: Int(fragment.id - base))
                if !messages.slots[position].isDone {
                    return plan(fragment, at: position, room: room)
                }
            }
            lost.popFirst()
        }
        guard cursor < next, cursor < base + Protocol.messageWindow else { return nil }
        let position = messages.position(of: Int(cursor - base))
        let offset = messages.slots[position].sentByteCount
        let rest = messages.slots[position].bytes.count - offset
        let fragment = SentFragment(
            priority: priority, id: cursor, offset: UInt32(offset), byteCount: UInt32(rest))
        return plan(fragment, at: position, room: room)
    }

    private func plan(_ fragment: SentFragment, at position: Int, room: Int) -> FragmentPlan {
        var fragment = fragment
        fragment.byteCount = min(fragment.byteCount, UInt32(room))
        return FragmentPlan(
            fragment: fragment, totalByteCount: messages.slots[position].bytes.count,
            uncompressedByteCount: messages.slots[position].uncompressedByteCount)
    }

    /// Writes the bytes that were planned, and takes them off what waits.
    mutating func take(_ fragment: SentFragment, into writer: inout PacketWriter) {
        let position = messages.position(of: Int(fragment.id - base))
        writer.put(
            messages.slots[position].bytes, from: Int(fragment.offset),
            count: Int(fragment.byteCount))
        if !lost.isEmpty, lost[0].id == fragment.id, lost[0].offset == fragment.offset {
            if lost[0].byteCount == fragment.byteCount {
                lost.popFirst()
            } else {
                let first = lost.position(of: 0)
                lost.slots[first].offset += fragment.byteCount
                lost.slots[first].byteCount -= fragment.byteCount
            }
            return
        }
        messages.slots[position].sentByteCount += Int(fragment.byteCount)
        if messages.slots[position].sentByteCount == messages.slots[position].bytes.count {
            cursor += 1
        }
    }

    mutating func acknowledge(_ fragment: SentFragment) {
        guard fragment.id >= base else { return }
        let position = messages.position(of: Int(fragment.id - base))
        messages.slots[position].acknowledgedByteCount += Int(fragment.byteCount)
        let total = messages.slots[position].bytes.count
        guard messages.slots[position].acknowledgedByteCount == total else { return }
        byteCount -= total
        messages.slots[position].isDone = true
        messages.slots[position].bytes = []
        while !messages.isEmpty, messages[0].isDone {
            messages.popFirst()
            base += 1
        }
    }

    mutating func lose(_ fragment: SentFragment) { lost.append(fragment) }
}
