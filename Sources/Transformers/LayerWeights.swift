public import Tensors

/// What one layer knows: views over one piece. Rows of a matrix are outputs.
public struct LayerWeights: Sendable {
    /// hiddenSize; behind the sum in an encoder.
    let attentionNorm: NormWeights
    /// hiddenSize; none where attention and feed-forward read the same row.
    let feedForwardNorm: NormWeights?
    /// hiddenSize, of what is added.
    let postAttentionNorm: NormWeights?
    let postFeedForwardNorm: NormWeights?
    /// headSize
    let queryNorm: NormWeights?
    let keyNorm: NormWeights?
    /// Query (querySize, hiddenSize), key and value (keyValueSize, hiddenSize): one product or
    /// three; the bits are the same either way.
    let attentionInput: [PanelMatrix]
    /// querySize + 2 keyValueSize numbers, or none.
    let attentionBiases: [FloatVector]
    /// (hiddenSize, querySize)
    let output: PanelMatrix
    let outputBias: FloatVector?
    /// (expertCount, hiddenSize)
    let router: PanelMatrix?
    /// One for each expert; a single one where there are none.
    let feedForwards: [FeedForwardWeights]

    /// Looks at the piece of layer `layer`. Throws unless it has the size and a header that `shape`
    /// gives.
    public init(_ bytes: WeightBytes, layer: Int, shape: ModelShape) throws(ModelError) {
        guard (0..<shape.layerCount).contains(layer) else {
            throw .invalidShape("\(shape.layerCount) layers, of which \(layer) is none")
        }
        let view = try PieceView(bytes, index: 1 + layer, shape: shape)
        attentionNorm = NormWeights(
            weight: view.vector(.attentionNorm), bias: view.optionalVector(.attentionNormBias))
        feedForwardNorm = view.optionalVector(.feedForwardNorm).map {
            NormWeights(weight: $0, bias: view.optionalVector(.feedForwardNormBias))
        }
        postAttentionNorm = view.optionalVector(.postAttentionNorm).map {
            NormWeights(weight: $0, bias: nil)
        }
        postFeedForwardNorm = view.optionalVector(.postFeedForwardNorm).map {
            NormWeights(weight: $0, bias: nil)
        }
        queryNorm = view.optionalVector(.queryNorm).map {
            NormWeights(weight: $0, bias: view.optionalVector(.queryNormBias))
        }
        keyNorm = view.optionalVector(.keyNorm).map {
            NormWeights(weight: $0, bias: view.optionalVector(.keyNormBias))
        }
        attentionInput = view.products([.query, .key, .value])
        attentionBiases = [.queryBias, .keyBias, .valueBias].compactMap { view.optionalVector($0) }
        output = view.matrix(.output)
        outputBias = view.optionalVector(.outputBias)
        let expertCount = shape.expertCount(ofLayer: layer)
        router = expertCount > 0 ? view.matrix(.router) : nil
        feedForwards = (0..<max(1, expertCount)).map {
            FeedForwardWeights(view, expert: $0, isGated: !shape.options.contains(.ungated))
        }
    }
}

/// A norm of rows: with a bias it is a LayerNorm.
struct NormWeights: Sendable {
    let weight: FloatVector
    let bias: FloatVector?
}

/// One feed-forward network: of a layer, or of one of its experts.
struct FeedForwardWeights: Sendable {
    /// Gate and up, each (width, hiddenSize): one product or two; up alone without gate.
    let input: [PanelMatrix]
    let inputBiases: [FloatVector]
    /// (hiddenSize, width)
    let down: PanelMatrix
    let downBias: FloatVector?

    /// Numbers between its matrices.
    var width: Int { down.inputCount }

    init(_ view: PieceView, expert: Int, isGated: Bool) {
        input = view.products(isGated ? [.gate, .up] : [.up], expert: expert)
        inputBiases = [.gateBias, .upBias].compactMap { view.optionalVector($0) }
        down = view.matrix(.down, expert: expert)
        downBias = view.optionalVector(.downBias)
    }
}
