import CKernels

/// GELU, soft caps and LayerNorm, on the exponential of `exact-1` (Protocol.md, "Elementary
/// functions").
extension Kernels {
    /// y = x / (1 + exp(-x)), the first `count` numbers.
    public func silu(_ x: borrowing FloatBuffer, count: Int, into y: inout FloatBuffer) {
        precondition(count >= 0 && count <= min(x.count, y.count))
        unsafe bored_silu(code, x.base, count, y.base)
    }

    /// y = x / (1 + exp(-2 c (x + 0.044715 x^3))), c = sqrt(2 / pi): GELU by the tangent
    /// approximation (Hendrycks and Gimpel 2016), the first `count` numbers.
    public func geluTanh(_ x: borrowing FloatBuffer, count: Int, into y: inout FloatBuffer) {
        precondition(count >= 0 && count <= min(x.count, y.count))
        unsafe geluTanh(x.base, count, y.base)
    }

    /// y = x (1 + erf(x / sqrt 2)) / 2, the first `count` numbers.
    public func gelu(_ x: borrowing FloatBuffer, count: Int, into y: inout FloatBuffer) {
        precondition(count >= 0 && count <= min(x.count, y.count))
        unsafe gelu(x.base, count, y.base)
    }

    /// out = geluTanh(gate) * up, where each row holds `width` gates, then `width` ups.
    public func geGLU(
        gateAndUp: borrowing FloatBuffer, width: Int, rowCount: Int, into out: inout FloatBuffer
    ) {
        unsafe gate(gateAndUp, width, rowCount, &out) { unsafe geluTanh($0, width, $1) }
    }

    /// out = gelu(gate) * up, where each row holds `width` gates, then `width` ups.
    public func geluGate(
        gateAndUp: borrowing FloatBuffer, width: Int, rowCount: Int, into out: inout FloatBuffer
    ) {
        unsafe gate(gateAndUp, width, rowCount, &out) { unsafe gelu($0, width, $1) }
    }

    private func gate(
        _ gateAndUp: borrowing FloatBuffer, _ width: Int, _ rowCount: Int,
        _ out: inout FloatBuffer,
        _ activate: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    ) {
        RowLayout(stride: 2 * width).check(
            rowCount: rowCount, width: 2 * width, within: gateAndUp.count)
        RowLayout(stride: width).check(rowCount: rowCount, width: width, within: out.count)
        for row in 0..<rowCount {
            let gate = unsafe gateAndUp.base + 2 * row * width
            let y = unsafe out.base + row * width
            unsafe activate(gate, y)
            for index in 0..<width { unsafe y[index] = y[index] * gate[width + index] }
        }
    }

    private func geluTanh(
        _ x: UnsafePointer<Float>, _ count: Int, _ y: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count {
            let number = unsafe x[index]
            let cubic = (number * number) * number
            unsafe y[index] = -0x1.988454p0 * (number + 0x1.6e4e26p-5 * cubic)
        }
        unsafe bored_exponential(code, y, count, y)
        for index in 0..<count { unsafe y[index] = x[index] / (1 + y[index]) }
    }

    /// erf by formula 7.1.26 of Abramowitz and Stegun: its error is below 1.5e-7.
    private func gelu(
        _ x: UnsafePointer<Float>, _ count: Int, _ y: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count {
            let number = unsafe x[index]
            unsafe y[index] = -0.5 * (number * number)
        }
        unsafe bored_exponential(code, y, count, y)
        for index in 0..<count {
            let number = unsafe x[index]
            let t = 1 / (1 + 0x1.da6710p-3 * number.magnitude)
            var sum: Float = 0x1.0fb844p0
            sum = sum * t - 0x1.7401c6p0
            sum = sum * t + 0x1.6be1c6p0
            sum = sum * t - 0x1.23531cp-2
            sum = sum * t + 0x1.04f20cp-2
            let tail = 0.5 * ((sum * t) * (unsafe y[index]))
            unsafe y[index] = number * (number < 0 ? tail : 1 - tail)
        }
    }

    /// x = cap * tanh(x / cap), the first `count` numbers, in place.
    public func softCap(_ x: inout FloatBuffer, count: Int, cap: Float) {
        precondition(count >= 0 && count <= x.count)
        for index in 0..<count { unsafe x.base[index] = (2 * x.base[index]) / cap }
        unsafe bored_exponential(code, x.base, count, x.base)
        for index in 0..<count { unsafe x.base[index] = cap * (1 - 2 / (x.base[index] + 1)) }
    }

    /// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row (Ba et al. 2016).
    public func layerNorm(
        _ x: borrowing FloatBuffer, weight: FloatVector, bias: FloatVector, epsilon: Float,
        rowCount: Int, width: Int, into y: inout FloatBuffer
    ) {
        precondition(weight.count == width && bias.count == width)
        let rows = RowLayout(stride: width)
        rows.check(rowCount: rowCount, width: width, within: x.count)
        rows.check(rowCount: rowCount, width: width, within: y.count)
        for row in 0..<rowCount {
            let (x, y) = unsafe (x.base + row * width, y.base + row * width)
            let mean = sum(width) { unsafe x[$0] } / Float(width)
            for index in 0..<width { unsafe y[index] = x[index] - mean }
            let variance = sum(width) { unsafe y[$0] * y[$0] } / Float(width)
            let scale = 1 / (variance + epsilon).squareRoot()
            for index in 0..<width {
                unsafe y[index] = (y[index] * scale) * weight.base[index] + bias.base[index]
            }
        }
    }

    /// The sum of `count` numbers in sixteen lanes (Protocol.md, `sum16`).
    private func sum(_ count: Int, _ number: (Int) -> Float) -> Float {
        var lanes = InlineArray<16, Float>(repeating: 0)
        for index in 0..<count { lanes[index % 16] = lanes[index % 16] + number(index) }
        for distance in [8, 4, 2, 1] {
            for lane in 0..<distance { lanes[lane] = lanes[lane] + lanes[lane + distance] }
        }
        return lanes[0]
    }
}
