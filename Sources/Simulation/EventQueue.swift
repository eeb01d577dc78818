internal import Primitives

/// What happens in a world, in order of time; what happens at one moment, in order of arrival.
struct EventQueue<Event> {
    private struct Entry {
        var instant: Instant
        var sequence: UInt64
        var event: Event

        func isBefore(_ other: Entry) -> Bool {
            instant != other.instant ? instant < other.instant : sequence < other.sequence
        }
    }

    private var heap: [Entry] = []
    private var sequence: UInt64 = 0

    var count: Int { heap.count }

    mutating func add(_ event: Event, at instant: Instant) {
        heap.append(Entry(instant: instant, sequence: sequence, event: event))
        sequence += 1
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the earliest event that is due by `limit`.
    mutating func next(before limit: Instant) -> (Instant, Event)? {
        guard let first = heap.first, first.instant <= limit else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.instant, first.event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
