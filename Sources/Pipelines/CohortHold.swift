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
    /// After one that brought them together a second may follow at once: only then do the stages
    /// behind know what belongs together.
    private var isAgainAllowed = false

    /// Until when a batch that is too small waits for others, which should be there at `wanted`;
    /// nil where it doesn't. The second time they are late, by what they had to wait for each other
    /// at another stage.
    mutating func end(_ wanted: Instant, latest: Instant, at now: Instant) -> Instant? {
        if let until { return until > now ? until : nil }
        guard latest > now, isAgainAllowed || batchCount >= restCount && wanted > now,
            wanted <= latest
        else { return nil }
        let end = isAgainAllowed ? latest : wanted
        isAgainAllowed.toggle()
        if isAgainAllowed {
            restCount =
                keptCount * 2 >= batchCount
                ? Limits.holdRestLowestCount : min(restCount * 2, Limits.holdRestHighestCount)
            (batchCount, keptCount) = (0, 0)
        }
        until = end
        return end
    }

    /// A batch begins.
    mutating func begin(isLarge: Bool) {
        if until == nil {
            keptCount += isLarge ? 1 : 0
        } else if !isLarge {
            isAgainAllowed = false
        }
        until = nil
        batchCount += 1
    }
}
