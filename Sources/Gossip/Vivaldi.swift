public import Primitives
public import Wire

extension Coordinate {
    /// The unit of axes and height.
    public static let microsecondsPerUnit = 10

    /// Whether any measurement went into it.
    public var isKnown: Bool { error < 255 }

    /// What the coordinates predict for the round trip; says nothing unless both are known.
    public func predictedRoundTrip(to other: Coordinate) -> Interval {
        var squares: Int64 = 0
        for axis in 0..<Self.axisCount {
            let difference = Int64(axes[axis]) - Int64(other.axes[axis])
            squares += difference * difference
        }
        let distance = Int(Double(squares).squareRoot()) + Int(height) + Int(other.height)
        return .microseconds(distance * Self.microsecondsPerUnit)
    }
}

/// This node's own coordinate, moved by each measured round trip (Dabek 2004; constants of serf:
/// docs/protocol/gossip.md, "Coordinates"). Estimates only: floats are at home here.
struct Vivaldi: Sendable {
    private var axes: [Double] = Array(repeating: 0, count: Coordinate.axisCount)
    private var height = Vivaldi.heightMinimum
    private var error = Vivaldi.errorMaximum
    private var sampleCount = 0
    private var random: SeededRandom

    private static let gain = 0.25
    private static let errorMaximum = 1.5
    /// In units, here and below: 100 microseconds of height, 150 ms of gravity's radius.
    private static let heightMinimum = 1.0
    private static let gravityRadius = 15_000.0
    /// One sample moves a settled node by at most 50 ms.
    private static let stepMaximum = 5_000.0
    /// A peer that claims certainty gets no more weight than this.
    private static let remoteErrorMinimum = 0.1

    init(random: SeededRandom) { self.random = random }

    /// What peers are told.
    var coordinate: Coordinate {
        guard sampleCount > 0 else { return .unknown }
        let quantised = axes.map { Int16(max(-32_767, min(32_767, $0.rounded()))) }
        return Coordinate(
            axes: quantised, height: UInt16(max(0, min(65_535, height.rounded()))),
            error: UInt8(min(254, (error / Self.errorMaximum * 254).rounded())))
    }

    /// One measurement to a peer at `remote`. Round trips of 0 or above 10 s teach nothing.
    mutating func update(roundTrip: Interval, remote: Coordinate) {
        guard roundTrip > .zero, roundTrip < .seconds(10) else { return }
        let measured = max(
            1, Double(roundTrip.nanoseconds) / 1_000 / Double(Coordinate.microsecondsPerUnit))
        let remoteError = max(
            Self.remoteErrorMinimum, Double(remote.error) / 254 * Self.errorMaximum)
        let (distance, direction) = away(from: remote)
        let weight = error / (error + remoteError)
        let sampleError = abs(distance - measured) / measured
        error = min(
            Self.errorMaximum,
            max(0.01, error * (1 - Self.gain * weight) + sampleError * Self.gain * weight))
        let step = Self.gain * weight * (measured - distance)
        let clamped = max(-Self.stepMaximum, min(Self.stepMaximum, step))
        for axis in axes.indices { axes[axis] += direction[axis] * clamped }
        height = max(
            Self.heightMinimum,
            height + clamped * (height + Double(remote.height)) / max(distance, 1))
        height = min(height, 65_535)
        pullToOrigin()
        sampleCount += 1
    }

    /// The predicted distance, and the unit vector from there to here; any direction where both
    /// stand in one place.
    private mutating func away(from remote: Coordinate) -> (Double, [Double]) {
        var difference = axes.indices.map { axes[$0] - Double(remote.axes[$0]) }
        let length = norm(difference)
        let distance = length + height + Double(remote.height)
        if length < 0.5 {
            difference = axes.map { _ in Double(random.below(2_001) - 1_000) + 0.5 }
        }
        let scale = norm(difference)
        return (distance, difference.map { $0 / scale })
    }

    /// Keeps the whole cloud from drifting away.
    private mutating func pullToOrigin() {
        let length = norm(axes)
        guard length > 0 else { return }
        let ratio = length / Self.gravityRadius
        let pull = min(length, ratio * ratio)
        for axis in axes.indices { axes[axis] -= axes[axis] / length * pull }
    }

    private func norm(_ vector: [Double]) -> Double {
        vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
}
