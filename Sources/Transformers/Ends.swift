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
            throw .unsupported("text from an encoder, which has no head: see bored embed")
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

    /// The logits of one row after the last layer: final norm, then head.
    public func computeLogits(
        of row: Span<Float>, scratch: inout EndsScratch, kernels: Kernels, crew: some Crew
    ) {
        precondition(row.count == shape.hiddenSize)
        scratch.row.withMutableSpan { copy in
            for index in row.indices { copy[index] = row[index] }
        }
        kernels.norm(
            scratch.row, finalNorm, epsilon: shape.normEpsilon, rowCount: 1,
            width: shape.hiddenSize, into: &scratch.normed)
        kernels.multiply(
            head, by: scratch.normed, rowCount: 1, into: &scratch.logits,
            scratch: &scratch.product, crew: crew)
        if let headBias {
            kernels.add(
                bias: headBias, to: &scratch.logits, layout: RowLayout(stride: headBias.count),
                rowCount: 1)
        }
        if shape.numbers.finalSoftCap > 0 {
            kernels.softCap(
                &scratch.logits, cap: shape.numbers.finalSoftCap, count: head.outputCount)
        }
    }
}

/// Buffers of the ends, allocated once.
public struct EndsScratch: ~Copyable {
    var row: FloatBuffer
    var normed: FloatBuffer
    var product: ProductScratch
    /// vocabularySize numbers, written by `Ends.computeLogits`.
    public internal(set) var logits: FloatBuffer

    public init(shape: ModelShape) {
        row = FloatBuffer(count: shape.hiddenSize)
        normed = FloatBuffer(count: shape.hiddenSize)
        product = ProductScratch(rowCount: 1, inputCount: shape.hiddenSize)
        logits = FloatBuffer(count: shape.vocabularySize)
    }
}

extension Generation {
    /// Rows came back from the last layer, `lastRow` of them yields a token: the id chosen, or nil
    /// where the answer ended instead.
    public mutating func accept(
        _ rows: Rows, lastRow: Span<Float>, ends: Ends, scratch: inout EndsScratch,
        kernels: Kernels, crew: some Crew
    ) -> Int? {
        ends.computeLogits(of: lastRow, scratch: &scratch, kernels: kernels, crew: crew)
        return scratch.logits.withSpan { accept(rows, logits: $0) }
    }
}
