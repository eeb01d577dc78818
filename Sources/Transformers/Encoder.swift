public import Tensors

/// An encoder: a text's ids in, one vector out (Reimers and Gurevych 2019: the mean of all
/// positions' rows, or the first one's, of length 1).
public struct Encoder: Sendable {
    public let shape: ModelShape
    private let forward: Forward
    private let layers: [LayerWeights]
    /// hiddenSize
    private let embeddingNorm: NormWeights
    private let segment: FloatVector
    /// (vocabularySize, hiddenSize) and (contextLength, hiddenSize)
    private let embedding: PanelMatrix
    private let position: PanelMatrix

    /// From pieces: the ends, then each layer. Throws where the shape is no encoder's, and where
    /// one of them is not of this shape.
    public init(shape: ModelShape, pieces: [WeightBytes], kernels: Kernels) throws(ModelError) {
        guard shape.options.contains(.encoder) else {
            throw .unsupported(
                "it writes text (\(shape.architecture)), and vectors are an encoder's, such as "
                    + "MiniLM")
        }
        guard pieces.count == shape.layerCount + 1 else {
            throw .invalidShape("\(shape.layerCount) layers in \(pieces.count) pieces")
        }
        let view = try PieceView(pieces[0], index: 0, shape: shape)
        embeddingNorm = NormWeights(
            weight: view.vector(.embeddingNorm), bias: view.optionalVector(.embeddingNormBias))
        segment = view.vector(.segment)
        embedding = view.matrix(.embedding)
        position = view.matrix(.position)
        var layers: [LayerWeights] = []
        for (layer, piece) in pieces.dropFirst().enumerated() {
            layers.append(try LayerWeights(piece, layer: layer, shape: shape))
        }
        self.layers = layers
        self.shape = shape
        forward = Forward(shape: shape, kernels: kernels)
    }

    /// From a checkpoint, through the same pieces as any other way.
    public init(_ builder: PieceBuilder, kernels: Kernels) throws(ModelError) {
        var pieces: [WeightBytes] = []
        for index in 0..<builder.pieceCount {
            pieces.append(WeightBytes(copying: try builder.build(index)))
        }
        try self.init(shape: builder.shape, pieces: pieces, kernels: kernels)
    }

    /// The vector of a text: hiddenSize numbers. Traps unless there is at least one id, each of the
    /// vocabulary, and no more than the context.
    public func embed(_ ids: [Int], crew: some Crew = SerialCrew()) -> [Float] {
        precondition(!ids.isEmpty && ids.count <= shape.contextLength)
        let width = shape.hiddenSize
        var hidden = embeddedRows(ids)
        var scratch = ForwardScratch(shape: shape, rowCountMaximum: ids.count)
        let state = KeyValueState(shape: shape, layers: shape.layers, capacity: ids.count)
        forward.run(
            layers, hidden: &hidden, startPosition: 0, rowCount: ids.count, state: state,
            scratch: &scratch, crew: crew)
        var mean = [Float](repeating: 0, count: width)
        let rowCount = shape.options.contains(.firstRow) ? 1 : ids.count
        for row in 0..<rowCount {
            for index in 0..<width { mean[index] = mean[index] + hidden[row * width + index] }
        }
        for index in 0..<width { mean[index] = mean[index] / Float(rowCount) }
        let squares = mean.reduce(0.0) { $0 + Double($1) * Double($1) }
        let length = Float(squares.squareRoot())
        return length > 0 ? mean.map { $0 / length } : mean
    }

    /// token + segment + position, normed.
    private func embeddedRows(_ ids: [Int]) -> FloatBuffer {
        let (width, kernels) = (shape.hiddenSize, forward.kernels)
        let layout = RowLayout(stride: width)
        var sum = FloatBuffer(count: ids.count * width)
        for (row, id) in ids.enumerated() {
            kernels.copyRow(id, of: embedding, into: &sum, at: row * width)
        }
        kernels.add(bias: segment, to: &sum, layout: layout, rowCount: ids.count)
        var positions = FloatBuffer(count: ids.count * width)
        for row in ids.indices {
            kernels.copyRow(row, of: position, into: &positions, at: row * width)
        }
        kernels.add(positions, count: ids.count * width, into: &sum)
        kernels.norm(
            sum, embeddingNorm, epsilon: shape.normEpsilon, rowCount: ids.count, width: width,
            into: &positions, crew: SerialCrew())
        return positions
    }
}
