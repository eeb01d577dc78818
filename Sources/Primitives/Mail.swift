/// Which message goes first where several wait for one peer.
public enum Priority: UInt8, Sendable, CaseIterable, Comparable {
    /// Steps of running requests.
    case activation = 0
    /// Everything small that keeps the mesh together.
    case control = 1
    /// Pieces of models.
    case bulk = 2

    public static func < (left: Priority, right: Priority) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// One message for one peer. Its first byte is its `MessageKind`.
public struct Letter: Sendable {
    public var recipient: NodeID
    public var priority: Priority
    public var bytes: [UInt8]

    public init(to recipient: NodeID, priority: Priority, bytes: [UInt8]) {
        self.recipient = recipient
        self.priority = priority
        self.bytes = bytes
    }
}

/// Messages that protocol cores want delivered, in order; the composite drains it after each input
/// and gives each letter to the recipient's session.
public struct Mail: ~Copyable {
    private var letters: Ring<Letter>

    public init(capacity: Int = Limits.mailLetterCount) { letters = Ring(capacity: capacity) }

    public var count: Int { letters.count }
    public var isEmpty: Bool { letters.isEmpty }
    public var room: Int { letters.capacity - letters.count }

    /// Adds a letter; traps when full, because `Limits` derives the size from the largest fan-out.
    public mutating func send(_ bytes: [UInt8], to recipient: NodeID, priority: Priority = .control)
    {
        let added = letters.append(Letter(to: recipient, priority: priority, bytes: bytes))
        precondition(added, "mail overflows: the composite must drain between inputs")
    }

    public mutating func next() -> Letter? { letters.popFirst() }
}
