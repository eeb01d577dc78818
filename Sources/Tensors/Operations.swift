import CKernels

extension Kernels {
    /// y = x W: `rowCount` rows of `inputCount` numbers in, rows of `outputCount` numbers out.
    ///
    /// Rows are packed tightly unless a layout says otherwise. The crew's parts are ranges of
    /// whole panels. With quantised weights, rows are first rounded to 8 bits into `scratch`,
    /// which is left alone otherwise. In two terms, if the scratch was made for that.
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
            row_count: rowCount, y: y.base + output.offset, y_stride: output.stride,
            stream_count: 1, stream_distance: 0)
        if matrix.format != .float16, scratch.isTwoTerm {
            unsafe multiplyTwoTerms(
                &product, panelCount: matrix.panelCount, scratch: &scratch, crew: crew)
            return
        }
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
        let partCount = (unsafe product.row_count + perPart - 1) / perPart
        let work = unsafe product.row_count * product.input_count
        crew.run(partCount: partCount, work: work, isLocal: true) { index in
            for row in index * perPart..<min(unsafe product.row_count, (index + 1) * perPart) {
                unsafe bored_quantize(
                    code, product.x + row * product.x_stride, product.input_count,
                    groups + row * product.group_stride)
            }
        }
    }

    /// Of many rows each member takes its own; of few, all of them and its own panels.
    func multiply(_ product: bored_product, panelCount: Int, crew: some Crew) {
        nonisolated(unsafe) let product = unsafe product
        let parts = unsafe ProductParts(
            product, panelCount: panelCount, memberCount: crew.memberCount,
            least: panelsTogether(rowCount: product.row_count, format: product.format),
            streamCount: streamCount(rowCount: product.row_count, format: product.format))
        let work = unsafe product.row_count * product.input_count * product.output_count
        crew.run(partCount: parts.count, work: work, isLocal: true) { index in
            let (rows, panels, streamDistance) = parts[index]
            guard !panels.isEmpty else { return }
            var part = unsafe product
            unsafe part.row_count = rows.count
            unsafe part.x += rows.lowerBound * product.x_stride
            unsafe part.y += rows.lowerBound * product.y_stride
            if let groups = unsafe product.groups {
                unsafe part.groups = groups + rows.lowerBound * product.group_stride
            }
            unsafe part.panel_begin = panels.lowerBound
            unsafe part.panel_end = panels.upperBound
            if streamDistance > 0 {
                unsafe part.stream_count = parts.streamCount
                unsafe part.stream_distance = streamDistance
            }
            unsafe bored_multiply(code, &part)
        }
    }

    /// Multiply-adds that a crew does without looking whether it was told to stop, more only where
    /// even a single row takes more: a matter of few milliseconds.
    static let workLimit = 1 << 27

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
        width: Int, into y: inout FloatBuffer, crew: some Crew = SerialCrew()
    ) {
        precondition(weight.count == width)
        let rows = RowLayout(stride: width)
        rows.check(rowCount: rowCount, width: width, within: x.count)
        rows.check(rowCount: rowCount, width: width, within: y.count)
        // Parts write apart, into memory that outlives them: so everywhere below.
        nonisolated(unsafe) let (from, to) = unsafe (x.base, y.base)
        crew.share(rowCount: rowCount, rowWork: width) { rows in
            for row in rows {
                unsafe bored_rms_norm(
                    code, from + row * width, weight.base, epsilon, width, to + row * width)
            }
        }
    }

    /// The same of each head of `headCount * width` numbers, in place (the norms of queries and
    /// keys in Qwen 3 and Gemma 3); a bias makes it a LayerNorm (Phi).
    public func norm(
        heads x: inout FloatBuffer, layout: RowLayout, rowCount: Int, headCount: Int,
        weight: FloatVector, bias: FloatVector?, epsilon: Float, crew: some Crew = SerialCrew()
    ) {
        let width = weight.count
        precondition(bias.map { $0.count == width } ?? true)
        layout.check(rowCount: rowCount, width: headCount * width, within: x.count)
        nonisolated(unsafe) let base = unsafe x.base + layout.offset
        crew.share(rowCount: rowCount, rowWork: headCount * width) { rows in
            for row in rows {
                for head in 0..<headCount {
                    let start = unsafe base + row * layout.stride + head * width
                    // Checked above; the kernels read all of a head before they write.
                    if let bias {
                        unsafe bored_layer_norm(
                            code, start, weight.base, bias.base, epsilon, width, start)
                    } else {
                        unsafe bored_rms_norm(code, start, weight.base, epsilon, width, start)
                    }
                }
            }
        }
    }

    /// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row (LayerNorm, Ba et
    /// al. 2016).
    public func layerNorm(
        _ x: borrowing FloatBuffer, weight: FloatVector, bias: FloatVector, epsilon: Float,
        rowCount: Int, into y: inout FloatBuffer, crew: some Crew = SerialCrew()
    ) {
        let width = weight.count
        precondition(bias.count == width)
        let rows = RowLayout(stride: width)
        rows.check(rowCount: rowCount, width: width, within: x.count)
        rows.check(rowCount: rowCount, width: width, within: y.count)
        nonisolated(unsafe) let (from, to) = unsafe (x.base, y.base)
        crew.share(rowCount: rowCount, rowWork: width) { rows in
            for row in rows {
                unsafe bored_layer_norm(
                    code, from + row * width, weight.base, bias.base, epsilon, width,
                    to + row * width)
            }
        }
    }

    /// y += x, the first `count` numbers of each.
    public func add(
        _ x: borrowing FloatBuffer, count: Int, into y: inout FloatBuffer,
        crew: some Crew = SerialCrew()
    ) {
        precondition(count >= 0 && count <= min(x.count, y.count))
        nonisolated(unsafe) let (from, to) = unsafe (x.base, y.base)
        crew.share(rowCount: count, rowWork: 1) { numbers in
            let first = numbers.lowerBound
            unsafe bored_add(from + first, numbers.count, to + first)
        }
    }

    /// y = exp(x), element by element.
    public func exponential(_ x: borrowing FloatBuffer, into y: inout FloatBuffer) {
        precondition(x.count == y.count)
        unsafe bored_exponential(code, x.base, x.count, y.base)
    }

    /// Every row's first numbers += bias.
    public func add(
        bias: FloatVector, to x: inout FloatBuffer, layout: RowLayout, rowCount: Int,
        crew: some Crew = SerialCrew()
    ) {
        layout.check(rowCount: rowCount, width: bias.count, within: x.count)
        nonisolated(unsafe) let base = unsafe x.base + layout.offset
        crew.share(rowCount: rowCount, rowWork: bias.count) { rows in
            for row in rows {
                unsafe bored_add(bias.base, bias.count, base + row * layout.stride)
            }
        }
    }

    /// x *= factor, the first `count` numbers.
    public func scale(_ x: inout FloatBuffer, by factor: Float, count: Int) {
        precondition(count >= 0 && count <= x.count)
        unsafe bored_scale(factor, count, x.base)
    }

    /// x = cap * tanh(x / cap), the first `count` numbers (Gemma 2).
    public func softCap(_ x: inout FloatBuffer, cap: Float, count: Int) {
        precondition(count >= 0 && count <= x.count && cap > 0)
        unsafe bored_soft_cap(code, x.base, cap, count, x.base)
    }

    /// Reads `range` of the weights once and returns a value that depends on every byte of it:
    /// timed by the caller, it tells the memory's read speed.
    public func readProbe(_ bytes: WeightBytes, range: Range<Int>) -> UInt64 {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.byteCount)
        precondition(range.lowerBound % 64 == 0 && range.count % 64 == 0)
        return unsafe bored_read_probe(code, bytes.base + range.lowerBound, range.count)
    }

    /// Multiplies and adds out of registers: how often. Timed by the caller, it tells the most that
    /// a product with such weights can reach.
    public func multiplyProbe(isQuantized: Bool, roundCount: Int) -> Int {
        var result: CInt = 1
        return unsafe bored_multiply_probe(code, isQuantized ? 1 : 0, roundCount, &result)
    }
}
