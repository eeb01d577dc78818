/// A first-in first-out queue with a fixed capacity.
public struct Ring<Element>: ~Copyable {
    private var slots: [Element?]
    private var head = 0
    public private(set) var count = 0

    public init(capacity: Int) {
        precondition(capacity > 0)
        slots = Array(repeating: nil, count: capacity)
    }

    public var capacity: Int { slots.count }
    public var isEmpty: Bool { count == 0 }
    public var isFull: Bool { count == slots.count }
    public var first: Element? { isEmpty ? nil : slots[head] }

    /// Adds at the end; false when full, and then nothing changed. O(1).
    @discardableResult
    public mutating func append(_ element: Element) -> Bool {
        guard count < slots.count else { return false }
        slots[(head + count) % slots.count] = element
        count += 1
        return true
    }

    /// Takes the oldest element, or nil. O(1).
    public mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head]
        slots[head] = nil
        head = (head + 1) % slots.count
        count -= 1
        return element
    }

    public mutating func removeAll() { while popFirst() != nil {} }
}
