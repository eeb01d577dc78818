import Synchronization

/// A place for one thing on its way between two threads: the one waits until there is room, the
/// other until something is there.
final class Handover<Element: Sendable>: Sendable {
    private struct Place {
        var element: Element?
        var isClosed = false
    }

    private let place = Mutex(Place())
    private let gate = Gate()

    /// True once the place is empty; false once it is closed.
    func waitForRoom() -> Bool {
        while true {
            let seen = gate.value
            let (isFull, isClosed) = place.withLock { ($0.element != nil, $0.isClosed) }
            if isClosed { return false }
            if !isFull { return true }
            gate.wait(whileAt: seen, spinCount: 0)
        }
    }

    func put(_ element: Element) {
        place.withLock { $0.element = element }
        gate.advance()
    }

    /// What is there, or nil once the place is closed.
    func take() -> Element? {
        while true {
            let seen = gate.value
            let (element, isClosed) = place.withLock { ($0.element.take(), $0.isClosed) }
            if isClosed { return nil }
            if let element {
                gate.advance()
                return element
            }
            gate.wait(whileAt: seen, spinCount: 0)
        }
    }

    func close() {
        place.withLock { $0.isClosed = true }
        gate.advance()
    }
}
