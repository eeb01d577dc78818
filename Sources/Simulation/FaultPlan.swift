public import Primitives

/// What goes wrong in a world, drawn from its seed (after TigerBeetle's ranges, within what was
/// asked for).
public struct FaultPlan: Sendable, Equatable {
    /// Chance that a datagram is lost, doubled, or bent, in a million.
    public var lossPerMillion: Int
    public var duplicationPerMillion: Int
    public var corruptionPerMillion: Int
    /// The slowest way across the world, one way.
    public var latencyMaximum: Interval
    /// Added to each datagram by chance: datagrams overtake each other.
    public var jitterMaximum: Interval
    /// Mean time between crashes anywhere in the world; nil for none.
    public var crashInterval: Interval?
    /// How long a crashed node stays away at most; it comes back at another address.
    public var downtimeMaximum: Interval
    /// Mean time between partitions; nil for none.
    public var partitionInterval: Interval?
    public var partitionDurationMaximum: Interval

    /// Nothing goes wrong but distance.
    public static let calm = FaultPlan(
        lossPerMillion: 0, duplicationPerMillion: 0, corruptionPerMillion: 0,
        latencyMaximum: .milliseconds(40), jitterMaximum: .milliseconds(2), crashInterval: nil,
        downtimeMaximum: .zero, partitionInterval: nil, partitionDurationMaximum: .zero)

    /// Rough weather, different with each seed but for the loss.
    public static func drawn(
        from random: inout SeededRandom, nodeCount: Int, lossPerMillion: Int
    ) -> FaultPlan {
        let crashes = Interval.seconds(2 + random.below(20)) * 100 / max(100, nodeCount)
        return FaultPlan(
            lossPerMillion: lossPerMillion,
            duplicationPerMillion: random.below(20_000),
            corruptionPerMillion: random.below(2_000),
            latencyMaximum: .milliseconds(20 + random.below(80)),
            jitterMaximum: .milliseconds(1 + random.below(20)),
            crashInterval: crashes, downtimeMaximum: .seconds(5 + random.below(20)),
            partitionInterval: random.below(2) == 0 ? nil : .seconds(30 + random.below(60)),
            partitionDurationMaximum: .seconds(5 + random.below(20)))
    }

    /// The same ways without their faults: what a world is healed to.
    public var healed: FaultPlan {
        var plan = self
        plan.lossPerMillion = 0
        plan.duplicationPerMillion = 0
        plan.corruptionPerMillion = 0
        plan.crashInterval = nil
        plan.partitionInterval = nil
        return plan
    }
}
