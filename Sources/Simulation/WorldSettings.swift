public import Primitives

/// What a world is made of. With the seed, everything that happens in it follows.
public struct WorldSettings: Sendable {
    public var nodeCount: Int
    public var seed: UInt64
    /// Faults last this long; then the world is healed and must converge.
    public var roughFor: Interval
    /// How long a healed world may take to converge.
    public var healWithin: Interval
    public var lossPerMillion: Int
    public var layerCount: Int
    /// Layers one node takes at most.
    public var layersPerNode: Int
    /// Mean time between prompts anywhere.
    public var promptInterval: Interval
    /// Steps of one prompt behind those of its text, at most.
    public var promptStepCount: Int
    /// Mean time between losses of nodes that serve a request at that moment: half of them are
    /// killed, the others paused; nil for none.
    public var stageLossInterval: Interval?
    /// No faults at all but lost stages.
    public var isCalm: Bool
    /// How many neighbours a node keeps; nil for the default.
    public var activeViewCount: Int?
    public var neighbourhoodCount: Int?
    /// libsodium's curves instead of the simulated suite: slow beyond a hundred nodes.
    public var usesRealCurves: Bool

    public init(nodeCount: Int, seed: UInt64) {
        self.nodeCount = nodeCount
        self.seed = seed
        roughFor = .minutes(1)
        healWithin = .seconds(90)
        lossPerMillion = 50_000
        layerCount = 8
        layersPerNode = 3
        promptInterval = .milliseconds(500)
        promptStepCount = 20
        stageLossInterval = nil
        isCalm = false
        activeViewCount = nil
        neighbourhoodCount = nil
        usesRealCurves = false
    }
}

/// How a world ended.
public enum WorldVerdict: Hashable, Sendable {
    case converged
    /// Something that must never happen did.
    case wrong(String)
    /// The healed world did not get there in time.
    case stuck(String)

    /// 0 good, 2 not live, 3 wrong: what `bored simulate` exits with.
    public var exitCode: Int32 {
        switch self {
        case .converged: 0
        case .stuck: 2
        case .wrong: 3
        }
    }
}

/// What a world saw, for people and for comparing runs.
public struct WorldReport: Hashable, Sendable {
    public var verdict: WorldVerdict
    /// Changes with every event: two runs of one seed have the same.
    public var digest: UInt64
    public var eventCount: UInt64
    public var datagramCount: UInt64
    public var datagramByteCount: UInt64
    public var promptsFinished: Int
    public var promptsFailed: Int
    /// Of these, prompts that failed for want of layers although somebody had held every layer for
    /// ten seconds and more.
    public var promptsFailedCovered: Int
    /// The longest time between two steps of a prompt that was answered.
    public var longestStallSeconds: Double
    public var stagesLostCount: Int
    /// Steps that a stage had kept, so that their names were enough.
    public var keptStepCount: Int
    public var crashCount: Int
    public var partitionCount: Int
    /// Virtual time from the heal to convergence.
    public var healSeconds: Double
    public var virtualSeconds: Double
    /// Bytes a node sends each second, on average.
    public var bytesPerNodeSecond: Int
}
