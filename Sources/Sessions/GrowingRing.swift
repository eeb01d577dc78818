/// A first-in first-out queue whose storage doubles when it is full and is reached by index.
/// Whoever uses it limits it: it has no limit of its own.
struct GrowingRing<Element> {
    private let vacant: Element
    private(set) var count = 0
    private var head = 0
    /// Change elements in place at `slots[position(of: index)]`.
    var slots: [Element]

    /// `vacant` fills unused slots; its storage is shared.
    init(vacant: Element, capacity: Int = 0) {
        self.vacant = vacant
        slots = Array(repeating: vacant, count: capacity)
        precondition(capacity & (capacity - 1) == 0)
    }

    var isEmpty: Bool { count == 0 }

    @inline(always)
    func position(of index: Int) -> Int {
        precondition(index < count)
        return (head + index) & (slots.count - 1)
    }

    @inline(always)
    subscript(index: Int) -> Element { slots[position(of: index)] }

    mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[(head + count) & (slots.count - 1)] = element
        count += 1
    }

    @discardableResult
    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head]
        slots[head] = vacant
        head = (head + 1) & (slots.count - 1)
        count -= 1
        return element
    }

    mutating func removeAll() {
        slots = []
        head = 0
        count = 0
    }

    private mutating func grow() {
        var larger = Array(repeating: vacant, count: max(4, slots.count * 2))
        for index in 0..<count { larger[index] = slots[(head + index) & (slots.count - 1)] }
        slots = larger
        head = 0
    }
}

extension GrowingRing: Sendable where Element: Sendable {}
