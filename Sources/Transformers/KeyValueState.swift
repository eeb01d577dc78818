public import Primitives
import Tensors

/// What a stage remembers of one request: keys and values of every position so far, for each of
/// its layers, in Float16. All memory is allocated at the beginning.
public struct KeyValueState: ~Copyable {
    public let layers: LayerRange
    /// Positions that fit.
    public let capacity: Int
    /// Positions held.
    public private(set) var positionCount = 0
    let caches: [Box]

    /// Boxed, because arrays hold no values that cannot be copied.
    final class Box {
        var cache: KeyValueCache
        init(_ cache: consuming KeyValueCache) { self.cache = cache }
    }

    /// Room for `capacity` positions at least.
    public init(shape: ModelShape, layers: LayerRange, capacity: Int) {
        precondition(shape.layers.contains(layers) && capacity > 0)
        self.layers = layers
        self.capacity = capacity
        caches = layers.range.map { _ in
            Box(
                KeyValueCache(
                    headCount: shape.keyValueHeadCount, headSize: shape.headSize,
                    capacity: capacity))
        }
    }

    /// Bytes of memory that the caches of such a state take: positions in whole blocks of 32, and
    /// each head's values in whole panels.
    public static func byteCount(shape: ModelShape, layers: LayerRange, capacity: Int) -> Int {
        let width = PanelMatrix.panelWidth
        let positionCount = (capacity + width - 1) / width * width
        let valueSize = (shape.headSize + width - 1) / width * width
        let headByteCount = (shape.headSize + valueSize) * positionCount * 2
        return layers.count * shape.keyValueHeadCount * headByteCount
    }

    /// Forgets every position from `newCount` on: they will be computed again.
    public mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= positionCount)
        for box in caches { box.cache.truncate(to: newCount) }
        positionCount = newCount
    }

    /// Counts positions whose keys and values every layer has appended.
    mutating func advance(by rowCount: Int) { positionCount += rowCount }
}
