public import Tensors

/// What one layer knows: views over one piece. Rows of a matrix are outputs.
public struct LayerWeights: Sendable {
    /// hiddenSize
    let attentionNorm: FloatVector
    /// hiddenSize
    let feedForwardNorm: FloatVector
    let attentionInput: AttentionInput
    /// (hiddenSize, querySize)
    let output: PanelMatrix
    let feedForwardInput: FeedForwardInput
    /// (hiddenSize, feedForwardSize)
    let down: PanelMatrix

    /// Query (querySize, hiddenSize), key and value (keyValueSize, hiddenSize). They are one
    /// product where their rows fill whole panels; the bits are the same either way.
    enum AttentionInput {
        case joined(PanelMatrix)
        case apart(query: PanelMatrix, key: PanelMatrix, value: PanelMatrix)
    }

    /// Gate and up, each (feedForwardSize, hiddenSize).
    enum FeedForwardInput {
        case joined(PanelMatrix)
        case apart(gate: PanelMatrix, up: PanelMatrix)
    }

    /// Looks at a layer's piece. Throws unless it has the size and the header that `shape` gives.
    public init(_ bytes: WeightBytes, shape: ModelShape) throws(ModelError) {
        let view = try PieceView(bytes, layout: .layer(shape))
        attentionNorm = view.vector(.attentionNorm)
        feedForwardNorm = view.vector(.feedForwardNorm)
        output = view.matrix(.output)
        down = view.matrix(.down)
        let width = PieceLayout.panelRowCount
        attentionInput =
            shape.querySize % width == 0 && shape.keyValueSize % width == 0
            ? .joined(view.matrix([.query, .key, .value]))
            : .apart(
                query: view.matrix(.query), key: view.matrix(.key), value: view.matrix(.value))
        feedForwardInput =
            shape.feedForwardSize % width == 0
            ? .joined(view.matrix([.gate, .up]))
            : .apart(gate: view.matrix(.gate), up: view.matrix(.up))
    }
}
