/// A first-in first-out queue with a limit. Its storage doubles as it fills, from nothing up to the
/// limit: a node holds dozens of these, and most of them stay short.
public struct Ring<Element>: ~Copyable {
    /// How many elements it takes; more are refused.
    public let capacity: Int
    @usableFromInline var slots: [Element?] = []
    @usableFromInline var head = 0
    @usableFromInline var usedCount = 0

    public init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
    }

    @inlinable public var count: Int { usedCount }
    @inlinable public var isEmpty: Bool { usedCount == 0 }
    @inlinable public var isFull: Bool { usedCount == capacity }
    @inlinable public var first: Element? { isEmpty ? nil : slots[head] }

    /// Adds at the end; false when full, and then nothing changed. O(1) over many calls.
    @discardableResult
    @inlinable
    public mutating func append(_ element: Element) -> Bool {
        guard usedCount < capacity else { return false }
        if usedCount == slots.count { grow() }
        let index = head + usedCount
        slots[index < slots.count ? index : index - slots.count] = element
        usedCount += 1
        return true
    }

    /// Takes the oldest element, or nil. O(1).
    @inlinable
    public mutating func popFirst() -> Element? {
        guard usedCount > 0 else { return nil }
        let element = slots[head].take()
        head = head + 1 < slots.count ? head + 1 : 0
        usedCount -= 1
        return element
    }

    @inlinable
    public mutating func removeAll() { while popFirst() != nil {} }

    @inlinable
    mutating func grow() {
        var larger: [Element?] = []
        let size = min(capacity, max(8, 2 * slots.count))
        larger.reserveCapacity(size)
        for offset in 0..<usedCount { larger.append(slots[(head + offset) % slots.count].take()) }
        larger.append(contentsOf: repeatElement(nil, count: size - usedCount))
        slots = larger
        head = 0
    }
}
