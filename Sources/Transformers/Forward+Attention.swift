import Primitives
import Tensors

extension Forward {
    /// wide = queries, keys and values of the normed rows.
    func project(
        _ weights: LayerWeights, _ rowCount: Int, _ scratch: inout ForwardScratch, _ crew: some Crew
    ) {
        let stride = shape.querySize + 2 * shape.keyValueSize
        multiply(weights.attentionInput, rowCount, stride: stride, &scratch, crew)
        addBiases(weights.attentionBiases, rowCount, stride: stride, to: &scratch.wide, crew)
        normHeads(weights, rowCount, stride: stride, &scratch, crew)
    }

    /// inner = attention(rotate(q), rotate(k), v); where it is narrow, of the rows whose outputs
    /// are wanted, one behind the other.
    func attend(
        _ layer: Int, _ batch: [Segment], isNarrow: Bool, _ scratch: inout ForwardScratch,
        _ crew: some Crew
    ) {
        var (firstRow, firstOutput) = (0, 0)
        for segment in batch {
            let skipped = isNarrow ? segment.skippedCount : 0
            attend(segment, layer, firstRow, skipping: skipped, firstOutput, &scratch, crew)
            firstRow += segment.rowCount
            firstOutput += segment.rowCount - skipped
        }
    }

    /// branch = output(inner).
    func mixHeads(
        _ weights: LayerWeights, _ rowCount: Int, _ scratch: inout ForwardScratch, _ crew: some Crew
    ) {
        kernels.multiply(
            weights.output, by: scratch.inner, rowCount: rowCount, into: &scratch.branch,
            scratch: &scratch.product, crew: crew)
        if let bias = weights.outputBias {
            kernels.add(
                bias: bias, to: &scratch.branch, layout: RowLayout(stride: shape.hiddenSize),
                rowCount: rowCount, crew: crew)
        }
    }

    /// Each head of queries and of keys, where the model norms them.
    private func normHeads(
        _ weights: LayerWeights, _ rowCount: Int, stride: Int, _ scratch: inout ForwardScratch,
        _ crew: some Crew
    ) {
        guard let queryNorm = weights.queryNorm, let keyNorm = weights.keyNorm else { return }
        kernels.norm(
            heads: &scratch.wide, layout: RowLayout(stride: stride), rowCount: rowCount,
            headCount: shape.headCount, weight: queryNorm.weight, bias: queryNorm.bias,
            epsilon: shape.normEpsilon, crew: crew)
        kernels.norm(
            heads: &scratch.wide, layout: RowLayout(offset: shape.querySize, stride: stride),
            rowCount: rowCount, headCount: shape.keyValueHeadCount, weight: keyNorm.weight,
            bias: keyNorm.bias, epsilon: shape.normEpsilon, crew: crew)
    }

    /// One request's part: its rows begin at `firstRow` of the batch, and what comes of all but the
    /// first `skippedCount` of them at `firstOutput`.
    private func attend(
        _ segment: Segment, _ layer: Int, _ firstRow: Int, skipping skippedCount: Int,
        _ firstOutput: Int, _ scratch: inout ForwardScratch, _ crew: some Crew
    ) {
        let (state, rowCount) = (segment.state, segment.rowCount)
        let stride = shape.querySize + 2 * shape.keyValueSize
        let plain = RowLayout(stride: stride).advanced(by: firstRow)
        let modelLayer = state.layers.lower + layer
        // An encoder has learnt its positions.
        if !shape.options.contains(.encoder) {
            // Keys lie behind queries, so one call turns the heads of both.
            kernels.rotate(
                &scratch.wide, layout: plain, rowCount: rowCount,
                headCount: shape.headCount + shape.keyValueHeadCount, headSize: shape.headSize,
                firstPosition: state.positionCount,
                table: rotations.table(layer: modelLayer, isLong: isLong(state)), crew: crew)
        }
        // In two terms, heads twice as wide are written behind the plain rows, and read there.
        let isPaired = shape.termCount == 2
        let query = heads(0, in: stride, firstRow, behind: scratch.rowCountMaximum)
        let key = heads(shape.querySize, in: stride, firstRow, behind: scratch.rowCountMaximum)
        let value = heads(
            shape.querySize + shape.keyValueSize, in: stride, firstRow,
            behind: scratch.rowCountMaximum)
        let output = heads(0, in: shape.querySize, firstOutput, behind: scratch.rowCountMaximum)
        if isPaired {
            kernels.writePairs(
                &scratch.wide, layout: plain, pairs: query, rowCount: rowCount,
                queryHeadCount: shape.headCount, cachedHeadCount: shape.keyValueHeadCount,
                headSize: shape.headSize)
        }
        state.cache.write(
            layer: layer, keys: scratch.wide, keyLayout: key, values: scratch.wide,
            valueLayout: value, rowCount: rowCount, kernels: kernels, crew: crew)
        let outputCount = rowCount - skippedCount
        guard outputCount > 0 else { return }
        kernels.attend(
            query: scratch.wide, queryLayout: query.advanced(by: skippedCount),
            rowCount: outputCount,
            queryHeadCount: shape.headCount, cache: state.cache, layer: layer,
            positionCount: state.positionCount + rowCount, rule: rules.rule(layer: modelLayer),
            scratch: &scratch.attention, into: &scratch.inner, outputLayout: output, crew: crew)
        if isPaired {
            kernels.addPairs(
                &scratch.inner, pairs: output,
                into: RowLayout(stride: shape.querySize).advanced(by: firstOutput),
                rowCount: outputCount, headCount: shape.headCount, headSize: shape.headSize)
        }
    }

    /// Where heads lie that begin at number `offset` of rows of `stride` numbers: in two terms
    /// behind `rowCount` such rows, all twice as wide.
    private func heads(
        _ offset: Int, in stride: Int, _ firstRow: Int, behind rowCount: Int
    ) -> RowLayout {
        guard shape.termCount == 2 else {
            return RowLayout(offset: offset, stride: stride).advanced(by: firstRow)
        }
        return RowLayout(offset: rowCount * stride + 2 * offset, stride: 2 * stride)
            .advanced(by: firstRow)
    }

    /// Whether a request goes beyond the context that the first divisors are for: then others are
    /// taken for all of its positions.
    public func isLong(_ state: KeyValueState) -> Bool {
        let original = shape.numbers.originalContextLength
        return original > 0 && state.capacity > original
    }
}
