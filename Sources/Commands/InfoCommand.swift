import Primitives
import Runtime
import Transformers

/// `bored model info`: what a model is and what it takes.
enum InfoCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let source = try ModelSource.open(settings.operands[0], settings)
        let outline = try source.outline()
        let shape = outline.shape
        let layerByteCounts = outline.layouts.dropFirst().map(\.byteCount)
        let cacheByteCount = KeyValueState.byteCount(
            shape: shape, layers: shape.layers, positionCount: 1_024)
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("name", source.name)
            line.add("architecture", shape.architecture.name)
            line.add("parameters", outline.parameterCount)
            line.add("quantisation", outline.quantisation)
            line.add("layers", shape.layerCount)
            line.add("hiddenSize", shape.hiddenSize)
            line.add("heads", shape.headCount)
            line.add("keyValueHeads", shape.keyValueHeadCount)
            line.add("headSize", shape.headSize)
            line.add("feedForwardSize", shape.feedForwardSize)
            line.add("vocabulary", shape.vocabularySize)
            line.add("context", shape.contextLength)
            line.add("window", shape.numbers.window)
            line.add("experts", shape.numbers.expertCount)
            line.add("usedExperts", shape.numbers.usedExpertCount)
            line.add("denseLayers", shape.numbers.denseLayers.count { $0 })
            line.add("denseFeedForwardSize", shape.numbers.denseFeedForwardSize)
            line.add("endsBytes", outline.layouts[0].byteCount)
            line.add("layerBytes", layerByteCounts)
            line.add("cacheBytesPer1kPositions", cacheByteCount)
            line.add("license", outline.license)
            Console.line(line.text)
            return 0
        }
        let smallest = layerByteCounts.min() ?? 0
        let largest = layerByteCounts.max() ?? 0
        let layer =
            smallest == largest
            ? size(UInt64(largest)) : "\(size(UInt64(smallest))) to \(size(UInt64(largest)))"
        let rows = [
            ["name", source.name],
            ["architecture", shape.architecture.name],
            ["parameters", "\(outline.parameterCount)"],
            ["quantisation", outline.quantisation],
            [
                "shape",
                "\(shape.layerCount) layers, \(shape.hiddenSize) wide, \(shape.headCount) heads "
                    + "of \(shape.headSize) on \(shape.keyValueHeadCount) of keys and values, "
                    + feedForward(shape) + ", vocabulary \(shape.vocabularySize)",
            ],
            ["context", context(shape)],
            ["memory of the ends", size(UInt64(outline.layouts[0].byteCount))],
            ["memory of a layer", layer],
            ["memory of 1024 positions", size(UInt64(cacheByteCount))],
            ["licence", outline.license.isEmpty ? "-" : outline.license],
        ]
        for line in columns(rows) { Console.line(line) }
        return 0
    }
}

/// `4096 positions, of which 3 of 6 layers see the last 1024`
private func context(_ shape: ModelShape) -> String {
    let count = shape.numbers.windowedLayers.count { $0 }
    guard count > 0 else { return "\(shape.contextLength) positions" }
    return "\(shape.contextLength) positions, of which \(count) of \(shape.layerCount) layers see "
        + "the last \(shape.numbers.window)"
}

private func feedForward(_ shape: ModelShape) -> String {
    let numbers = shape.numbers
    let size = "feed-forward \(shape.feedForwardSize)"
    guard shape.hasExperts else { return size }
    let experts = "\(numbers.usedExpertCount) of \(numbers.expertCount) experts, \(size) each"
    let count = numbers.denseLayers.count { $0 }
    guard count > 0 else { return experts }
    let layers = count == 1 ? "1 layer" : "\(count) layers"
    return "\(experts) (\(layers): one of \(numbers.denseFeedForwardSize))"
}

extension ModelSource {
    /// Throws where the model is not one that can be run.
    fileprivate func outline() throws -> ModelOutline {
        switch self {
        case .stored(let model, let store): try ModelOutline(model, store: store)
        case .checkpoint(let checkpoint, _): try ModelOutline(checkpoint)
        }
    }
}
