public import Primitives
import Tensors

/// What a stage remembers of one request: keys and values of every position so far, for each of
/// its layers, in Float16 pages. Pages come as positions come, out of what was promised.
public final class KeyValueState {
    public let layers: LayerRange
    /// Positions that the request may reach.
    public let capacity: Int
    var cache: KeyValueCache
    private let pool: KeyValuePool?
    /// By page: what the pool knows it by, or nil where only this request does.
    private var names: [Digest?] = []
    private var keptUntil: Instant?

    /// Room for `capacity` positions, counted by nobody.
    public convenience init(shape: ModelShape, layers: LayerRange, capacity: Int) {
        self.init(shape: shape, layers: layers, capacity: capacity, pool: nil)
    }

    init(shape: ModelShape, layers: LayerRange, capacity: Int, pool: KeyValuePool?) {
        precondition(shape.layers.contains(layers) && capacity > 0)
        self.layers = layers
        self.capacity = capacity
        self.pool = pool
        cache = KeyValueCache(Self.layout(shape, layers), capacity: capacity)
    }

    /// Where others may have the same rows later: until when the pages that they can share are kept
    /// once this request has ended.
    public func keepPages(until moment: Instant) { keptUntil = moment }

    deinit {
        guard let pool else { return }
        // What is kept is forgotten in this order: beginnings last, since all needs them.
        for name in names.reversed() {
            if let name, pool.leave(name, keptUntil: keptUntil) { continue }
            pool.gaveUp(cache.layout.pageByteCount)
        }
        cache.removeAll()
        pool.close(
            promisedByteCount: cache.layout.pageCount(ofPositions: capacity)
                * cache.layout.pageByteCount)
    }

    /// Memory of the pages that `positionCount` positions of `layers` take.
    public static func byteCount(shape: ModelShape, layers: LayerRange, positionCount: Int) -> Int {
        let layout = layout(shape, layers)
        return layout.pageCount(ofPositions: positionCount) * layout.pageByteCount
    }

    static func layout(_ shape: ModelShape, _ layers: LayerRange) -> KeyValueLayout {
        KeyValueLayout(
            layerCount: layers.count, headCount: shape.keyValueHeadCount,
            headSize: shape.termCount * shape.headSize)
    }

    /// Positions held.
    public var positionCount: Int { cache.count }
    public var pageCount: Int { cache.pages.count }
    /// One position's keys and values as bytes.
    public var positionByteCount: Int { cache.layout.positionByteCount }

    /// Makes sure of pages for `rowCount` positions more that nobody else reads: what a step
    /// writes into. Traps beyond the capacity.
    public func reserve(rowCount: Int) {
        precondition(rowCount >= 0 && positionCount + rowCount <= capacity)
        let pageSize = cache.layout.pagePositionCount
        if rowCount > 0 {
            for index in positionCount / pageSize..<max(positionCount / pageSize, pageCount) {
                own(index)
            }
        }
        while cache.pagedCount < positionCount + rowCount {
            cache.addPage()
            names.append(nil)
            pool?.took(cache.layout.pageByteCount)
        }
    }

    /// A page that is to be written: others that hold it keep it as it is.
    private func own(_ index: Int) {
        guard let name = names[index], let pool else { return }
        names[index] = nil
        let rowCount = positionCount - index * pagePositionCount
        if pool.takeOver(name, rowCount: rowCount) { return }
        guard pool.putBack(name) else { return }
        cache.copyPage(at: index)
        pool.took(cache.layout.pageByteCount)
    }

    /// Forgets every position from `newCount` on: they will be computed again.
    public func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= positionCount)
        cache.truncate(to: newCount)
    }

    /// Counts positions whose keys and values every layer has written.
    func advance(by rowCount: Int) { cache.advance(by: rowCount) }

    // MARK: sharing

    /// Positions of a page.
    public var pagePositionCount: Int { cache.layout.pagePositionCount }

    /// Takes rows from a page of another request whose rows were the same, instead of computing
    /// them; as many of them as one page has.
    ///
    /// - Parameters:
    ///   - digests: by row, of all rows of the request up to that one, for the rows that come next.
    ///   - silentCount: how many of those rows nobody wants to know the outcome of.
    ///   - rowByteCount: of what comes of a row.
    /// - Returns: how many rows, and what came of them behind the silent ones; nil where no page
    ///   has them.
    public func share(
        _ digests: ArraySlice<Digest>, silentCount: Int, rowByteCount: Int
    ) -> (rowCount: Int, output: ArraySlice<UInt8>)? {
        guard let pool else { return nil }
        let (index, first) = positionCount.quotientAndRemainder(dividingBy: pagePositionCount)
        let most = min(digests.count, pagePositionCount - first, capacity - positionCount)
        for rowCount in stride(from: most, to: 0, by: -1) {
            let wanted = first + min(silentCount, rowCount)..<first + rowCount
            guard let name = pool.name(of: digests[digests.startIndex + rowCount - 1]),
                let output = pool.output(of: name, rows: wanted, rowByteCount: rowByteCount)
            else { continue }
            hold(name, at: index)
            cache.advance(by: rowCount)
            pool.shared(rowCount: rowCount)
            return (rowCount, output)
        }
        return nil
    }

    /// Has a page that is known in its place.
    private func hold(_ name: Digest, at index: Int) {
        guard index == names.count || names[index] != name, let pool, let page = pool.hold(name)
        else { return }
        guard index < names.count else {
            cache.add(page)
            return names.append(name)
        }
        if let other = names[index] {
            if !pool.putBack(other) { pool.gaveUp(cache.layout.pageByteCount) }
        } else {
            pool.gaveUp(cache.layout.pageByteCount)
        }
        names[index] = name
        cache.replace(at: index, with: page)
    }

    /// Lets other requests share a page. Where the same one is known already, this request holds
    /// that one from now on.
    ///
    /// - Parameters:
    ///   - digests: by row of the page, of all rows of the request up to that one; as many as the
    ///     page has, or those that are held of the last page.
    ///   - output: what came of these rows, or of the last ones, as far as it is wanted.
    public func publish(page index: Int, digests: [Digest], output: [UInt8]) {
        guard let pool, names[index] == nil,
            index * pagePositionCount + digests.count <= positionCount
        else { return }
        precondition((1...pagePositionCount).contains(digests.count))
        names[index] = digests.last
        guard let known = pool.make(cache.pages[index], known: digests, output: output) else {
            return
        }
        names[index] = known.name
        cache.replace(at: index, with: known.page)
        pool.gaveUp(cache.layout.pageByteCount)
    }

    // MARK: handing over

    /// Keys and values of some positions held, for another holder of the layers: 4 bytes for each
    /// number of a key, position after position (Protocol.md, "Handing over").
    public func bytes(of positions: Range<Int>) -> [UInt8] { cache.bytes(of: positions) }

    /// Takes positions behind those held, as `bytes(of:)` gave them; false, and nothing changed,
    /// where they are not whole positions or more than fit.
    public func append(bytes: [UInt8]) -> Bool {
        let rowCount = bytes.count / max(1, positionByteCount)
        guard rowCount <= capacity - positionCount else { return false }
        reserve(rowCount: rowCount)
        return cache.append(bytes: bytes)
    }
}
