import CLinux
import Primitives
import Synchronization

/// Wakes an event loop from any thread: an eventfd, written once however often it is rung.
public final class Doorbell: Sendable {
    let descriptor: Descriptor
    private let isRung = Atomic(false)

    public init() throws(SystemError) {
        descriptor = try Descriptor(bored_event_open(), "eventfd")
    }

    public func ring() {
        let (wasSilent, _) = isRung.compareExchange(
            expected: false, desired: true, ordering: .sequentiallyConsistent)
        if wasSilent { bored_event_ring(descriptor.number) }
    }

    /// Silences it. The caller looks into every mailbox after this, so that no ring is missed.
    func clear() {
        bored_event_clear(descriptor.number)
        isRung.store(false, ordering: .sequentiallyConsistent)
    }
}

/// A bounded queue into one thread. Full means refuse: it never grows.
public final class Mailbox<Element: Sendable>: Sendable {
    private struct Queue: ~Copyable {
        var ring: Ring<Element>
        var isClosed = false
    }
    private let queue: Mutex<Queue>
    private let doorbell: Doorbell?

    /// Room for `capacity` elements; each post rings `doorbell`.
    public init(capacity: Int, doorbell: Doorbell? = nil) {
        queue = Mutex(Queue(ring: Ring(capacity: capacity)))
        self.doorbell = doorbell
    }

    /// Adds an element; false when the box is full or closed, and then nothing changed.
    @discardableResult
    public func post(_ element: Element) -> Bool {
        let isAdded = queue.withLock { queue in
            !queue.isClosed && queue.ring.append(element)
        }
        if isAdded { doorbell?.ring() }
        return isAdded
    }

    /// The oldest element, or nil.
    public func next() -> Element? { queue.withLock { $0.ring.popFirst() } }

    public var count: Int { queue.withLock { $0.ring.count } }

    /// Refuses everything from now on; what is inside can still be taken.
    public func close() { queue.withLock { $0.isClosed = true } }
}
