import Primitives
import Tensors

extension Forward {
    /// branch = feed-forward of the normed rows: of the layer's own network, or of its experts.
    func feedForward(
        _ weights: LayerWeights, _ rowCount: Int, _ scratch: inout ForwardScratch, _ crew: some Crew
    ) {
        guard let router = weights.router else {
            return feedForward(weights.feedForwards[0], rowCount, &scratch, crew)
        }
        kernels.multiply(
            router, by: scratch.normed, rowCount: rowCount, into: &scratch.routed,
            scratch: &scratch.product, crew: crew)
        scratch.choices.choose(
            from: &scratch.routed, rowCount: rowCount,
            isNormalised: shape.options.contains(.normalisedExperts), kernels: kernels)
        mix(weights.feedForwards, rowCount, &scratch, crew)
    }

    /// branch = down(activation(gate) * up) of the normed rows.
    private func feedForward(
        _ weights: FeedForwardWeights, _ rowCount: Int, _ scratch: inout ForwardScratch,
        _ crew: some Crew
    ) {
        let isGated = !shape.options.contains(.ungated)
        let stride = isGated ? 2 * weights.width : weights.width
        multiply(weights.input, rowCount, stride: stride, &scratch, crew)
        addBiases(weights.inputBiases, rowCount, stride: stride, to: &scratch.wide, crew)
        activate(rowCount, width: weights.width, isGated: isGated, &scratch, crew)
        kernels.multiply(
            weights.down, by: scratch.inner, rowCount: rowCount, into: &scratch.branch,
            scratch: &scratch.product, crew: crew)
        if let bias = weights.downBias {
            kernels.add(
                bias: bias, to: &scratch.branch, layout: RowLayout(stride: shape.hiddenSize),
                rowCount: rowCount, crew: crew)
        }
    }

    /// inner = activation(gate) * up, or activation(up) without a gate.
    private func activate(
        _ rowCount: Int, width: Int, isGated: Bool, _ scratch: inout ForwardScratch,
        _ crew: some Crew
    ) {
        guard isGated else {
            return kernels.activate(
                activation, scratch.wide, count: rowCount * width, into: &scratch.inner,
                crew: crew)
        }
        kernels.gate(
            activation, gateAndUp: scratch.wide, width: width, rowCount: rowCount,
            into: &scratch.inner, crew: crew)
    }

    private var activation: Activation {
        if shape.options.contains(.geluTanh) { return .geluTanh }
        return shape.options.contains(.gelu) ? .geluErf : .silu
    }

    /// branch = the sum over each row's experts of share * expert(row), in the order of experts.
    private func mix(
        _ experts: [FeedForwardWeights], _ rowCount: Int, _ scratch: inout ForwardScratch,
        _ crew: some Crew
    ) {
        let width = shape.hiddenSize
        scratch.mixed.clear(count: rowCount * width)
        // The network reads `normed` and writes `branch`: an expert's rows are brought together
        // there, and the whole rows wait in `kept`.
        scratch.kept.copy(scratch.normed, count: rowCount * width)
        for (index, expert) in experts.enumerated() {
            let rows = scratch.choices.gather(expert: index)
            guard rows > 0 else { continue }
            for place in 0..<rows {
                scratch.normed.copyRow(
                    scratch.choices.rows[place], of: scratch.kept, to: place, width: width)
            }
            feedForward(expert, rows, &scratch, crew)
            for place in 0..<rows {
                scratch.mixed.add(
                    row: place, of: scratch.branch, times: scratch.choices.shares[place],
                    to: scratch.choices.rows[place], width: width)
            }
        }
        scratch.branch.copy(scratch.mixed, count: rowCount * width)
    }

    // MARK: products

    /// Wide rows of `stride` numbers = matrices x normed row, one behind the other.
    func multiply(
        _ matrices: [PanelMatrix], _ rowCount: Int, stride: Int, _ scratch: inout ForwardScratch,
        _ crew: some Crew
    ) {
        var offset = 0
        for matrix in matrices {
            kernels.multiply(
                matrix, by: scratch.normed, rowCount: rowCount, into: &scratch.wide,
                outputLayout: RowLayout(offset: offset, stride: stride), scratch: &scratch.product,
                crew: crew)
            offset += matrix.outputCount
        }
    }

    /// Biases of neighbouring outputs, in their order.
    func addBiases(
        _ biases: [FloatVector], _ rowCount: Int, stride: Int, to wide: inout FloatBuffer,
        _ crew: some Crew
    ) {
        var offset = 0
        for bias in biases {
            kernels.add(
                bias: bias, to: &wide, layout: RowLayout(offset: offset, stride: stride),
                rowCount: rowCount, crew: crew)
            offset += bias.count
        }
    }
}
