public import Primitives
import Tensors

/// Why a request gets no room for its keys and values.
public struct KeyValueRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public var neededByteCount: Int
    public var freeByteCount: Int

    public init(neededByteCount: Int, freeByteCount: Int) {
        self.neededByteCount = neededByteCount
        self.freeByteCount = freeByteCount
    }

    public var description: String {
        "the KV cache needs \(neededByteCount >> 20) MiB, and \(freeByteCount >> 20) MiB are free"
    }
}

/// The memory for the keys and values of all requests of a stage, counted in pages.
///
/// A request is promised every page that its longest course needs before its first step, so that
/// none breaks off in the middle for want of memory; memory is taken page by page as positions
/// come, and given back at once when the request ends.
public final class KeyValuePool {
    /// What a pool holds at a moment.
    public struct Figures: Hashable, Sendable {
        public var requestCount = 0
        /// Pages that exist.
        public var pageCount = 0
        /// Memory that those pages take.
        public var pageByteCount = 0
        /// Memory that requests were promised, those pages included.
        public var promisedByteCount = 0

        public init() {}
    }

    public let byteLimit: Int
    public private(set) var figures = Figures()

    /// - Parameter byteLimit: what all requests together are promised at most.
    public init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// Memory that can still be promised.
    public var freeByteCount: Int { byteLimit - figures.promisedByteCount }

    /// A request's memory, for `capacity` positions of `layers`. Throws where that is more than is
    /// free.
    public func open(
        shape: ModelShape, layers: LayerRange, capacity: Int
    ) throws(KeyValueRefusal) -> KeyValueState {
        let layout = KeyValueState.layout(shape, layers)
        // A layout of a valid shape, and a context that is limited: no overflow.
        let needed = layout.pageCount(ofPositions: capacity) * layout.pageByteCount
        guard needed <= freeByteCount else {
            throw KeyValueRefusal(neededByteCount: needed, freeByteCount: freeByteCount)
        }
        figures.requestCount += 1
        figures.promisedByteCount += needed
        return KeyValueState(shape: shape, layers: layers, capacity: capacity, pool: self)
    }

    func took(_ layout: KeyValueLayout) {
        figures.pageCount += 1
        figures.pageByteCount += layout.pageByteCount
    }

    func close(pageCount: Int, promisedCount: Int, _ layout: KeyValueLayout) {
        figures.requestCount -= 1
        figures.pageCount -= pageCount
        figures.pageByteCount -= pageCount * layout.pageByteCount
        figures.promisedByteCount -= promisedCount * layout.pageByteCount
    }
}
