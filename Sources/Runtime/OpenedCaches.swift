public import Pipelines

/// Which requests the engine holds memory for, or will once it comes to them: the memory of each is
/// freed, and of nothing else.
public struct OpenedCaches {
    private var ids: Set<RequestID> = []
    /// Openings that were not answered yet: a request may be opened again before the first answer.
    private var pending: [RequestID: Int] = [:]

    public init() {}

    /// The engine was asked to open it.
    public mutating func ask(_ id: RequestID) {
        ids.insert(id)
        pending[id, default: 0] += 1
    }

    /// The engine has answered one opening.
    public mutating func answer(_ id: RequestID, isOpen: Bool) {
        let count = (pending[id] ?? 1) - 1
        pending[id] = count == 0 ? nil : count
        if count == 0, !isOpen { ids.remove(id) }
    }

    /// Whether there is something to free; there is not any more.
    public mutating func close(_ id: RequestID) -> Bool { ids.remove(id) != nil }

    /// Requests and openings that are remembered.
    public var count: Int { max(ids.count, pending.count) }
}
