import CKernels

/// Numbers in two terms: one rounded, and the rest, rounded as well (Protocol.md, exact-1, "Two
/// terms"). What was made for rounded numbers takes both, one behind the other.
extension Kernels {
    /// Rows of x become two rows each: their sum, rounded, is the result.
    func multiplyTwoTerms(
        _ product: inout bored_product, panelCount: Int, scratch: inout ProductScratch,
        crew: some Crew
    ) {
        let (rowCount, inputCount) = unsafe (product.row_count, product.input_count)
        let outputCount = unsafe product.output_count
        let given = unsafe product
        let stride = unsafe product.group_stride
        // The pointers outlive `run`, which returns after every part; parts write apart.
        nonisolated(unsafe) let groups = unsafe scratch.groups(
            rowCount: rowCount, inputCount: inputCount)
        unsafe product.groups = UnsafePointer(groups)
        let sums = unsafe scratch.sums(rowCount: rowCount, outputCount: outputCount)
        nonisolated(unsafe) let rests = unsafe scratch.rests()
        guard let start = unsafe given.x else { preconditionFailure("a product has rows") }
        nonisolated(unsafe) let x = unsafe start
        let xStride = unsafe given.x_stride
        let perPart = 16
        let partCount = (rowCount + perPart - 1) / perPart
        crew.run(partCount: partCount, work: rowCount * inputCount, isLocal: true) { index in
            for row in index * perPart..<min(rowCount, (index + 1) * perPart) {
                let (source, rest) = unsafe (x + row * xStride, rests + row * inputCount)
                let (first, second) = unsafe (
                    groups + row * stride, groups + (rowCount + row) * stride
                )
                unsafe bored_quantize(code, source, inputCount, first)
                unsafe bored_quantize_rest(source, first, inputCount, rest)
                unsafe bored_quantize(code, rest, inputCount, second)
            }
        }
        unsafe product.row_count = 2 * rowCount
        unsafe product.y = sums
        unsafe product.y_stride = outputCount
        unsafe multiply(product, panelCount: panelCount, crew: crew)
        for row in 0..<rowCount {
            unsafe bored_sum(
                sums + row * outputCount, sums + (rowCount + row) * outputCount, outputCount,
                given.y + row * given.y_stride)
        }
    }

    /// Writes heads as a cache of heads twice as wide takes them: of queries each number twice, of
    /// keys and values the Float16 nearest to it and the rest. All in one buffer.
    ///
    /// - Parameters:
    ///   - layout: where rows of `queryHeadCount` heads and then `cachedHeadCount` of keys and of
    ///     values begin.
    ///   - pairs: where rows of as many heads of `2 * headSize` begin.
    public func writePairs(
        _ x: inout FloatBuffer, layout: RowLayout, pairs: RowLayout, rowCount: Int,
        queryHeadCount: Int, cachedHeadCount: Int, headSize: Int
    ) {
        let headCount = queryHeadCount + 2 * cachedHeadCount
        layout.check(rowCount: rowCount, width: headCount * headSize, within: x.count)
        pairs.check(rowCount: rowCount, width: 2 * headCount * headSize, within: x.count)
        for row in 0..<rowCount {
            for head in 0..<headCount {
                let source = unsafe x.base + layout.offset + row * layout.stride + head * headSize
                let target =
                    unsafe x.base + pairs.offset + row * pairs.stride
                    + 2 * head * headSize
                // Checked above.
                if head < queryHeadCount {
                    unsafe target.update(from: source, count: headSize)
                    unsafe (target + headSize).update(from: source, count: headSize)
                } else {
                    unsafe bored_split_half(code, source, headSize, target, target + headSize)
                }
            }
        }
    }

    /// Adds the halves of each head of `pairs`. All in one buffer.
    public func addPairs(
        _ x: inout FloatBuffer, pairs: RowLayout, into layout: RowLayout, rowCount: Int,
        headCount: Int, headSize: Int
    ) {
        pairs.check(rowCount: rowCount, width: 2 * headCount * headSize, within: x.count)
        layout.check(rowCount: rowCount, width: headCount * headSize, within: x.count)
        for row in 0..<rowCount {
            for head in 0..<headCount {
                let source =
                    unsafe x.base + pairs.offset + row * pairs.stride
                    + 2 * head * headSize
                // Checked above.
                unsafe bored_sum(
                    source, source + headSize, headSize,
                    x.base + layout.offset + row * layout.stride + head * headSize)
            }
        }
    }
}
