/// Guesses what comes next. A wrong guess costs some time and never changes the text: a position's
/// token is what its logits and its chance say, guessed or not.
public protocol Drafter: AnyObject {
    /// Up to `count` ids that may follow `ids`, which only grow from call to call of one answer.
    func draft(after ids: [Int], count: Int) -> [Int]
}

/// Who guesses, and a clock: how much is guessed depends on what that saves.
public struct Drafting {
    public var drafter: any Drafter
    public var microseconds: () -> UInt64

    public init(_ drafter: any Drafter, microseconds: @escaping () -> UInt64) {
        self.drafter = drafter
        self.microseconds = microseconds
    }
}

/// What followed the last ids where they stood before: text that repeats is guessed from itself
/// (prompt lookup; Saxena 2023).
public final class PromptLookup: Drafter {
    /// Neighbouring ids that must agree, the more telling number first.
    private static let gramCounts = [3, 2]

    /// For each number of ids, where those that followed a run of them begin; the last place wins.
    private var places: [[ArraySlice<Int>: Int]]
    private var indexedCount = 0

    public init() { places = Self.gramCounts.map { _ in [:] } }

    public func draft(after ids: [Int], count: Int) -> [Int] {
        index(ids)
        for (gramCount, places) in zip(Self.gramCounts, places) {
            guard ids.count >= gramCount, let place = places[ids.suffix(gramCount)] else {
                continue
            }
            // A guess longer than what followed goes on with itself.
            var guess: [Int] = []
            for offset in 0..<count {
                let source = place + offset
                guess.append(source < ids.count ? ids[source] : guess[source - ids.count])
            }
            return guess
        }
        return []
    }

    /// Notes every run that something follows.
    private func index(_ ids: [Int]) {
        for end in max(1, indexedCount)..<max(1, indexedCount, ids.count) {
            for (slot, gramCount) in Self.gramCounts.enumerated() where end >= gramCount {
                places[slot][ids[end - gramCount..<end]] = end
            }
        }
        indexedCount = max(indexedCount, ids.count)
    }
}
