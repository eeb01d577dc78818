import Primitives
public import Tensors

/// The forward pass through layers: what is computed, in this order, fixes the bits of `exact-1`.
///
/// A row's bits depend on its own position and on the rows before it, and on nothing else: not on
/// how rows are grouped into steps, how layers are split over stages, or how a crew shares parts.
public struct Forward: Sendable {
    public let shape: ModelShape
    public let kernels: Kernels
    /// Requests may reach this many positions.
    public let positionCountMaximum: Int
    private let rotary: RotaryTable
    /// 1 / sqrt(headSize), rounded once from Float64.
    private let attentionScale: Float

    /// `positionCountMaximum` is cut to the model's context.
    public init(shape: ModelShape, kernels: Kernels, positionCountMaximum: Int = .max) {
        self.shape = shape
        self.kernels = kernels
        self.positionCountMaximum = min(positionCountMaximum, shape.contextLength)
        rotary = RotaryTable(
            frequencies: Forward.frequencies(shape), positions: self.positionCountMaximum,
            style: .neighbouringPairs)
        attentionScale = Float(1 / Double(shape.headSize).squareRoot())
    }

    /// Radians per position of each pair: base^(-2i / headSize), divided by the pair's divisor.
    static func frequencies(_ shape: ModelShape) -> [Double] {
        let plain = RotaryTable.frequencies(
            headSize: shape.headSize, base: Double(shape.rotaryBase))
        guard !shape.rotaryDivisors.isEmpty else { return plain }
        return plain.indices.map { plain[$0] / Double(shape.rotaryDivisors[$0]) }
    }

    /// Sends `rowCount` neighbouring positions, the first of which is `startPosition`, through
    /// `layers`, in place. Allocates only when it meets a larger cache than ever before.
    ///
    /// - Parameters:
    ///   - layers: the weights of `state.layers`, in order.
    ///   - hidden: (rowCount, hiddenSize), the residual stream.
    ///   - state: holds exactly the positions before `startPosition`.
    public func run(
        _ layers: [LayerWeights], hidden: inout FloatBuffer, startPosition: Int, rowCount: Int,
        state: inout KeyValueState, scratch: inout ForwardScratch, crew: some Crew
    ) {
        precondition(layers.count == state.layers.count)
        precondition(startPosition == state.positionCount && rowCount >= 0)
        precondition(startPosition + rowCount <= min(state.capacity, positionCountMaximum))
        precondition(rowCount <= scratch.rowCountMaximum)
        if let box = state.caches.first { scratch.reserve(for: box.cache, shape: shape) }
        for (weights, box) in zip(layers, state.caches) {
            attend(
                weights, &hidden, Rows(start: startPosition, count: rowCount), &box.cache,
                &scratch, crew)
            feedForward(weights, &hidden, rowCount, &scratch, crew)
        }
        state.advance(by: rowCount)
    }

    private struct Rows {
        var start: Int
        var count: Int
    }

    /// hidden += output(attention(rotate(q), rotate(k), v)) of the normed rows.
    private func attend(
        _ weights: LayerWeights, _ hidden: inout FloatBuffer, _ rows: Rows,
        _ cache: inout KeyValueCache, _ scratch: inout ForwardScratch, _ crew: some Crew
    ) {
        kernels.rootMeanSquareNorm(
            hidden, weight: weights.attentionNorm, epsilon: shape.normEpsilon,
            rowCount: rows.count, width: shape.hiddenSize, into: &scratch.normed)
        let stride = shape.querySize + 2 * shape.keyValueSize
        let query = RowLayout(stride: stride)
        let key = RowLayout(offset: shape.querySize, stride: stride)
        let value = RowLayout(offset: shape.querySize + shape.keyValueSize, stride: stride)
        switch weights.attentionInput {
        case .joined(let all): multiply(all, rows.count, &scratch, query, crew)
        case .apart(let queryMatrix, let keyMatrix, let valueMatrix):
            multiply(queryMatrix, rows.count, &scratch, query, crew)
            multiply(keyMatrix, rows.count, &scratch, key, crew)
            multiply(valueMatrix, rows.count, &scratch, value, crew)
        }
        // Keys lie behind queries, so one call turns the heads of both.
        kernels.rotate(
            &scratch.wide, layout: query, rowCount: rows.count,
            headCount: shape.headCount + shape.keyValueHeadCount, headSize: shape.headSize,
            firstPosition: rows.start, table: rotary)
        cache.append(
            keys: scratch.wide, keyLayout: key, values: scratch.wide, valueLayout: value,
            rowCount: rows.count)
        kernels.attend(
            query: scratch.wide, queryLayout: query, rowCount: rows.count,
            queryHeadCount: shape.headCount, cache: cache, scale: attentionScale,
            scratch: &scratch.attention, into: &scratch.inner, crew: crew)
        kernels.multiply(
            weights.output, by: scratch.inner, rowCount: rows.count, into: &scratch.normed,
            scratch: &scratch.product, crew: crew)
        kernels.add(scratch.normed, count: rows.count * shape.hiddenSize, into: &hidden)
    }

    /// hidden += down(silu(gate) * up) of the normed rows.
    private func feedForward(
        _ weights: LayerWeights, _ hidden: inout FloatBuffer, _ rowCount: Int,
        _ scratch: inout ForwardScratch, _ crew: some Crew
    ) {
        kernels.rootMeanSquareNorm(
            hidden, weight: weights.feedForwardNorm, epsilon: shape.normEpsilon,
            rowCount: rowCount, width: shape.hiddenSize, into: &scratch.normed)
        let width = shape.feedForwardSize
        let gate = RowLayout(stride: 2 * width)
        switch weights.feedForwardInput {
        case .joined(let both): multiply(both, rowCount, &scratch, gate, crew)
        case .apart(let gateMatrix, let upMatrix):
            multiply(gateMatrix, rowCount, &scratch, gate, crew)
            multiply(
                upMatrix, rowCount, &scratch, RowLayout(offset: width, stride: 2 * width), crew)
        }
        kernels.swiGLU(
            gateAndUp: scratch.wide, width: width, rowCount: rowCount, into: &scratch.inner)
        kernels.multiply(
            weights.down, by: scratch.inner, rowCount: rowCount, into: &scratch.normed,
            scratch: &scratch.product, crew: crew)
        kernels.add(scratch.normed, count: rowCount * shape.hiddenSize, into: &hidden)
    }

    /// Part of each wide row = matrix x normed row.
    private func multiply(
        _ matrix: PanelMatrix, _ rowCount: Int, _ scratch: inout ForwardScratch,
        _ layout: RowLayout, _ crew: some Crew
    ) {
        kernels.multiply(
            matrix, by: scratch.normed, rowCount: rowCount, into: &scratch.wide,
            outputLayout: layout, scratch: &scratch.product, crew: crew)
    }
}

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
