public import Primitives

/// A day of commuters: half of all nodes drive away within one hour of the morning, and again
/// within one of the evening, and park somewhere else each time. Requests run all day.
public struct CommuteSettings: Sendable {
    public var world: WorldSettings
    /// How long one hour of the day lasts: everything but the cars' timetable keeps its own time,
    /// so a short hour is a harder day.
    public var hour: Interval
    /// Of all nodes, those that commute, in hundredths.
    public var commuterPercent: Int
    /// Of all departures, those without a word, in hundredths.
    public var suddenPercent: Int
    /// Mean time between prompts anywhere.
    public var promptInterval: Interval
    public var lossPerMillion: Int

    public init(nodeCount: Int, seed: UInt64) {
        world = WorldSettings(nodeCount: nodeCount, seed: seed)
        world.isCalm = true
        // The commute asks its own prompts.
        world.promptInterval = .hours(1_000_000)
        hour = .minutes(1)
        commuterPercent = 50
        suddenPercent = 20
        promptInterval = .milliseconds(1_000)
        lossPerMillion = 20_000
    }

    /// Hours of the day in which commuters leave, and how long they are on their way.
    static let waves = [7, 17]
    static let hoursOfDay = 24
    /// How long it takes the day to begin: every node is started within half an hour.
    static let startHours = 1
}

/// What a day came to.
public struct CommuteReport: Hashable, Sendable {
    /// The first thing that must never happen and did, or nil.
    public var fault: String?
    public var digest: UInt64
    public var nodeCount: Int
    public var virtualSeconds: Double
    public var departures: Int
    public var suddenDepartures: Int
    public var promptsAsked: Int
    public var promptsFinished: Int
    /// Prompts whose own entry drove away.
    public var promptsGoneWithEntry: Int
    /// Failed, and some of their layers had no holder while they waited.
    public var promptsUncovered: Int
    /// Failed though every layer was held: must not happen.
    public var promptsFailedCovered: Int
    /// Not ended long after the day: must not happen.
    public var promptsHung: Int
    /// Stages and KV caches left over after the day: must not happen.
    public var stagesLeaked: Int
    /// Time in which some layer had no holder anywhere, after the start.
    public var uncoveredSeconds: Double
    /// Choices of layers, first ones included, of all nodes.
    public var placementMoves: Int
    /// Bytes of messages that a node sends in an hour of 3,600 s, by what they are for.
    public var gossipBytesPerNodeHour: Int
    public var dhtBytesPerNodeHour: Int
    public var pieceBytesPerNodeHour: Int
    public var requestBytesPerNodeHour: Int
    /// Packets and all.
    public var bytesPerNodeHour: Int

    /// 0 good, 3 not: what `bored simulate --commute` exits with.
    public var exitCode: Int32 { fault == nil ? 0 : 3 }

    /// Failed prompts of all that were asked and whose entry stayed, in millionths.
    public var failedPerMillion: Int {
        let judged = promptsAsked - promptsGoneWithEntry
        return judged == 0
            ? 0 : (promptsUncovered + promptsFailedCovered + promptsHung) * 1_000_000 / judged
    }
}
