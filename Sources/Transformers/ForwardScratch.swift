import Tensors

/// What a forward pass thinks: its intermediate rows, allocated once and used by every request.
public struct ForwardScratch: ~Copyable {
    public let rowCountMaximum: Int
    /// (rows, hiddenSize)
    var normed: FloatBuffer
    /// (rows, querySize + 2 keyValueSize) and (rows, 2 feedForwardSize); in two terms, behind the
    /// first of these (rows, 2 (querySize + 2 keyValueSize))
    var wide: FloatBuffer
    /// (rows, querySize) and (rows, feedForwardSize); in two terms, behind the first of these
    /// (rows, 2 querySize)
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
        let innerSize = max(shape.feedForwardSize, shape.numbers.denseFeedForwardSize)
        // In two terms, rows lie there plain and in pairs.
        let copies = shape.termCount == 1 ? 1 : 3
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
            count: rowCountMaximum * max(copies * attentionWidth, 2 * innerSize))
        inner = FloatBuffer(
            count: rowCountMaximum * max(copies * shape.querySize, innerSize))
        product = ProductScratch(
            rowCount: rowCountMaximum,
            inputCount: max(shape.hiddenSize, shape.querySize, innerSize),
            twoTermOutputCount: shape.termCount == 1
                ? nil : max(shape.hiddenSize, attentionWidth, 2 * innerSize, experts))
    }

    mutating func reserve(for cache: borrowing KeyValueCache, shape: ModelShape) {
        let count = Kernels.attentionScratchCount(queryHeadCount: shape.headCount, cache: cache)
        if attention.count < count { attention = FloatBuffer(count: count) }
    }
}
