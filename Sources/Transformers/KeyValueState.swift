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
    private var digests: [Digest?] = []

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

    deinit {
        guard let pool else { return }
        for digest in digests {
            if let digest, pool.leave(digest) { continue }
            pool.gaveUp(cache.layout)
        }
        cache.removeAll()
        pool.close(
            promisedCount: cache.layout.pageCount(ofPositions: capacity), cache.layout)
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
            digests.append(nil)
            pool?.took(cache.layout)
        }
    }

    /// A page that is to be written: others that hold it keep it as it is.
    private func own(_ index: Int) {
        guard let digest = digests[index], let pool else { return }
        digests[index] = nil
        guard pool.leave(digest) else { return }
        cache.copyPage(at: index)
        pool.took(cache.layout)
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

    /// Takes the next page from another request whose rows were the same up to its end, instead of
    /// computing it: what came of its rows, or nil where nobody has such a page. Only where the
    /// positions held fill whole pages.
    ///
    /// - Parameters:
    ///   - digest: of all rows of the request up to the page's end.
    ///   - outputByteCount: of what came of its rows, the last bytes that are wanted.
    public func share(_ digest: Digest, outputByteCount: Int) -> ArraySlice<UInt8>? {
        guard let pool, positionCount == cache.pagedCount,
            positionCount + pagePositionCount <= capacity,
            let found = pool.share(digest, outputByteCount: outputByteCount)
        else { return nil }
        cache.add(found.page)
        digests.append(digest)
        cache.advance(by: pagePositionCount)
        return found.output
    }

    /// Lets other requests share a page that is full. Where another one is known by the digest
    /// already, this request holds that one from now on.
    ///
    /// - Parameter output: what came of the page's last rows, as far as it is wanted.
    public func publish(page index: Int, digest: Digest, output: [UInt8]) {
        guard let pool, digests[index] == nil, (index + 1) * pagePositionCount <= positionCount
        else { return }
        digests[index] = digest
        guard let known = pool.make(cache.pages[index], known: digest, output: output) else {
            return
        }
        cache.replace(at: index, with: known)
        pool.gaveUp(cache.layout)
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
