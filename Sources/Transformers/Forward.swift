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
    let rotations: Rotations
    let rules: AttentionRules

    /// `positionCountMaximum` is cut to the model's context.
    public init(shape: ModelShape, kernels: Kernels, positionCountMaximum: Int = .max) {
        self.shape = shape
        self.kernels = kernels
        self.positionCountMaximum = min(positionCountMaximum, shape.contextLength)
        rotations = Rotations(shape, positionCount: self.positionCountMaximum)
        rules = AttentionRules(shape)
    }

    /// Sends `rowCount` neighbouring positions, the first of which is `startPosition`, through
    /// `layers`, in place: a batch of one request.
    ///
    /// - Parameters:
    ///   - layers: the weights of `state.layers`, in order.
    ///   - hidden: (rowCount, hiddenSize), the residual stream.
    ///   - outputRowCount: of these rows the last ones, whose outputs are wanted: they become
    ///     `hidden`'s first. All of them where it is nil.
    ///   - state: holds exactly the positions before `startPosition`.
    public func run(
        _ layers: [LayerWeights], hidden: inout FloatBuffer, startPosition: Int, rowCount: Int,
        outputRowCount: Int? = nil, state: KeyValueState, scratch: inout ForwardScratch,
        crew: some Crew
    ) {
        precondition(startPosition == state.positionCount)
        let segment = Segment(state: state, rowCount: rowCount, outputRowCount: outputRowCount)
        run(layers, hidden: &hidden, batch: [segment], scratch: &scratch, crew: crew)
    }

    /// Sends positions of several requests through `layers` together, in place. Allocates only
    /// pages, and where it meets a larger cache than ever before. False where the crew was stopped
    /// meanwhile: the rows mean nothing then, and the states hold what they held.
    ///
    /// - Parameters:
    ///   - layers: the weights of every state's layers, in order.
    ///   - hidden: (rows of all segments one after the other, hiddenSize), the residual stream;
    ///     afterwards its first rows are the outputs that the segments want, in the same order.
    ///   - batch: one segment for each request. Each continues behind what its state holds.
    @discardableResult
    public func run(
        _ layers: [LayerWeights], hidden: inout FloatBuffer, batch: [Segment],
        scratch: inout ForwardScratch, crew: some Crew
    ) -> Bool {
        var rowCount = 0
        for segment in batch {
            let state = segment.state
            precondition(layers.count == state.layers.count && segment.rowCount >= 0)
            precondition(!layers.isEmpty || segment.skippedCount == 0)
            precondition(state.positionCount + segment.rowCount <= positionCountMaximum)
            state.reserve(rowCount: segment.rowCount)
            scratch.reserve(for: state.cache, shape: shape)
            rowCount += segment.rowCount
        }
        precondition(rowCount <= scratch.rowCountMaximum)
        for (index, weights) in layers.enumerated() {
            if crew.isAbandoned { return false }
            let isLast = index == layers.count - 1
            run(weights, index, isLast: isLast, &hidden, batch, rowCount, &scratch, crew)
        }
        if crew.isAbandoned { return false }
        for segment in batch { segment.state.advance(by: segment.rowCount) }
        return true
    }

    /// One block: attention, then feed-forward, each added to the rows that come in. The last block
    /// goes on with the rows whose outputs are wanted as soon as the others' keys and values are
    /// there: no layer reads more of them.
    private func run(
        _ weights: LayerWeights, _ layer: Int, isLast: Bool, _ hidden: inout FloatBuffer,
        _ batch: [Segment], _ rowCount: Int, _ scratch: inout ForwardScratch, _ crew: some Crew
    ) {
        let isEncoder = shape.options.contains(.encoder)
        if isEncoder {
            scratch.normed.copy(hidden, count: rowCount * shape.hiddenSize)
        } else {
            norm(hidden, weights.attentionNorm, rowCount, into: &scratch.normed, crew)
        }
        project(weights, rowCount, &scratch, crew)
        let isNarrow = isLast && batch.contains { $0.skippedCount > 0 }
        attend(layer, batch, isNarrow: isNarrow, &scratch, crew)
        let rowCount = isNarrow ? keepOutputRows(of: batch, &hidden, &scratch) : rowCount
        if rowCount == 0 { return }
        let count = rowCount * shape.hiddenSize
        mixHeads(weights, rowCount, &scratch, crew)
        add(&scratch, weights.postAttentionNorm, rowCount, to: &hidden, crew)
        if isEncoder {
            norm(hidden, weights.attentionNorm, rowCount, into: &scratch.normed, crew)
            hidden.copy(scratch.normed, count: count)
        } else if let feedForwardNorm = weights.feedForwardNorm {
            norm(hidden, feedForwardNorm, rowCount, into: &scratch.normed, crew)
        }
        feedForward(weights, rowCount, &scratch, crew)
        add(&scratch, weights.postFeedForwardNorm, rowCount, to: &hidden, crew)
        if isEncoder, let last = weights.feedForwardNorm {
            norm(hidden, last, rowCount, into: &scratch.normed, crew)
            hidden.copy(scratch.normed, count: count)
        }
    }

    /// Moves the rows whose outputs are wanted to the front; their number.
    private func keepOutputRows(
        of batch: [Segment], _ hidden: inout FloatBuffer, _ scratch: inout ForwardScratch
    ) -> Int {
        var (from, to) = (0, 0)
        for segment in batch {
            from += segment.skippedCount
            hidden.moveRows(from..<from + segment.outputRowCount, to: to, width: shape.hiddenSize)
            // Parallel blocks read the same normed rows once more.
            scratch.normed.moveRows(
                from..<from + segment.outputRowCount, to: to, width: shape.hiddenSize)
            from += segment.outputRowCount
            to += segment.outputRowCount
        }
        return to
    }

    /// hidden += branch, which is normed first where the model wants it.
    private func add(
        _ scratch: inout ForwardScratch, _ postNorm: NormWeights?, _ rowCount: Int,
        to hidden: inout FloatBuffer, _ crew: some Crew
    ) {
        let count = rowCount * shape.hiddenSize
        guard let postNorm else {
            return kernels.add(scratch.branch, count: count, into: &hidden, crew: crew)
        }
        norm(scratch.branch, postNorm, rowCount, into: &scratch.normed, crew)
        kernels.add(scratch.normed, count: count, into: &hidden, crew: crew)
    }

    /// Rows of the residual stream, normed: a bias makes it a LayerNorm.
    private func norm(
        _ rows: borrowing FloatBuffer, _ weights: NormWeights, _ rowCount: Int,
        into normed: inout FloatBuffer, _ crew: some Crew
    ) {
        kernels.norm(
            rows, weights, epsilon: shape.normEpsilon, rowCount: rowCount,
            width: shape.hiddenSize, into: &normed, crew: crew)
    }
}

extension Kernels {
    /// RMS norm, or LayerNorm where there is a bias.
    func norm(
        _ x: borrowing FloatBuffer, _ weights: NormWeights, epsilon: Float, rowCount: Int,
        width: Int, into y: inout FloatBuffer, crew: some Crew
    ) {
        guard let bias = weights.bias else {
            return rootMeanSquareNorm(
                x, weight: weights.weight, epsilon: epsilon, rowCount: rowCount, width: width,
                into: &y, crew: crew)
        }
        layerNorm(
            x, weight: weights.weight, bias: bias, epsilon: epsilon, rowCount: rowCount,
            into: &y, crew: crew)
    }
}
