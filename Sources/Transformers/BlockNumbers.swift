import Primitives

/// The numbers by which a model differs from the plain one; the standard value of each is the plain
/// model's.
public struct BlockNumbers: Hashable, Sendable {
    /// Leading numbers of each head that are turned; 0 for all.
    public var rotatedSize = 0
    /// The base of rotation in layers with a window, which have no divisors then; 0 where it is the
    /// same as elsewhere.
    public var localRotaryBase: Float = 0
    /// What cosines and sines are multiplied by.
    public var rotaryScale: Float = 1
    /// Divisors for requests of more than `originalContextLength` positions, as many as
    /// `rotaryDivisors`; none where they are the same.
    public var longRotaryDivisors: [Float] = []
    public var originalContextLength = 0
    /// What scores are multiplied by; 0 for 1 / sqrt(headSize).
    public var attentionScale: Float = 0
    /// Scores s become c tanh(s / c); 0 where they don't.
    public var attentionSoftCap: Float = 0
    /// Logits l become c tanh(l / c); 0 where they don't.
    public var finalSoftCap: Float = 0
    /// What the embedding is multiplied by.
    public var embeddingScale: Float = 1
    /// Positions that a layer with a window sees, its own among them; 0 where none has one.
    public var window = 0
    /// Which layers have the window: one value for each layer, or none where no layer has.
    public var windowedLayers: [Bool] = []
    /// Experts of each feed-forward layer, each of `feedForwardSize`; 0 where there are none.
    public var expertCount = 0
    /// Experts that a row uses.
    public var usedExpertCount = 0
    /// Which layers have one network instead of experts: with `BlockOptions.denseLayers` one value
    /// for each layer, of which some are true and some false; otherwise none.
    public var denseLayers: [Bool] = []
    /// Inner numbers of these layers' networks; 0 where there are no such layers.
    public var denseFeedForwardSize = 0

    public init() {}

    static let plain = BlockNumbers()
}

extension BlockNumbers {
    /// Throws where a value, or the values together with the shape's, are none that a model has.
    func validate(_ shape: ModelShape) throws(ModelError) {
        func require(_ condition: Bool, _ what: String) throws(ModelError) {
            guard condition else { throw .invalidShape(what) }
        }
        // A zero with a sign would be a second encoding of the same shape.
        for number in [localRotaryBase, attentionScale, attentionSoftCap, finalSoftCap] {
            try require(number.sign == .plus, "sign")
        }
        try require(
            rotatedSize % 2 == 0 && (0...shape.headSize).contains(rotatedSize), "rotated size")
        try require(
            localRotaryBase == 0 || (localRotaryBase.isFinite && localRotaryBase >= 1),
            "local rotary base")
        try require((0.01...100).contains(rotaryScale), "rotary scale")
        try require(
            longRotaryDivisors.isEmpty || longRotaryDivisors.count == shape.rotaryDivisors.count,
            "long divisor count")
        for divisor in longRotaryDivisors {
            try require(ModelShape.divisorRange.contains(divisor), "long rotary divisor")
        }
        try require(
            longRotaryDivisors.isEmpty
                ? originalContextLength == 0
                : (1...Limits.contextLength).contains(originalContextLength),
            "original context length")
        try require((0...1e3).contains(attentionScale), "attention scale")
        try require((0...1e6).contains(attentionSoftCap), "attention soft cap")
        try require((0...1e6).contains(finalSoftCap), "final soft cap")
        try require((1e-3...1e6).contains(embeddingScale), "embedding scale")
        try require((0...Limits.contextLength).contains(window), "window")
        try require(
            windowedLayers.count == (window == 0 ? 0 : shape.layerCount), "windowed layers")
        try require((0...Limits.expertCount).contains(expertCount), "expert count")
        try require(
            expertCount == 0
                ? usedExpertCount == 0 : (1...expertCount).contains(usedExpertCount),
            "used expert count")
        let options = shape.options
        if options.contains(.denseLayers) {
            try require(
                expertCount > 0 && denseLayers.count == shape.layerCount
                    && denseLayers.contains(true) && denseLayers.contains(false), "dense layers")
            try require(
                (1...Limits.layerWidth).contains(denseFeedForwardSize), "dense feed-forward size")
        } else {
            try require(denseLayers.isEmpty && denseFeedForwardSize == 0, "dense layers")
        }
        try require(expertCount == 0 || !options.contains(.ungated), "experts without gates")
        try require(
            expertCount == 0 || !options.contains(.feedForwardBias), "experts with biases")
        try require(!options.isSuperset(of: [.gelu, .geluTanh]), "two activations")
        try require(
            options.contains(.encoder) || !options.contains(.firstRow), "a vector of no encoder")
        try require(!options.isSuperset(of: [.parallel, .postNorms]), "parallel post norms")
        try require(
            !options.contains(.encoder)
                || (options.contains(.layerNorm)
                    && options.isDisjoint(with: [.parallel, .postNorms, .tiedHead, .headBias])),
            "options of an encoder")
    }
}
