internal import Primitives

/// When the first stage holds steps back until others come: seldom, and more seldom where they did
/// not stay together afterwards.
struct CohortHold: Sendable {
    private var until: Instant?
    /// Batches from one time to the next.
    private var restCount = Limits.holdRestLowestCount
    private var batchCount = Limits.holdRestLowestCount
    /// Those of them that were large enough without.
    private var keptCount = Limits.holdRestLowestCount
    /// Times that may follow at once, after one that brought them together: only what came together
    /// is kept together by the stages behind, and each time one more of them learns of it.
    private var againCount = 0

    /// Until when a batch that is too small waits for others, which should be there at `wanted`;
    /// nil where it doesn't. At a time that follows they are late, by what they waited for each
    /// other at a stage behind.
    mutating func end(
        _ wanted: Instant, latest: Instant, stageCount: Int, at now: Instant
    ) -> Instant? {
        if let until { return until > now ? until : nil }
        guard latest > now else { return nil }
        if againCount > 0 {
            againCount -= 1
            until = latest
        } else {
            guard batchCount >= restCount, wanted > now, wanted <= latest else { return nil }
            restCount =
                keptCount * 2 >= batchCount
                ? Limits.holdRestLowestCount : min(restCount * 2, Limits.holdRestHighestCount)
            (batchCount, keptCount) = (0, 0)
            againCount = stageCount - 1
            until = wanted
        }
        return until
    }

    /// A batch begins.
    mutating func begin(isLarge: Bool) {
        if until == nil {
            keptCount += isLarge ? 1 : 0
        } else if !isLarge {
            againCount = 0
        }
        until = nil
        batchCount += 1
    }
}
