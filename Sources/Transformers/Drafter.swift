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
    /// Neighbouring ids. Copied out: a slice would keep every length of a growing array alive.
    private struct Run: Hashable {
        var first: Int
        var second: Int
        /// -1 in a run of two.
        var third = -1
    }

    /// Where the ids that followed a run begin; the last place wins.
    private var places: [Run: Int] = [:]
    private var indexedCount = 0

    public init() {}

    public func draft(after ids: [Int], count: Int) -> [Int] {
        if ids.count < indexedCount {
            // Another text.
            places = [:]
            indexedCount = 0
        }
        index(ids)
        // Three ids that agree tell more than two.
        guard let place = lookUp(ids, 3) ?? lookUp(ids, 2) else { return [] }
        // A guess longer than what followed goes on with itself.
        var guess: [Int] = []
        for source in place..<place + count {
            guess.append(source < ids.count ? ids[source] : guess[source - ids.count])
        }
        return guess
    }

    private func lookUp(_ ids: [Int], _ runCount: Int) -> Int? {
        run(of: runCount, endingAt: ids.count, in: ids).flatMap { places[$0] }
    }

    /// Notes every run that something follows.
    private func index(_ ids: [Int]) {
        while indexedCount < ids.count {
            for runCount in 2...3 {
                if let run = run(of: runCount, endingAt: indexedCount, in: ids) {
                    places[run] = indexedCount
                }
            }
            indexedCount += 1
        }
    }

    private func run(of runCount: Int, endingAt end: Int, in ids: [Int]) -> Run? {
        guard end >= runCount else { return nil }
        return runCount == 2
            ? Run(first: ids[end - 2], second: ids[end - 1])
            : Run(first: ids[end - 3], second: ids[end - 2], third: ids[end - 1])
    }
}
