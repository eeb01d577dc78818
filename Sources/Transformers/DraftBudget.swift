/// How much may be drafted ahead: what it has saved so far decides.
///
/// A step of n rows takes longer than one of a single row, by how much depends on the machine and
/// on the way; a row that holds saves a step. Drafts may lose a small part of the whole time and
/// no more, so that no text is noticeably slower for them.
struct DraftBudget: Sendable {
    /// The part of the whole time that drafts may lose.
    private static let loss = 0.03
    /// Steps without a draft that are timed first.
    private static let plainCount = 2
    /// Single steps' time that savings are remembered up to: later texts may repeat less.
    private static let savingsCount = 8.0
    /// Ids of the first draft, before anything is known of its cost.
    private static let firstCount = 4
    /// What a row is taken to cost at least, in steps: a measured nothing is chance.
    private static let leastCost = 1.0 / 64
    /// What is left of earlier drafts' weight at each one.
    private static let memory = 0.85

    private var plainCount = 0
    /// The time of a step without a draft, in microseconds, averaged.
    private var plainTime = 0.0
    private var wholeTime = 0.0
    private var savedTime = 0.0
    /// What each drafted row adds to a step's time, averaged; nil before the first draft.
    private var rowTime: Double?
    /// Ids that held, and drafts that did not hold to their end, of late.
    private var heldWeight = 1.0
    private var missWeight = 1.0

    /// Ids to draft now, at most.
    func draftCount(maximum: Int) -> Int {
        guard plainCount >= Self.plainCount, savedTime >= -Self.loss * wholeTime else { return 0 }
        guard let rowTime else { return min(Self.firstCount, maximum) }
        // One more row pays as long as it is likely enough that all before it hold.
        let cost = max(rowTime / max(1, plainTime), Self.leastCost)
        let chance = heldWeight / (heldWeight + missWeight)
        var (count, likelihood) = (1, chance * chance)
        while count < maximum, likelihood > cost {
            count += 1
            likelihood *= chance
        }
        return min(count, maximum)
    }

    /// A step with a draft of so many ids took so long, and so many of them held.
    mutating func note(
        draftCount: Int, acceptedCount: Int, microseconds: UInt64
    ) {
        let time = Double(microseconds)
        wholeTime += time
        guard draftCount > 0 else {
            plainTime = plainCount == 0 ? time : plainTime + (time - plainTime) / 4
            plainCount += 1
            return
        }
        savedTime += Double(acceptedCount) * plainTime - (time - plainTime)
        savedTime = min(savedTime, Self.savingsCount * plainTime)
        let perRow = max(0, time - plainTime) / Double(draftCount)
        rowTime = rowTime.map { $0 + (perRow - $0) / 4 } ?? perRow
        heldWeight = heldWeight * Self.memory + Double(acceptedCount)
        missWeight = missWeight * Self.memory + (acceptedCount < draftCount ? 1 : 0)
    }
}
