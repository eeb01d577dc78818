import CKernels

/// Which numbers of a head a rotary embedding turns together (Su et al. 2021).
public enum RotaryStyle: Sendable {
    /// (0, 1), (2, 3) ...: the order of GGUF llama files.
    case neighbouringPairs
    /// (0, n/2), (1, n/2 + 1) ...: the order of Hugging Face files.
    case halfSplit
}

/// Cosines and sines of position times frequency, computed in double and rounded to Float32.
public struct RotaryTable: Sendable {
    public let style: RotaryStyle
    public let pairCount: Int
    public let positionCount: Int
    /// (position, pair, [cosine, sine])
    let entries: [Float]

    /// Frequencies `base^(-2i / headSize)`, positions `0..<positions`.
    public init(headSize: Int, base: Double, positions: Int, style: RotaryStyle) {
        self.init(
            frequencies: Self.frequencies(headSize: headSize, base: base), positions: positions,
            style: style)
    }

    /// One frequency in radians per position for each pair, and what cosines and sines are
    /// multiplied by: for scaled embeddings.
    public init(
        frequencies: [Double], positions: Int, style: RotaryStyle, scale: Double = 1
    ) {
        precondition(!frequencies.isEmpty && positions >= 0)
        self.style = style
        pairCount = frequencies.count
        positionCount = positions
        var entries: [Float] = []
        entries.reserveCapacity(2 * frequencies.count * positions)
        for position in 0..<positions {
            for frequency in frequencies {
                var sine = 0.0
                var cosine = 0.0
                unsafe bored_sine_cosine(Double(position) * frequency, &sine, &cosine)
                entries.append(Float(cosine * scale))
                entries.append(Float(sine * scale))
            }
        }
        self.entries = entries
    }

    /// `base^(-2i / headSize)` for i in `0..<headSize / 2`.
    public static func frequencies(headSize: Int, base: Double) -> [Double] {
        precondition(headSize > 0 && headSize % 2 == 0 && base >= 1)
        return (0..<headSize / 2).map { pair in
            bored_power(base, -Double(2 * pair) / Double(headSize))
        }
    }
}

extension Kernels {
    /// Turns `headCount` neighbouring heads of each row in place; row r is at position
    /// `firstPosition + r`. Numbers of a head beyond twice the table's pairs stay as they are.
    public func rotate(
        _ x: inout FloatBuffer, layout: RowLayout, rowCount: Int, headCount: Int, headSize: Int,
        firstPosition: Int, table: RotaryTable, crew: some Crew = SerialCrew()
    ) {
        layout.check(rowCount: rowCount, width: headCount * headSize, within: x.count)
        precondition(firstPosition >= 0 && firstPosition + rowCount <= table.positionCount)
        precondition(2 * table.pairCount <= headSize)
        let (pairCount, style) = (table.pairCount, table.style)
        unsafe table.entries.withUnsafeBufferPointer { entries in
            guard let first = entries.baseAddress else { return }
            // Inside the table and the buffer: both checked above. Parts turn other rows.
            nonisolated(unsafe) let base = unsafe x.base + layout.offset
            nonisolated(unsafe) let angles = unsafe first + 2 * pairCount * firstPosition
            crew.share(rowCount: rowCount, rowWork: headCount * headSize) { rows in
                for row in rows {
                    let own = unsafe angles + 2 * pairCount * row
                    for head in 0..<headCount {
                        let start = unsafe base + row * layout.stride + head * headSize
                        switch style {
                        case .neighbouringPairs:
                            unsafe bored_rotate_neighbours(start, own, pairCount)
                        case .halfSplit: unsafe bored_rotate_halves(start, own, pairCount)
                        }
                    }
                }
            }
        }
    }
}
