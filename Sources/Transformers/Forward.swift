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
    private let rule: AttentionRule

    /// `positionCountMaximum` is cut to the model's context.
    public init(shape: ModelShape, kernels: Kernels, positionCountMaximum: Int = .max) {
        self.shape = shape
        self.kernels = kernels
        self.positionCountMaximum = min(positionCountMaximum, shape.contextLength)
        rotary = RotaryTable(
            frequencies: Forward.frequencies(shape), positions: self.positionCountMaximum,
            style: .neighbouringPairs)
        // Rounded once from Float64.
        rule = AttentionRule(scale: Float(1 / Double(shape.headSize).squareRoot()))
    }

    /// Radians per position of each pair: base^(-2i / headSize), divided by the pair's divisor.
    static func frequencies(_ shape: ModelShape) -> [Double] {
        let plain = RotaryTable.frequencies(
            headSize: shape.headSize, base: Double(shape.rotaryBase))
        guard !shape.rotaryDivisors.isEmpty else { return plain }
        return plain.indices.map { plain[$0] / Double(shape.rotaryDivisors[$0]) }
    }

    /// Sends `rowCount` neighbouring positions, the first of which is `startPosition`, through
    /// `layers`, in place: a batch of one request.
    ///
    /// - Parameters:
    ///   - layers: the weights of `state.layers`, in order.
    ///   - hidden: (rowCount, hiddenSize), the residual stream.
    ///   - state: holds exactly the positions before `startPosition`.
    public func run(
        _ layers: [LayerWeights], hidden: inout FloatBuffer, startPosition: Int, rowCount: Int,
        state: KeyValueState, scratch: inout ForwardScratch, crew: some Crew
    ) {
        precondition(startPosition == state.positionCount)
        run(
            layers, hidden: &hidden, batch: [Segment(state: state, rowCount: rowCount)],
            scratch: &scratch, crew: crew)
    }

    /// Sends positions of several requests through `layers` together, in place. Allocates only
    /// pages, and where it meets a larger cache than ever before.
    ///
    /// - Parameters:
    ///   - layers: the weights of every state's layers, in order.
    ///   - hidden: (rows of all segments one after the other, hiddenSize), the residual stream.
    ///   - batch: one segment for each request. Each continues behind what its state holds.
    public func run(
        _ layers: [LayerWeights], hidden: inout FloatBuffer, batch: [Segment],
        scratch: inout ForwardScratch, crew: some Crew
    ) {
        var rowCount = 0
        for segment in batch {
            let state = segment.state
            precondition(layers.count == state.layers.count && segment.rowCount >= 0)
            precondition(state.positionCount + segment.rowCount <= positionCountMaximum)
            state.reserve(rowCount: segment.rowCount)
            scratch.reserve(for: state.cache, shape: shape)
            rowCount += segment.rowCount
        }
        precondition(rowCount <= scratch.rowCountMaximum)
        for (index, weights) in layers.enumerated() {
            if crew.isAbandoned { return }
            attend(weights, index, &hidden, batch, rowCount, &scratch, crew)
            feedForward(weights, &hidden, rowCount, &scratch, crew)
        }
        if crew.isAbandoned { return }
        for segment in batch { segment.state.advance(by: segment.rowCount) }
    }

    /// hidden += output(attention(rotate(q), rotate(k), v)) of the normed rows.
    private func attend(
        _ weights: LayerWeights, _ layer: Int, _ hidden: inout FloatBuffer, _ batch: [Segment],
        _ rowCount: Int, _ scratch: inout ForwardScratch, _ crew: some Crew
    ) {
        kernels.rootMeanSquareNorm(
            hidden, weight: weights.attentionNorm, epsilon: shape.normEpsilon,
            rowCount: rowCount, width: shape.hiddenSize, into: &scratch.normed)
        let stride = shape.querySize + 2 * shape.keyValueSize
        let query = RowLayout(stride: stride)
        let key = RowLayout(offset: shape.querySize, stride: stride)
        let value = RowLayout(offset: shape.querySize + shape.keyValueSize, stride: stride)
        switch weights.attentionInput {
        case .joined(let all): multiply(all, rowCount, &scratch, query, crew)
        case .apart(let queryMatrix, let keyMatrix, let valueMatrix):
            multiply(queryMatrix, rowCount, &scratch, query, crew)
            multiply(keyMatrix, rowCount, &scratch, key, crew)
            multiply(valueMatrix, rowCount, &scratch, value, crew)
        }
        var firstRow = 0
        for segment in batch {
            attend(segment, layer, firstRow, query, key, value, &scratch, crew)
            firstRow += segment.rowCount
        }
        kernels.multiply(
            weights.output, by: scratch.inner, rowCount: rowCount, into: &scratch.normed,
            scratch: &scratch.product, crew: crew)
        kernels.add(scratch.normed, count: rowCount * shape.hiddenSize, into: &hidden)
    }

    /// One request's part: its rows begin at `firstRow` of the batch.
    private func attend(
        _ segment: Segment, _ layer: Int, _ firstRow: Int, _ query: RowLayout, _ key: RowLayout,
        _ value: RowLayout, _ scratch: inout ForwardScratch, _ crew: some Crew
    ) {
        let (state, rowCount) = (segment.state, segment.rowCount)
        let query = query.advanced(by: firstRow)
        // Keys lie behind queries, so one call turns the heads of both.
        kernels.rotate(
            &scratch.wide, layout: query, rowCount: rowCount,
            headCount: shape.headCount + shape.keyValueHeadCount, headSize: shape.headSize,
            firstPosition: state.positionCount, table: rotary)
        state.cache.write(
            layer: layer, keys: scratch.wide, keyLayout: key.advanced(by: firstRow),
            values: scratch.wide, valueLayout: value.advanced(by: firstRow), rowCount: rowCount)
        kernels.attend(
            query: scratch.wide, queryLayout: query, rowCount: rowCount,
            queryHeadCount: shape.headCount, cache: state.cache, layer: layer,
            positionCount: state.positionCount + rowCount, rule: rule,
            scratch: &scratch.attention, into: &scratch.inner,
            outputLayout: RowLayout(stride: shape.querySize).advanced(by: firstRow), crew: crew)
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
        kernels.gate(
            .silu, gateAndUp: scratch.wide, width: width, rowCount: rowCount,
            into: &scratch.inner)
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
