public import Primitives

/// What a stage does with the steps that wait.
extension Cohorts {
    /// What to do with the short steps of a group that wait, where nothing else does.
    public mutating func plan(_ group: StepGroup, _ place: Place, at now: Instant) -> Plan {
        let waiting = members.values.filter { $0.group == group && $0.cameAt != nil }
        guard let first = waiting.compactMap(\.cameAt).min() else { return .run(limit: .max) }
        let pause = pause(group, rowCount: waiting.reduce(0) { $0 + $1.rowCount })
        let away = members.values.filter { $0.group == group && isExpected($0, pause, at: now) }
        let wanted = place.isFirst ? shape(waiting + away, group, place) : nil
        let size = wanted?.size ?? 0...Int.max
        let end = max(first, freeSince) + pause
        if waiting.count < size.upperBound, now < end,
            away.contains(where: { isAtHand($0, waiting, place, at: now + pause) })
        {
            return .wait(until: end)
        }
        let isLarge = waiting.count >= size.lowerBound
        if let wanted, !isLarge, let due = moment(of: size.lowerBound - waiting.count, among: away)
        {
            let latest = now + min(wanted.round, Limits.holdTime)
            if let end = hold.end(
                due + pause, latest: latest, stageCount: place.stageCount, at: now)
            {
                return .wait(until: end)
            }
        }
        hold.begin(isLarge: isLarge)
        return .run(limit: size.upperBound)
    }

    /// How long the rest of a cohort is waited for.
    func pause(_ group: StepGroup, rowCount: Int) -> Interval {
        let time = times[group]?.time(rowCount: rowCount) ?? .zero
        return min(
            max(time / Limits.cohortPauseDivisor, Limits.cohortPauseLowest),
            Limits.cohortPauseHighest)
    }

    /// Whether it is on its way here. Once it is late by as long as it was away before, nobody
    /// counts on it.
    private func isExpected(_ member: Member, _ pause: Interval, at now: Instant) -> Bool {
        guard let due = member.dueAt, let away = member.away else { return false }
        return now <= due + away + pause
    }

    /// Whether it may come at any moment: it left the first stage with one that is here again, or
    /// its time has come there; or it came to a later one with it.
    private func isAtHand(
        _ member: Member, _ waiting: [Member], _ place: Place, at soon: Instant
    ) -> Bool {
        guard place.isFirst else {
            return waiting.contains { $0.leftAt != nil && $0.earlierArrival == member.arrival }
        }
        if let due = member.dueAt, due <= soon { return true }
        return waiting.contains { $0.leftAt != nil && $0.departure == member.departure }
    }

    /// When so many of those that are away should be here.
    private func moment(of count: Int, among away: [Member]) -> Instant? {
        let moments = away.compactMap(\.dueAt).sorted()
        return moments.count >= count ? moments[count - 1] : nil
    }

    private struct Shape {
        /// Requests of one cohort.
        var size: ClosedRange<Int>
        /// How long the quickest takes to come round.
        var round: Interval
    }

    /// The fewest cohorts that bring as many tokens as any number would.
    ///
    /// A request comes round when all cohorts went through a stage, and not before it went through
    /// all stages and over the network.
    private func shape(_ members: [Member], _ group: StepGroup, _ place: Place) -> Shape {
        let rowCount = members.reduce(0) { $0 + $1.rowCount }
        let ways = members.map { ($0.away ?? .zero) - $0.batchTime * (place.stageCount - 1) }
        let rounds = (1...members.count).map { count -> [Interval] in
            let time = times[group]?.time(rowCount: (rowCount + count - 1) / count) ?? .zero
            return ways.map { max(time * count, time * place.stageCount + $0) }
        }
        // Tokens in a thousand seconds.
        let speeds = rounds.map { $0.reduce(0) { $0 + 1_000_000_000_000 / max(1, $1.nanoseconds) } }
        let most = speeds.max() ?? 0
        let index = speeds.firstIndex { $0 >= most - most / UInt64(Limits.freeRowDivisor) } ?? 0
        let count = index + 1
        return Shape(
            size: members.count / count...(members.count + count - 1) / count,
            round: rounds[index].min() ?? .zero)
    }
}
