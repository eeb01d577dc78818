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
    /// (rows, hiddenSize): what attention or feed-forward adds to the residual stream.
    var branch: FloatBuffer
    /// Of experts, otherwise empty: (rows, expertCount), then twice (rows, hiddenSize).
    var routed: FloatBuffer
    var kept: FloatBuffer
    var mixed: FloatBuffer
    var choices: ExpertChoices

    public init(shape: ModelShape, rowCountMaximum: Int) {
        precondition(rowCountMaximum > 0)
        self.rowCountMaximum = rowCountMaximum
        let attentionWidth = shape.querySize + 2 * shape.keyValueSize
        normed = FloatBuffer(count: rowCountMaximum * shape.hiddenSize)
        branch = FloatBuffer(count: rowCountMaximum * shape.hiddenSize)
        let (experts, used) = (shape.numbers.expertCount, shape.numbers.usedExpertCount)
        let expertRowCount = experts == 0 ? 0 : rowCountMaximum
        routed = FloatBuffer(count: expertRowCount * experts)
        kept = FloatBuffer(count: expertRowCount * shape.hiddenSize)
        mixed = FloatBuffer(count: expertRowCount * shape.hiddenSize)
        choices = ExpertChoices(
            expertCount: experts, usedCount: used, rowCountMaximum: expertRowCount)
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
