public import Checkpoints

extension ModelShape {
    /// The shape of a checkpoint's model. Throws where its architecture or a variant of it is not
    /// supported.
    public init(_ parameters: ModelParameters) throws(ModelError) {
        guard let architecture = Architecture(name: parameters.architecture) else {
            throw .unsupported("architecture \(parameters.architecture)")
        }
        guard parameters.ropeDimension == parameters.headSize else {
            throw .unsupported("rotation of \(parameters.ropeDimension) numbers of a head")
        }
        guard parameters.ropeStyle == .neighbouringPairs else {
            throw .unsupported("rotation of halves")
        }
        try self.init(
            architecture: architecture, options: parameters.tiedEmbeddings ? [.tiedHead] : [],
            layerCount: parameters.layerCount, hiddenSize: parameters.hiddenSize,
            feedForwardSize: parameters.feedForwardSize, headCount: parameters.headCount,
            keyValueHeadCount: parameters.keyValueHeadCount, headSize: parameters.headSize,
            vocabularySize: parameters.vocabularyCount, contextLength: parameters.contextLength,
            normEpsilon: parameters.rmsEpsilon, rotaryBase: Float(parameters.ropeBase),
            rotaryDivisors: parameters.ropeFrequencyDivisors ?? [])
    }
}
