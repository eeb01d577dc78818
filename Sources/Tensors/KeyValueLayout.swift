/// How the keys and values of some layers lie in memory.
///
/// Neighbouring pages of one request are cut from a run, so that a head's numbers of all of them
/// lie behind each other: processors read long stretches ahead, and short ones not. A run holds its
/// positions of every layer, in Float16: layer after layer, head after head, keys
/// `[position / 32][headSize][32]`, then values `[headSize / 32][position][32]`. Both are read as
/// panel matrices.
public struct KeyValueLayout: Hashable, Sendable {
    /// Positions of a page. More would leave more of a request's last page empty; fewer would
    /// interrupt the sums over values more often.
    public static let pagePositionCountDefault = 32
    /// Pages of a run. More would read little faster.
    public static let runPageCount = 32

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

    var runPositionCount: Int { Self.runPageCount * pagePositionCount }

    /// Numbers of one value, in whole panels.
    var valueSize: Int {
        let width = PanelMatrix.panelWidth
        return (headSize + width - 1) / width * width
    }

    // Halves from the beginning of a head to its values, to the next head, to the next layer.
    var valueOffset: Int { headSize * runPositionCount }
    var headStride: Int { valueOffset + valueSize * runPositionCount }
    var layerStride: Int { headCount * headStride }

    var runByteCount: Int { 2 * layerCount * layerStride }
    /// Memory of one page.
    public var pageByteCount: Int { runByteCount / Self.runPageCount }
    /// One position's keys and values of all layers, with nothing between them.
    public var positionByteCount: Int { 4 * layerCount * headCount * headSize }

    public func pageCount(ofPositions count: Int) -> Int {
        (count + pagePositionCount - 1) / pagePositionCount
    }
}
