public import Checkpoints
public import Primitives
public import Tokenizers

/// Why something is not a usable model. The message of a shell names the model beside it.
public enum ModelError: Error, Hashable, Sendable {
    /// A shape has a value or a combination of values that no model may have.
    case invalidShape(String)
    /// An encoded shape is cut short, too long or not canonical.
    case malformedShape(WireError)
    /// The model, or what is wanted of it, is not supported: why, in words.
    case unsupported(String)
    /// The checkpoint cannot be read or converted: the error says where and why.
    case checkpoint(CheckpointError)
    /// A piece has another size than the shape says.
    case wrongPieceSize(expected: Int, actual: Int)
    /// A piece does not begin with the header that the shape prescribes.
    case wrongPieceHeader
    /// The tokenizer inside a model's ends cannot be read.
    case tokenizer(TokenizerError)
}

/// What a model is: every number that fixes its forward pass, and nothing that it learnt.
///
/// A shape that exists is valid: counts are positive and inside `Limits`, and every size that
/// follows from them fits an `Int`.
public struct ModelShape: Hashable, Sendable {
    public let architecture: Architecture
    public let options: BlockOptions
    public let layerCount: Int
    /// Width of the residual stream.
    public let hiddenSize: Int
    public let feedForwardSize: Int
    public let headCount: Int
    /// Key and value heads; divides `headCount`.
    public let keyValueHeadCount: Int
    /// Numbers of one head; even. May differ from `hiddenSize / headCount`.
    public let headSize: Int
    public let vocabularySize: Int
    /// Positions that the model was trained for; a request never goes beyond.
    public let contextLength: Int
    public let normEpsilon: Float
    /// Base of the rotary frequencies: pair i turns by base^(-2i / headSize) each position.
    public let rotaryBase: Float
    /// What the frequency of each pair is divided by: `headSize / 2` numbers, or none.
    public let rotaryDivisors: [Float]
    /// What is not as in the plain model.
    public let numbers: BlockNumbers

    public init(
        architecture: Architecture, options: BlockOptions, layerCount: Int, hiddenSize: Int,
        feedForwardSize: Int, headCount: Int, keyValueHeadCount: Int, headSize: Int,
        vocabularySize: Int, contextLength: Int, normEpsilon: Float, rotaryBase: Float,
        rotaryDivisors: [Float] = [], numbers: BlockNumbers = BlockNumbers()
    ) throws(ModelError) {
        self.architecture = architecture
        self.options = options
        self.layerCount = layerCount
        self.hiddenSize = hiddenSize
        self.feedForwardSize = feedForwardSize
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headSize = headSize
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        self.normEpsilon = normEpsilon
        self.rotaryBase = rotaryBase
        self.rotaryDivisors = rotaryDivisors
        self.numbers = numbers
        try validate()
    }

    /// Numbers of a query row: all heads side by side.
    public var querySize: Int { headCount * headSize }
    /// Numbers of a key row, and of a value row.
    public var keyValueSize: Int { keyValueHeadCount * headSize }
    /// In how many terms a rounded number is kept.
    public var termCount: Int { options.contains(.twoTerms) ? 2 : 1 }
    /// Leading numbers of each head that are turned.
    public var rotatedSize: Int { numbers.rotatedSize == 0 ? headSize : numbers.rotatedSize }
    public var hasExperts: Bool { numbers.expertCount > 0 }
    /// Experts of a layer's feed-forward; 0 where it is one network.
    public func expertCount(ofLayer layer: Int) -> Int {
        isDense(layer) ? 0 : numbers.expertCount
    }
    /// Inner numbers of a layer's feed-forward, or of each of its experts.
    public func feedForwardSize(ofLayer layer: Int) -> Int {
        isDense(layer) ? numbers.denseFeedForwardSize : feedForwardSize
    }
    /// Whether a layer has one network where others have experts.
    private func isDense(_ layer: Int) -> Bool {
        options.contains(.denseLayers) && numbers.denseLayers[layer]
    }
    public var isTied: Bool { options.contains(.tiedHead) }
    public var layers: LayerRange { LayerRange(0, layerCount) }
}

extension ModelShape {
    static let divisorRange: ClosedRange<Float> = 1e-3...1e6

    private func validate() throws(ModelError) {
        try require(BlockOptions.known.isSuperset(of: options), "block options")
        try require(layerCount, in: 1...Limits.layerCount, "layer count")
        try require(hiddenSize, in: 1...Limits.hiddenSize, "hidden size")
        try require(feedForwardSize, in: 1...Limits.layerWidth, "feed-forward size")
        try require(headCount, in: 1...Limits.headCount, "head count")
        try require(keyValueHeadCount, in: 1...headCount, "key and value head count")
        try require(headSize, in: 2...Limits.headSize, "head size")
        try require(vocabularySize, in: 1...Limits.vocabularyCount, "vocabulary size")
        try require(contextLength, in: 1...Limits.contextLength, "context length")
        try require(headCount % keyValueHeadCount == 0, "heads not divisible by key heads")
        try require(headSize % 2 == 0, "odd head size")
        // At most 4,096 x 1,024, so the product cannot overflow.
        try require(querySize, in: 1...Limits.layerWidth, "width of all heads")
        try require(normEpsilon.isFinite && normEpsilon > 0 && normEpsilon < 1, "norm epsilon")
        try require(rotaryBase.isFinite && rotaryBase >= 1, "rotary base")
        try require(
            rotaryDivisors.isEmpty || rotaryDivisors.count == rotatedSize / 2, "divisor count")
        for divisor in rotaryDivisors {
            try require(ModelShape.divisorRange.contains(divisor), "rotary divisor")
        }
        try numbers.validate(self)
        // The largest piece is 2^10 experts of 3 x 2^18 x 2^16 x 2 bytes, below 2^47: no overflow.
        var pieces = [0, 1]
        if let dense = numbers.denseLayers.firstIndex(of: true),
            let other = numbers.denseLayers.firstIndex(of: false)
        {
            pieces = [0, 1 + dense, 1 + other]
        }
        for piece in pieces {
            let byteCount = PieceLayout.piece(piece, of: self).byteCount
            try require(byteCount <= Limits.pieceByteCount, "piece larger than the limit")
        }
    }

    private func require(_ condition: Bool, _ what: String) throws(ModelError) {
        guard condition else { throw .invalidShape(what) }
    }

    private func require(_ value: Int, in allowed: ClosedRange<Int>, _ what: String)
        throws(ModelError)
    {
        guard allowed.contains(value) else {
            throw .invalidShape(
                "\(what) \(value), not \(allowed.lowerBound) to \(allowed.upperBound)")
        }
    }
}
