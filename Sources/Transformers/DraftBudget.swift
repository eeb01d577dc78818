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

    private var plainCount = 0
    /// The time of a step without a draft, in microseconds, averaged.
    private var plainTime = 0.0
    private var wholeTime = 0.0
    private var savedTime = 0.0
    private var nextCount = 4

    /// Ids to draft now, at most.
    func draftCount(maximum: Int) -> Int {
        guard plainCount >= Self.plainCount, savedTime >= -Self.loss * wholeTime else { return 0 }
        return min(nextCount, maximum)
    }

    /// A step with a draft of so many ids took so long, and so many of them held.
    mutating func note(
        draftCount: Int, acceptedCount: Int, microseconds: UInt64, maximum: Int
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
        nextCount =
            acceptedCount == draftCount
            ? min(2 * nextCount, max(1, maximum)) : max(2, acceptedCount + 1)
    }
}
