import Primitives
import Tensors

/// The rotary tables of a model: one for most, more where layers with a window turn by another base
/// or requests beyond the original context by other divisors.
struct Rotations: Sendable {
    private let plain: RotaryTable
    private let local: RotaryTable?
    private let long: RotaryTable?
    private let windowedLayers: [Bool]

    init(_ shape: ModelShape, positionCount: Int) {
        let numbers = shape.numbers
        func table(_ frequencies: [Double], scale: Float) -> RotaryTable {
            RotaryTable(
                frequencies: frequencies, positions: positionCount,
                style: shape.options.contains(.rotatedHalves) ? .halfSplit : .neighbouringPairs,
                scale: Double(scale))
        }
        plain = table(Self.frequencies(shape, shape.rotaryDivisors), scale: numbers.rotaryScale)
        long =
            numbers.longRotaryDivisors.isEmpty
            ? nil
            : table(
                Self.frequencies(shape, numbers.longRotaryDivisors), scale: numbers.rotaryScale)
        local =
            numbers.localRotaryBase == 0
            ? nil
            : table(
                RotaryTable.frequencies(
                    headSize: shape.rotatedSize, base: Double(numbers.localRotaryBase)),
                scale: 1)
        windowedLayers = numbers.windowedLayers
    }

    /// Radians per position of each pair: base^(-2i / rotatedSize), divided by the pair's divisor.
    private static func frequencies(_ shape: ModelShape, _ divisors: [Float]) -> [Double] {
        let plain = RotaryTable.frequencies(
            headSize: shape.rotatedSize, base: Double(shape.rotaryBase))
        guard !divisors.isEmpty else { return plain }
        return plain.indices.map { plain[$0] / Double(divisors[$0]) }
    }

    /// The table for a layer of the model and a request that may reach so many positions.
    func table(layer: Int, isLong: Bool) -> RotaryTable {
        if let local, windowedLayers[layer] { return local }
        if let long, isLong { return long }
        return plain
    }
}

/// What positions see of each other in each layer.
struct AttentionRules: Sendable {
    private let plain: AttentionRule
    private let windowed: AttentionRule
    private let windowedLayers: [Bool]

    init(_ shape: ModelShape) {
        let numbers = shape.numbers
        // Rounded once from Float64.
        let usual = Float(1 / Double(shape.headSize).squareRoot())
        plain = AttentionRule(
            scale: numbers.attentionScale == 0 ? usual : numbers.attentionScale,
            cap: numbers.attentionSoftCap == 0 ? nil : numbers.attentionSoftCap,
            seesAll: shape.options.contains(.encoder))
        var windowed = plain
        if numbers.window > 0 { windowed.window = numbers.window }
        self.windowed = windowed
        windowedLayers = numbers.windowedLayers
    }

    func rule(layer: Int) -> AttentionRule {
        !windowedLayers.isEmpty && windowedLayers[layer] ? windowed : plain
    }
}
