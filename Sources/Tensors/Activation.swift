import CKernels

/// The function between the products of a feed-forward layer.
public enum Activation: Sendable, CaseIterable {
    /// x / (1 + exp(-x)) (Llama, Qwen, Mistral, Phi 3).
    case silu
    /// GELU by its approximation with tanh (Gemma, Phi 2).
    case geluTanh
    /// GELU by the error function (BERT).
    case geluErf

    var code: CInt {
        switch self {
        case .silu: CInt(BORED_SILU)
        case .geluTanh: CInt(BORED_GELU_TANH)
        case .geluErf: CInt(BORED_GELU_ERF)
        }
    }
}

extension Kernels {
    /// y = activation(x), the first `count` numbers.
    public func activate(
        _ activation: Activation, _ x: borrowing FloatBuffer, count: Int,
        into y: inout FloatBuffer, crew: some Crew = SerialCrew()
    ) {
        precondition(count >= 0 && count <= min(x.count, y.count))
        // Parts write apart, into memory that outlives them: so below, too.
        nonisolated(unsafe) let (from, to) = unsafe (x.base, y.base)
        crew.share(rowCount: count, rowWork: 1) { numbers in
            let first = numbers.lowerBound
            unsafe bored_activate(
                code, activation.code, from + first, nil, numbers.count, to + first)
        }
    }

    /// out = activation(gate) * up, where each row holds `width` gates, then `width` ups: SwiGLU
    /// and GEGLU (Shazeer 2020).
    public func gate(
        _ activation: Activation, gateAndUp: borrowing FloatBuffer, width: Int, rowCount: Int,
        into out: inout FloatBuffer, crew: some Crew = SerialCrew()
    ) {
        RowLayout(stride: 2 * width).check(
            rowCount: rowCount, width: 2 * width, within: gateAndUp.count)
        RowLayout(stride: width).check(rowCount: rowCount, width: width, within: out.count)
        nonisolated(unsafe) let (from, to) = unsafe (gateAndUp.base, out.base)
        crew.share(rowCount: rowCount, rowWork: width) { rows in
            for row in rows {
                let gate = unsafe from + 2 * row * width
                unsafe bored_activate(
                    code, activation.code, gate, gate + width, width, to + row * width)
            }
        }
    }

    /// out = activation(gate) * up, element by element.
    public func gate(
        _ activation: Activation, gate: borrowing FloatBuffer, up: borrowing FloatBuffer,
        count: Int, into out: inout FloatBuffer
    ) {
        precondition(count >= 0 && count <= min(gate.count, up.count, out.count))
        unsafe bored_activate(code, activation.code, gate.base, up.base, count, out.base)
    }
}
