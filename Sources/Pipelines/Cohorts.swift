public import Primitives

/// Layers that steps have in common when they can run together.
public struct StepGroup: Hashable, Comparable, Sendable {
    public var model: Digest
    public var layers: LayerRange

    public init(model: Digest, layers: LayerRange) {
        self.model = model
        self.layers = layers
    }

    public static func < (left: StepGroup, right: StepGroup) -> Bool {
        left.model != right.model ? left.model < right.model : left.layers < right.layers
    }
}

/// Which requests decode at a stage, and which of them go through the chain side by side.
///
/// Where memory sets the pace, a step of several requests takes no longer than a step of one: the
/// weights are read once for all. Requests that come one after the other gain nothing of that. So
/// the first stage of a chain waits, once in a while, for those that are due, and lets them leave
/// together: a cohort. They come back together, and every stage waits a moment for the rest of a
/// cohort, so that it stays one.
///
/// As many cohorts as the chain has stages keep all stages at work; where more rows take no longer,
/// fewer cohorts bring as many tokens and read less.
public struct Cohorts: Sendable {
    /// Where a stage stands in the chain of its requests.
    public struct Place: Hashable, Sendable {
        public var isFirst: Bool
        /// Stages of a chain of such stages.
        public var stageCount: Int

        /// The place of a stage that runs `layers` of so many.
        public init(layers: LayerRange, of layerCount: Int) {
            isFirst = layers.lower == 0
            stageCount = (layerCount + layers.count - 1) / max(1, layers.count)
        }
    }

    /// What a stage does with the short steps that wait.
    public enum Plan: Hashable, Sendable {
        case wait(until: Instant)
        /// Runs so many of them at most, in the order in which they came.
        case run(limit: Int)
    }

    struct Member: Sendable {
        var group: StepGroup
        var rowCount: Int
        /// When its step came that waits here now.
        var cameAt: Instant?
        /// When its last step was done, and how long it was away after the one before.
        var leftAt: Instant?
        var away: Interval?
        /// What the batch took in which it left.
        var batchTime = Interval.zero
        /// The batch in which it left.
        var departure: UInt64 = 0
        /// Steps that came at once have a number in common: of its last step and the one before.
        var arrival: UInt64 = 0
        var earlierArrival: UInt64 = 0

        /// When its next step should come.
        var dueAt: Instant? {
            guard cameAt == nil, let leftAt, let away else { return nil }
            return leftAt + away
        }
    }

    var members = OrderedTable<RequestID, Member>()
    var times = OrderedTable<StepGroup, BatchTimes>()
    private var departureCount: UInt64 = 0
    private var arrivalCount: UInt64 = 0
    private var lastArrivalAt = Instant.origin
    var freeSince = Instant.origin
    var hold = CohortHold()

    public init() {}

    // MARK: what happens

    /// A step waits from now on. One of more than `Limits.shortStepRowCount` rows is no decoding.
    public mutating func came(
        _ id: RequestID, rowCount: Int, group: StepGroup, at now: Instant
    ) {
        guard rowCount <= Limits.shortStepRowCount else { return members[id] = nil }
        var member = members[id] ?? Member(group: group, rowCount: rowCount)
        if let leftAt = member.leftAt { member.away = now.since(leftAt) }
        if now.since(lastArrivalAt) > pause(group, rowCount: rowCount) { arrivalCount += 1 }
        lastArrivalAt = now
        member.earlierArrival = member.arrival
        member.arrival = arrivalCount
        member.rowCount = rowCount
        member.cameAt = now
        members[id] = member
    }

    /// A batch ran for so long that ended the steps of these requests.
    public mutating func ran(_ ids: [RequestID], in time: Interval, at now: Instant) {
        freeSince = now
        departureCount += 1
        for id in ids {
            members.update(id) { member in
                member.cameAt = nil
                member.leftAt = now
                member.departure = departureCount
                member.batchTime = time
            }
        }
    }

    /// A batch of nothing but short steps took so long.
    public mutating func took(_ time: Interval, rowCount: Int, of group: StepGroup) {
        var known = times[group] ?? BatchTimes()
        known.add(rowCount: rowCount, time)
        if times[group] == nil, times.count >= Limits.cohortGroupCount { times = OrderedTable() }
        times[group] = known
    }

    /// A request has ended here.
    public mutating func remove(_ id: RequestID) {
        members[id] = nil
        // What was learned of the last of them says nothing of the next.
        if members.isEmpty { hold = CohortHold() }
    }

    /// All that waited was given up.
    public mutating func removeAll() {
        members = OrderedTable()
        hold = CohortHold()
    }
}
