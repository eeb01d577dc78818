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
        pool?.close(
            pageCount: cache.pages.count,
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
            headSize: shape.headSize)
    }

    /// Positions held.
    public var positionCount: Int { cache.count }
    public var pageCount: Int { cache.pages.count }
    /// One position's keys and values as bytes.
    public var positionByteCount: Int { cache.layout.positionByteCount }

    /// Makes sure of pages for `rowCount` positions more: what a step writes into. Traps beyond
    /// the capacity.
    public func reserve(rowCount: Int) {
        precondition(rowCount >= 0 && positionCount + rowCount <= capacity)
        while cache.pagedCount < positionCount + rowCount {
            cache.add(KeyValuePage(cache.layout))
            pool?.took(cache.layout)
        }
    }

    /// Forgets every position from `newCount` on: they will be computed again.
    public func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= positionCount)
        cache.truncate(to: newCount)
    }

    /// Counts positions whose keys and values every layer has written.
    func advance(by rowCount: Int) { cache.advance(by: rowCount) }

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
