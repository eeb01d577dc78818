import Tensors

/// What a forward pass thinks: its intermediate rows, allocated once and used by every request.
public struct ForwardScratch: ~Copyable {
    public let rowCountMaximum: Int
    /// (rows, hiddenSize)
    var normed: FloatBuffer
    /// (rows, querySize + 2 keyValueSize) and (rows, 2 feedForwardSize)
    var wide: FloatBuffer
    /// (rows, querySize) and (rows, feedForwardSize)
    var inner: FloatBuffer
    var attention = FloatBuffer(count: 0)
    var product: ProductScratch

    public init(shape: ModelShape, rowCountMaximum: Int) {
        precondition(rowCountMaximum > 0)
        self.rowCountMaximum = rowCountMaximum
        let attentionWidth = shape.querySize + 2 * shape.keyValueSize
        normed = FloatBuffer(count: rowCountMaximum * shape.hiddenSize)
        wide = FloatBuffer(
            count: rowCountMaximum * max(attentionWidth, 2 * shape.feedForwardSize))
        inner = FloatBuffer(
            count: rowCountMaximum * max(shape.querySize, shape.feedForwardSize))
        product = ProductScratch(
            rowCount: rowCountMaximum,
            inputCount: max(shape.hiddenSize, shape.querySize, shape.feedForwardSize))
    }

    mutating func reserve(for cache: borrowing KeyValueCache, shape: ModelShape) {
        let count = Kernels.attentionScratchCount(queryHeadCount: shape.headCount, cache: cache)
        if attention.count < count { attention = FloatBuffer(count: count) }
    }
}
