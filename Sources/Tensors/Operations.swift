import CKernels

extension Kernels {
    /// y = x W: `rowCount` rows of `inputCount` numbers in, rows of `outputCount` numbers out.
    ///
    /// Rows are packed tightly unless a layout says otherwise. The crew's parts are ranges of
    /// whole panels. With quantised weights, rows are first rounded to 8 bits into `scratch`,
    /// which is left alone otherwise.
    public func multiply(
        _ matrix: PanelMatrix, by x: borrowing FloatBuffer, inputLayout: RowLayout? = nil,
        rowCount: Int, into y: inout FloatBuffer, outputLayout: RowLayout? = nil,
        scratch: inout ProductScratch, crew: some Crew
    ) {
        let input = inputLayout ?? RowLayout(stride: matrix.inputCount)
        let output = outputLayout ?? RowLayout(stride: matrix.outputCount)
        input.check(rowCount: rowCount, width: matrix.inputCount, within: x.count)
        output.check(rowCount: rowCount, width: matrix.outputCount, within: y.count)
        guard rowCount > 0 else { return }
        // The pointers outlive `run`, which returns after every part; parts write apart.
        nonisolated(unsafe) var product = unsafe bored_product(
            format: matrix.format.code, panels: matrix.base, panel_stride: matrix.panelByteCount,
            panel_begin: 0, panel_end: matrix.panelCount, output_count: matrix.outputCount,
            input_count: matrix.inputCount, x: x.base + input.offset, x_stride: input.stride,
            groups: nil, group_stride: bored_group_stride(matrix.inputCount),
            row_count: rowCount, y: y.base + output.offset, y_stride: output.stride)
        if matrix.format != .float16 {
            let groups = unsafe scratch.groups(rowCount: rowCount, inputCount: matrix.inputCount)
            unsafe product.groups = UnsafePointer(groups)
            unsafe quantize(product, into: groups, crew: crew)
        }
        unsafe multiply(product, panelCount: matrix.panelCount, crew: crew)
    }

    private func quantize(
        _ product: bored_product, into groups: UnsafeMutablePointer<bored_input_group>,
        crew: some Crew
    ) {
        nonisolated(unsafe) let (product, groups) = unsafe (product, groups)
        let perPart = 16
        crew.run(partCount: (unsafe product.row_count + perPart - 1) / perPart) { index in
            for row in index * perPart..<min(unsafe product.row_count, (index + 1) * perPart) {
                unsafe bored_quantize(
                    code, product.x + row * product.x_stride, product.input_count,
                    groups + row * product.group_stride)
            }
        }
    }

    private func multiply(_ product: bored_product, panelCount: Int, crew: some Crew) {
        nonisolated(unsafe) let product = unsafe product
        let perPart = panelsPerPart(panelCount: panelCount, memberCount: crew.memberCount)
        crew.run(partCount: (panelCount + perPart - 1) / perPart) { index in
            var part = unsafe product
            unsafe part.panel_begin = index * perPart
            unsafe part.panel_end = min(panelCount, (index + 1) * perPart)
            unsafe bored_multiply(code, &part)
        }
    }

    /// A lone member takes all; several take chunks small enough to even out their speeds.
    private func panelsPerPart(panelCount: Int, memberCount: Int) -> Int {
        guard memberCount > 1 else { return max(1, panelCount) }
        return max(1, min(8, panelCount / (4 * memberCount)))
    }

    /// The weights of one output as Float32: a token's embedding, when the matrix is a vocabulary.
    public func copyRow(
        _ output: Int, of matrix: PanelMatrix, into y: inout FloatBuffer, at offset: Int = 0
    ) {
        precondition(output >= 0 && output < matrix.outputCount)
        precondition(offset >= 0 && matrix.inputCount <= y.count - offset)
        unsafe bored_unpack_row(
            matrix.format.code, matrix.base, matrix.inputCount, output, y.base + offset)
    }

    /// y = x / sqrt(mean(x^2) + epsilon) * weight, row by row (RMSNorm, Zhang and Sennrich 2019).
    public func rootMeanSquareNorm(
        _ x: borrowing FloatBuffer, weight: FloatVector, epsilon: Float, rowCount: Int,
        width: Int, into y: inout FloatBuffer
    ) {
        precondition(weight.count == width)
        let rows = RowLayout(stride: width)
        rows.check(rowCount: rowCount, width: width, within: x.count)
        rows.check(rowCount: rowCount, width: width, within: y.count)
        for row in 0..<rowCount {
            unsafe bored_rms_norm(
                code, x.base + row * width, weight.base, epsilon, width, y.base + row * width)
        }
    }

    /// out = silu(gate) * up, where each row holds `width` gates, then `width` ups (SwiGLU).
    public func swiGLU(
        gateAndUp: borrowing FloatBuffer, width: Int, rowCount: Int, into out: inout FloatBuffer
    ) {
        RowLayout(stride: 2 * width).check(
            rowCount: rowCount, width: 2 * width, within: gateAndUp.count)
        RowLayout(stride: width).check(rowCount: rowCount, width: width, within: out.count)
        for row in 0..<rowCount {
            let gate = unsafe gateAndUp.base + 2 * row * width
            unsafe bored_swiglu(code, gate, gate + width, width, out.base + row * width)
        }
    }

    /// out = silu(gate) * up, element by element.
    public func swiGLU(
        gate: borrowing FloatBuffer, up: borrowing FloatBuffer, count: Int,
        into out: inout FloatBuffer
    ) {
        precondition(count >= 0 && count <= min(gate.count, up.count, out.count))
        unsafe bored_swiglu(code, gate.base, up.base, count, out.base)
    }

    /// y += x, the first `count` numbers of each.
    public func add(_ x: borrowing FloatBuffer, count: Int, into y: inout FloatBuffer) {
        precondition(count >= 0 && count <= min(x.count, y.count))
        unsafe bored_add(x.base, count, y.base)
    }

    /// y = exp(x), element by element.
    public func exponential(_ x: borrowing FloatBuffer, into y: inout FloatBuffer) {
        precondition(x.count == y.count)
        unsafe bored_exponential(code, x.base, x.count, y.base)
    }

    /// y = x / (1 + exp(-x)), element by element.
    public func silu(_ x: borrowing FloatBuffer, into y: inout FloatBuffer) {
        precondition(x.count == y.count)
        unsafe bored_silu(code, x.base, x.count, y.base)
    }

    /// Reads `range` of the weights once and returns a value that depends on every byte of it:
    /// timed by the caller, it tells the memory's read speed.
    public func readProbe(_ bytes: WeightBytes, range: Range<Int>) -> UInt64 {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.byteCount)
        precondition(range.lowerBound % 64 == 0 && range.count % 64 == 0)
        return unsafe bored_read_probe(code, bytes.base + range.lowerBound, range.count)
    }
}
