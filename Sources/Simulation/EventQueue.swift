internal import Primitives

/// What happens in a world, in order of time; what happens at one moment, in order of arrival.
///
/// A binary heap of small entries; the events themselves lie still in slots.
struct EventQueue<Event> {
    private struct Entry {
        var instant: Instant
        var sequence: UInt64
        var slot: Int

        func isBefore(_ other: Entry) -> Bool {
            instant != other.instant ? instant < other.instant : sequence < other.sequence
        }
    }

    private var heap: [Entry] = []
    private var events: [Event?] = []
    private var vacantSlots: [Int] = []
    private var sequence: UInt64 = 0

    var count: Int { heap.count }

    mutating func add(_ event: Event, at instant: Instant) {
        var slot = events.count
        if let vacant = vacantSlots.popLast() {
            slot = vacant
            events[slot] = event
        } else {
            events.append(event)
        }
        let entry = Entry(instant: instant, sequence: sequence, slot: slot)
        sequence += 1
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entry.isBefore(heap[parent]) else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = entry
    }

    /// Takes the earliest event that is due by `limit`.
    mutating func next(before limit: Instant) -> (Instant, Event)? {
        guard let first = heap.first, first.instant <= limit else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty { sink(last) }
        guard let event = events[first.slot].take() else {
            preconditionFailure("an entry of the heap has its event")
        }
        vacantSlots.append(first.slot)
        return (first.instant, event)
    }

    /// Puts an entry where the first one was, and lets it sink to its place.
    private mutating func sink(_ entry: Entry) {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(entry) else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = entry
    }
}
