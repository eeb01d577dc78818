import CKernels

/// Operations on whole rows that are the same loop at every level.
extension Kernels {
    /// Softmax of the numbers in `range`, in place: exp(x - highest) / sum16 of all.
    public func softmax(_ x: inout FloatBuffer, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= x.count)
        guard !range.isEmpty else { return }
        var highest = x[range.lowerBound]
        for index in range where x[index] > highest { highest = x[index] }
        for index in range { x[index] = x[index] - highest }
        unsafe bored_exponential(
            code, x.base + range.lowerBound, range.count, x.base + range.lowerBound)
        var lanes = InlineArray<16, Float>(repeating: 0)
        for (place, index) in range.enumerated() {
            lanes[place % 16] = lanes[place % 16] + x[index]
        }
        for distance in [8, 4, 2, 1] {
            for lane in 0..<distance { lanes[lane] = lanes[lane] + lanes[lane + distance] }
        }
        for index in range { x[index] = x[index] / lanes[0] }
    }
}

extension FloatBuffer {
    /// Takes the first `count` numbers of another buffer.
    public mutating func copy(_ other: borrowing FloatBuffer, count: Int) {
        precondition(count >= 0 && count <= min(self.count, other.count))
        unsafe base.update(from: other.base, count: count)
    }

    /// Sets the first `count` numbers to 0.
    public mutating func clear(count: Int) {
        precondition(count >= 0 && count <= self.count)
        unsafe base.update(repeating: 0, count: count)
    }

    /// Takes row `row` of another buffer as row `place`; both of `width` numbers.
    public mutating func copyRow(
        _ row: Int, of other: borrowing FloatBuffer, to place: Int, width: Int
    ) {
        precondition(row >= 0 && width >= 0 && (row + 1) * width <= other.count)
        precondition(place >= 0 && (place + 1) * width <= count)
        unsafe (base + place * width).update(from: other.base + row * width, count: width)
    }

    /// Rows `rows` become those from `place` on; the two may overlap.
    public mutating func moveRows(_ rows: Range<Int>, to place: Int, width: Int) {
        precondition(rows.lowerBound >= 0 && width >= 0 && rows.upperBound * width <= count)
        precondition(place >= 0 && (place + rows.count) * width <= count)
        unsafe (base + place * width).update(
            from: base + rows.lowerBound * width, count: rows.count * width)
    }

    /// y[i] = y[i] + factor * x[i], not fused, for row `place` of y and row `row` of x.
    public mutating func add(
        row: Int, of other: borrowing FloatBuffer, times factor: Float, to place: Int, width: Int
    ) {
        precondition(row >= 0 && width >= 0 && (row + 1) * width <= other.count)
        precondition(place >= 0 && (place + 1) * width <= count)
        let (x, y) = unsafe (other.base + row * width, base + place * width)
        for index in 0..<width { unsafe y[index] = y[index] + factor * x[index] }
    }
}
