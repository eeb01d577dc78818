/// How the keys and values of some layers lie in a page.
///
/// A page holds the same positions of every layer, in Float16: layer after layer, head after head,
/// keys `[position / 32][headSize][32]`, then values `[headSize / 32][position][32]`. Both are read
/// as panel matrices.
public struct KeyValueLayout: Hashable, Sendable {
    /// Positions of a page. More would leave more of a request's last page empty; fewer would
    /// interrupt the sums over values more often.
    public static let pagePositionCountDefault = 64

    public let layerCount: Int
    /// Key and value heads of a layer.
    public let headCount: Int
    public let headSize: Int
    /// A multiple of 32.
    public let pagePositionCount: Int

    public init(
        layerCount: Int, headCount: Int, headSize: Int,
        pagePositionCount: Int = Self.pagePositionCountDefault
    ) {
        precondition(layerCount >= 0 && headCount > 0 && headSize > 0)
        precondition(pagePositionCount > 0 && pagePositionCount % PanelMatrix.panelWidth == 0)
        self.layerCount = layerCount
        self.headCount = headCount
        self.headSize = headSize
        self.pagePositionCount = pagePositionCount
    }

    // Halves from the beginning of a head to its values, to the next head, to the next layer.
    var valueOffset: Int { headSize * pagePositionCount }
    var headStride: Int {
        let width = PanelMatrix.panelWidth
        let valueSize = (headSize + width - 1) / width * width
        return valueOffset + valueSize * pagePositionCount
    }
    var layerStride: Int { headCount * headStride }

    /// Memory of one page.
    public var pageByteCount: Int { 2 * layerCount * layerStride }
    /// One position's keys and values of all layers, with nothing between them.
    public var positionByteCount: Int { 4 * layerCount * headCount * headSize }

    public func pageCount(ofPositions count: Int) -> Int {
        (count + pagePositionCount - 1) / pagePositionCount
    }
}

/// Memory for the keys and values of some neighbouring positions.
///
/// Whoever holds it may read; only a cache that holds it alone may write.
public final class KeyValuePage {
    let numbers: HalfBuffer

    public init(_ layout: KeyValueLayout) {
        numbers = HalfBuffer(count: layout.pageByteCount / 2)
    }

    /// A page with the same contents.
    public init(copying other: KeyValuePage) {
        numbers = HalfBuffer(count: other.numbers.count)
        // Both hold as many numbers.
        unsafe numbers.base.update(from: other.numbers.base, count: numbers.count)
    }
}
