/// Layers `lower ..< upper` of a model, counted from 0.
public struct LayerRange: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var lower: Int
    public var upper: Int

    public init(_ lower: Int, _ upper: Int) {
        precondition(0 <= lower && lower <= upper)
        self.lower = lower
        self.upper = upper
    }

    public var count: Int { upper - lower }
    public var isEmpty: Bool { lower == upper }
    public var range: Range<Int> { lower..<upper }

    public func contains(_ layer: Int) -> Bool { lower <= layer && layer < upper }
    public func contains(_ other: LayerRange) -> Bool {
        lower <= other.lower && other.upper <= upper
    }
    public func overlaps(_ other: LayerRange) -> Bool { lower < other.upper && other.lower < upper }

    public static func < (left: LayerRange, right: LayerRange) -> Bool {
        (left.lower, left.upper) < (right.lower, right.upper)
    }

    public var description: String { "\(lower)..<\(upper)" }
}
