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
        /// Pages that wait to be shared or are, and their outputs' memory.
        public var knownPageCount = 0
        public var outputByteCount = 0
        /// Pages that were taken from another request instead of being computed, so far.
        public var sharedPageCount: UInt64 = 0

        public init() {}
    }

    public let byteLimit: Int
    public private(set) var figures = Figures()
    /// Pages by what their request's rows were up to their end.
    private var known: [Digest: KnownPage] = [:]

    /// A page that other requests with the same rows may hold as well.
    private struct KnownPage {
        var page: KeyValuePage
        /// What came of its last rows; empty where nobody wanted it, or once the memory was needed.
        var output: [UInt8]
        var holderCount: Int
    }

    /// - Parameter byteLimit: what all requests together are promised at most.
    public init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// Memory that can still be promised. Outputs make room where they must.
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
        if figures.outputByteCount > freeByteCount { forgetOutputs() }
        return KeyValueState(shape: shape, layers: layers, capacity: capacity, pool: self)
    }

    private func forgetOutputs() {
        known = known.mapValues {
            KnownPage(page: $0.page, output: [], holderCount: $0.holderCount)
        }
        figures.outputByteCount = 0
    }

    // MARK: sharing

    /// A page that is known by `digest`, and the last bytes of its output, for one holder more; nil
    /// where there is none, or less of its output.
    func share(
        _ digest: Digest, outputByteCount: Int
    ) -> (page: KeyValuePage, output: ArraySlice<UInt8>)? {
        guard let found = known[digest], found.output.count >= outputByteCount else { return nil }
        known[digest]?.holderCount += 1
        figures.sharedPageCount += 1
        return (found.page, found.output.suffix(outputByteCount))
    }

    /// Makes a page known; returns the page that is known already where there is one, with the
    /// caller as one holder more.
    func make(_ page: KeyValuePage, known digest: Digest, output: [UInt8]) -> KeyValuePage? {
        if let found = known[digest] {
            known[digest]?.holderCount += 1
            return found.page
        }
        let isKept = output.count <= freeByteCount - figures.outputByteCount
        known[digest] = KnownPage(page: page, output: isKept ? output : [], holderCount: 1)
        figures.knownPageCount += 1
        figures.outputByteCount += isKept ? output.count : 0
        return nil
    }

    /// One holder less; true where others hold the page still.
    func leave(_ digest: Digest) -> Bool {
        guard let found = known[digest] else { return false }
        guard found.holderCount == 1 else {
            known[digest]?.holderCount -= 1
            return true
        }
        known[digest] = nil
        figures.knownPageCount -= 1
        figures.outputByteCount -= found.output.count
        return false
    }

    func took(_ layout: KeyValueLayout) {
        figures.pageCount += 1
        figures.pageByteCount += layout.pageByteCount
    }

    func gaveUp(_ layout: KeyValueLayout) {
        figures.pageCount -= 1
        figures.pageByteCount -= layout.pageByteCount
    }

    func close(promisedCount: Int, _ layout: KeyValueLayout) {
        figures.requestCount -= 1
        figures.promisedByteCount -= promisedCount * layout.pageByteCount
    }
}
