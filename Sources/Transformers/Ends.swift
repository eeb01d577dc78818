public import Tensors

/// The ends of a model: ids in, logits out. They stay at the entry.
public struct Ends: Sendable {
    public let shape: ModelShape
    /// The tokenizer, as the Tokenizers room encodes it.
    public let tokenizerBytes: [UInt8]
    /// hiddenSize
    private let finalNorm: FloatVector
    /// (vocabularySize, hiddenSize)
    private let embedding: PanelMatrix
    /// (vocabularySize, hiddenSize); the embedding where they are tied.
    private let head: PanelMatrix

    /// Looks at the ends' piece. Throws unless it has the size and the header that `shape` gives.
    public init(_ bytes: WeightBytes, shape: ModelShape) throws(ModelError) {
        guard bytes.byteCount >= PieceLayout.headerByteCount else {
            throw .wrongPieceSize(
                expected: PieceLayout.ends(shape).byteCount, actual: bytes.byteCount)
        }
        let header = bytes.bytes(in: 0..<PieceLayout.headerByteCount)
        let view = try PieceView(bytes, layout: try PieceLayout.ends(shape, header: header))
        self.shape = shape
        finalNorm = view.vector(.finalNorm)
        embedding = view.matrix(.embedding)
        head = shape.isTied ? embedding : view.matrix(.head)
        let tokenizer = view.section(.tokenizer)
        tokenizerBytes = bytes.bytes(
            in: tokenizer.offset..<tokenizer.offset + tokenizer.byteCount)
    }

    /// Rows of the residual stream for `ids`, each below the vocabulary's size.
    public func embed(_ ids: ArraySlice<Int>, into hidden: inout FloatBuffer, kernels: Kernels) {
        for (row, id) in ids.enumerated() {
            kernels.copyRow(id, of: embedding, into: &hidden, at: row * shape.hiddenSize)
        }
    }

    /// The logits of rows after the last layer, (rows, hiddenSize): final norm, then head.
    public func computeLogits(
        of rows: Span<Float>, scratch: inout EndsScratch, kernels: Kernels, crew: some Crew
    ) {
        let rowCount = rows.count / shape.hiddenSize
        precondition(rows.count % shape.hiddenSize == 0 && rowCount <= scratch.rowCountMaximum)
        scratch.rows.withMutableSpan { copy in
            for index in rows.indices { copy[index] = rows[index] }
        }
        kernels.rootMeanSquareNorm(
            scratch.rows, weight: finalNorm, epsilon: shape.normEpsilon, rowCount: rowCount,
            width: shape.hiddenSize, into: &scratch.normed)
        kernels.multiply(
            head, by: scratch.normed, rowCount: rowCount, into: &scratch.logits,
            scratch: &scratch.product, crew: crew)
    }
}

/// Buffers of the ends, allocated once.
public struct EndsScratch: ~Copyable {
    public let rowCountMaximum: Int
    var rows: FloatBuffer
    var normed: FloatBuffer
    var product: ProductScratch
    /// (rows, vocabularySize), written by `Ends.computeLogits`.
    public internal(set) var logits: FloatBuffer

    /// - Parameter rowCountMaximum: rows whose logits are wanted at once.
    public init(shape: ModelShape, rowCountMaximum: Int = 1) {
        self.rowCountMaximum = rowCountMaximum
        rows = FloatBuffer(count: rowCountMaximum * shape.hiddenSize)
        normed = FloatBuffer(count: rowCountMaximum * shape.hiddenSize)
        product = ProductScratch(rowCount: rowCountMaximum, inputCount: shape.hiddenSize)
        logits = FloatBuffer(count: rowCountMaximum * shape.vocabularySize)
    }
}

extension Generation {
    /// Rows came back from the last layer; `lastRows` are those that yield: each id chosen is told,
    /// as in `accept(_:logits:microseconds:tell:)`.
    ///
    /// - Parameter microseconds: how long the step took until now.
    public mutating func accept(
        _ rows: Rows, lastRows: Span<Float>, microseconds: UInt64, ends: Ends,
        scratch: inout EndsScratch, kernels: Kernels, crew: some Crew, tell: (Int) -> Bool
    ) {
        ends.computeLogits(of: lastRows, scratch: &scratch, kernels: kernels, crew: crew)
        let count = rows.yieldingRowCount * ends.shape.vocabularySize
        scratch.logits.withSpan { logits in
            accept(
                rows, logits: logits.extracting(0..<count), microseconds: microseconds,
                tell: tell)
        }
    }
}
