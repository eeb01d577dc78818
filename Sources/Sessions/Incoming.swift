internal import Primitives

/// A fragment frame's fields; its bytes lie in the reader's buffer.
struct IncomingFragment {
    var id: UInt64
    var priority: Priority
    var totalByteCount: Int
    /// 0 where the message is not compressed.
    var uncompressedByteCount: Int
    var offset: Int
    var byteCount: Int
    /// Where the bytes begin in the reader's buffer.
    var start: Int
}

/// What became of a fragment.
enum FragmentVerdict {
    /// Kept; the message is not whole.
    case kept
    /// The message is whole; these are its bytes as they crossed the wire.
    case whole([UInt8])
    /// Arrived before.
    case known
    /// No memory for it: the packet must not be acknowledged.
    case refused
    /// It contradicts what came before.
    case forbidden
}

/// A message of which some bytes arrived.
private struct PartialMessage {
    var id: UInt64
    var bytes: [UInt8]
    var uncompressedByteCount: Int
    /// Bytes `0 ..< front` are here.
    var front = 0
    /// What is here behind the front, ordered, disjoint and not touching.
    var islands: [Range<Int>] = []

    /// The first island that does not end before `start`.
    private func island(at start: Int) -> Int {
        var (low, high) = (0, islands.count)
        while low < high {
            let middle = (low + high) / 2
            if islands[middle].upperBound < start { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// False where `range` would be one island more than are kept.
    func hasRoom(for range: Range<Int>) -> Bool {
        if islands.count < Limits.reassemblyIslandCount || range.lowerBound <= front {
            return true
        }
        let index = island(at: range.lowerBound)
        return index < islands.count && islands[index].lowerBound <= range.upperBound
    }

    /// False where every byte of `range` was here before.
    mutating func cover(_ range: Range<Int>) -> Bool {
        if range.upperBound <= front { return false }
        if range.lowerBound <= front {
            front = range.upperBound
        } else {
            var merged = range
            let index = island(at: range.lowerBound)
            while index < islands.count, islands[index].lowerBound <= merged.upperBound {
                if islands[index].contains(merged.lowerBound),
                    islands[index].upperBound >= merged.upperBound
                {
                    return false
                }
                merged =
                    min(
                        merged.lowerBound, islands[index].lowerBound)..<max(
                        merged.upperBound, islands[index].upperBound)
                islands.remove(at: index)
            }
            islands.insert(merged, at: index)
        }
        while let first = islands.first, first.lowerBound <= front {
            front = max(front, first.upperBound)
            islands.removeFirst()
        }
        return true
    }
}

/// The messages of one priority from one peer.
struct Inbox {
    /// Ids below it are finished.
    private var floor: UInt64 = 0
    /// Finished ids from the floor on: a ring of bits.
    private var finished: [UInt64] = []
    private var partial: [PartialMessage] = []
    private(set) var byteCount = 0

    var count: Int { partial.count }

    private func isFinished(_ id: UInt64) -> Bool {
        if id < floor { return true }
        guard !finished.isEmpty else { return false }
        let bit = id % Protocol.messageWindow
        return finished[Int(bit >> 6)] >> (bit & 63) & 1 == 1
    }

    private mutating func finish(_ id: UInt64) {
        if id == floor, finished.isEmpty {
            floor += 1
            return
        }
        if finished.isEmpty {
            finished = Array(repeating: 0, count: Int(Protocol.messageWindow / 64))
        }
        let bit = id % Protocol.messageWindow
        finished[Int(bit >> 6)] |= 1 << (bit & 63)
        while isFinished(floor) {
            let bit = floor % Protocol.messageWindow
            finished[Int(bit >> 6)] &= ~(1 << (bit & 63))
            floor += 1
        }
    }

    /// Takes a fragment in; `room` is what new messages may still allocate.
    mutating func accept(
        _ fragment: IncomingFragment, from buffer: [UInt8], room: Int
    ) -> FragmentVerdict {
        guard fragment.id < floor + Protocol.messageWindow else { return .forbidden }
        if isFinished(fragment.id) { return .known }
        if fragment.byteCount == fragment.totalByteCount,
            !partial.contains(where: { $0.id == fragment.id })
        {
            finish(fragment.id)
            return .whole(Array(buffer[fragment.start..<fragment.start + fragment.byteCount]))
        }
        var index = partial.firstIndex { $0.id == fragment.id }
        if index == nil {
            guard fragment.totalByteCount <= room else { return .refused }
            byteCount += fragment.totalByteCount
            index = partial.count
            partial.append(
                PartialMessage(
                    id: fragment.id, bytes: Array(repeating: 0, count: fragment.totalByteCount),
                    uncompressedByteCount: fragment.uncompressedByteCount))
        }
        guard let index, partial[index].bytes.count == fragment.totalByteCount,
            partial[index].uncompressedByteCount == fragment.uncompressedByteCount
        else { return .forbidden }
        let range = fragment.offset..<fragment.offset + fragment.byteCount
        guard partial[index].hasRoom(for: range) else { return .refused }
        guard partial[index].cover(range) else { return .known }
        copyBytes(
            buffer, from: fragment.start, count: fragment.byteCount, into: &partial[index].bytes,
            at: fragment.offset)
        guard partial[index].front == fragment.totalByteCount else { return .kept }
        let bytes = partial[index].bytes
        byteCount -= bytes.count
        partial.remove(at: index)
        finish(fragment.id)
        return .whole(bytes)
    }
}
