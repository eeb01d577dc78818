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
/// come. When the request ends, it is given back at once, or kept for requests with the same rows
/// until it is needed or its time is over.
public final class KeyValuePool {
    /// What a pool holds at a moment.
    public struct Figures: Hashable, Sendable {
        public var requestCount = 0
        /// Pages that exist.
        public var pageCount = 0
        /// Memory that those pages take.
        public var pageByteCount = 0
        /// Memory that requests were promised, their pages included.
        public var promisedByteCount = 0
        /// Pages that wait to be shared or are, and their outputs' memory.
        public var knownPageCount = 0
        public var outputByteCount = 0
        /// Of those, pages that no request holds.
        public var keptPageCount = 0
        /// Rows that were taken from another request instead of being computed, so far.
        public var sharedRowCount: UInt64 = 0

        public init() {}
    }

    public let byteLimit: Int
    private var counted = Figures()
    private var known = KnownPages()

    /// - Parameter byteLimit: what all requests together are promised at most.
    public init(byteLimit: Int) { self.byteLimit = byteLimit }

    public var figures: Figures {
        var figures = counted
        figures.knownPageCount = known.count
        figures.outputByteCount = known.outputByteCount
        figures.keptPageCount = known.keptCount
        return figures
    }

    /// Memory that can still be promised. What is kept makes room where it must.
    public var freeByteCount: Int { byteLimit - counted.promisedByteCount }

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
        counted.requestCount += 1
        counted.promisedByteCount += needed
        if !makeRoom(0) { known.forgetOutputs() }
        return KeyValueState(shape: shape, layers: layers, capacity: capacity, pool: self)
    }

    // MARK: what is kept

    /// When something kept is forgotten next.
    public var nextForgetting: Instant? { known.nextForgetting }

    /// Forgets the pages that nobody holds, and whose time is over.
    public func forget(at now: Instant) {
        while let next = known.nextForgetting, next <= now { forgetOldest() }
    }

    /// Forgets every page that nobody holds, and keeps none of those that were kept before.
    public func forgetKept() {
        while known.keptCount > 0 { forgetOldest() }
        known.forgetKeeping()
    }

    private func forgetOldest() {
        var page = known.forgetOldest()
        if let page { gaveUp(page.byteCount) }
        KeyValuePage.giveBack(&page)
    }

    /// Whether there is room for so many bytes beside what was promised and what is kept, once
    /// pages that nobody holds are forgotten where that is needed.
    private func makeRoom(_ byteCount: Int) -> Bool {
        func isRoom() -> Bool {
            known.keptByteCount + known.outputByteCount + byteCount <= freeByteCount
        }
        while !isRoom(), known.keptCount > 0 { forgetOldest() }
        return isRoom()
    }

    // MARK: sharing

    /// The page in which rows with this digest end, by its name.
    func name(of digest: Digest) -> Digest? { known.name(of: digest) }

    /// What came of some rows of a page; nil where that is not known of all of them.
    func output(
        of name: Digest, rows: Range<Int>, rowByteCount: Int
    ) -> ArraySlice<UInt8>? {
        known.output(of: name, rows: rows, rowByteCount: rowByteCount)
    }

    func shared(rowCount: Int) { counted.sharedRowCount += UInt64(rowCount) }

    func hold(_ name: Digest) -> KeyValuePage? { known.hold(name) }

    /// Makes a page known; returns the page with these rows that is known already where there is
    /// one, with the caller as one holder more.
    func make(
        _ page: KeyValuePage, known digests: [Digest], output: [UInt8]
    ) -> (name: Digest, page: KeyValuePage)? {
        guard let last = digests.last else { return nil }
        let output = makeRoom(output.count) ? output : []
        let name = known.name(of: last) ?? last
        guard let found = known.hold(name) else {
            known.add(page, digests: digests, output: output)
            return nil
        }
        if name == last { known.note(output, of: name) }
        return (name, found)
    }

    /// The caller goes on behind a page's last row, as the only one who holds it; false where it is
    /// not, or the page has more rows than `rowCount`.
    func takeOver(_ name: Digest, rowCount: Int) -> Bool {
        known.takeOver(name, rowCount: rowCount)
    }

    /// One holder less; true where the page lives on.
    func leave(_ name: Digest, keptUntil: Instant?) -> Bool {
        let isKept = known.leave(name, keptUntil: keptUntil)
        while known.keptCount > Limits.keptPageCount { forgetOldest() }
        return isKept
    }

    /// One holder less, who goes on with rows of its own; true where the page lives on.
    func putBack(_ name: Digest) -> Bool {
        let isKept = known.putBack(name)
        // It was part of what the holder was promised.
        _ = makeRoom(0)
        return isKept
    }

    func took(_ byteCount: Int) {
        counted.pageCount += 1
        counted.pageByteCount += byteCount
    }

    func gaveUp(_ byteCount: Int) {
        counted.pageCount -= 1
        counted.pageByteCount -= byteCount
    }

    func close(promisedByteCount: Int) {
        counted.requestCount -= 1
        counted.promisedByteCount -= promisedByteCount
    }
}
