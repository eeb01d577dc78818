public import Tensors

/// The ends of a model: ids in, logits out. They stay at the entry.
public struct Ends: Sendable {
    public let shape: ModelShape
    /// The tokenizer, as the Tokenizers room encodes it.
    public let tokenizerBytes: [UInt8]
    /// hiddenSize
    private let finalNorm: NormWeights
    /// vocabularySize
    private let headBias: FloatVector?
    /// (vocabularySize, hiddenSize)
    private let embedding: PanelMatrix
    /// (vocabularySize, hiddenSize); the embedding where they are tied.
    private let head: PanelMatrix

    /// Looks at the ends' piece. Throws unless it has the size and the header that `shape` gives.
    public init(_ bytes: WeightBytes, shape: ModelShape) throws(ModelError) {
        guard !shape.options.contains(.encoder) else {
            throw .unsupported("it is an encoder and writes no text: see bored embed")
        }
        let view = try PieceView(bytes, index: 0, shape: shape)
        self.shape = shape
        finalNorm = NormWeights(
            weight: view.vector(.finalNorm), bias: view.optionalVector(.finalNormBias))
        headBias = view.optionalVector(.headBias)
        embedding = view.matrix(.embedding)
        head = shape.isTied ? embedding : view.matrix(.head)
        let tokenizer = view.section(.tokenizer)
        tokenizerBytes = bytes.bytes(
            in: tokenizer.offset..<tokenizer.offset + tokenizer.byteCount)
    }

    var headByteCount: Int {
        PanelMatrix.byteCount(
            outputCount: head.outputCount, inputCount: head.inputCount, format: head.format)
    }

    /// Rows of the residual stream for `ids`, each below the vocabulary's size.
    public func embed(_ ids: ArraySlice<Int>, into hidden: inout FloatBuffer, kernels: Kernels) {
        for (row, id) in ids.enumerated() {
            kernels.copyRow(id, of: embedding, into: &hidden, at: row * shape.hiddenSize)
        }
        if shape.numbers.embeddingScale != 1 {
            kernels.scale(
                &hidden, by: shape.numbers.embeddingScale, count: ids.count * shape.hiddenSize)
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
        kernels.norm(
            scratch.rows, finalNorm, epsilon: shape.normEpsilon, rowCount: rowCount,
            width: shape.hiddenSize, into: &scratch.normed, crew: crew)
        kernels.multiply(
            head, by: scratch.normed, rowCount: rowCount, into: &scratch.logits,
            scratch: &scratch.product, crew: crew)
        if let headBias {
            kernels.add(
                bias: headBias, to: &scratch.logits, layout: RowLayout(stride: headBias.count),
                rowCount: rowCount)
        }
        if shape.numbers.finalSoftCap > 0 {
            kernels.softCap(
                &scratch.logits, cap: shape.numbers.finalSoftCap,
                count: rowCount * head.outputCount)
        }
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
        product = ProductScratch(
            rowCount: rowCountMaximum, inputCount: shape.hiddenSize,
            twoTermOutputCount: shape.termCount == 1 ? nil : shape.vocabularySize)
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
