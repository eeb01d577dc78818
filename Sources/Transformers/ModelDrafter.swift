public import Tensors

/// A second, smaller model of the same vocabulary: it guesses what it would say itself with the
/// same chance. What stood in the text before is guessed from there.
public final class ModelDrafter<Members: Crew>: Drafter {
    private let lookup = PromptLookup()
    private let crew: Members
    private let promptCount: Int
    private let capacity: Int
    private var run: LocalRun
    private var sampler: Sampler
    /// What the run holds.
    private var ids: [Int] = []

    /// - Parameter positionCount: what the answer can reach; beyond the model's own context it
    ///   guesses nothing.
    public init(
        _ model: LocalModel, sampling: SamplingSettings, promptCount: Int, positionCount: Int,
        kernels: Kernels, crew: Members
    ) {
        self.crew = crew
        self.promptCount = promptCount
        capacity = min(positionCount, model.shape.contextLength)
        run = LocalRun(
            model, kernels: kernels, positionCount: capacity, rowCountMaximum: Self.rowCount)
        sampler = Sampler(sampling)
    }

    private static var rowCount: Int { 64 }

    public func draft(after newIDs: [Int], count: Int) -> [Int] {
        let found = lookup.draft(after: newIDs, count: count)
        guard found.isEmpty, newIDs.count + count <= capacity, count > 0 else { return found }
        var common = 0
        // The last id is run in any case: its logits are wanted.
        while common < min(ids.count, newIDs.count - 1), ids[common] == newIDs[common] {
            common += 1
        }
        run.truncate(to: common)
        for start in stride(from: common, to: newIDs.count, by: Self.rowCount) {
            let part = newIDs[start..<min(start + Self.rowCount, newIDs.count)]
            run.append(part, outputRowCount: part.endIndex == newIDs.count ? 1 : 0, crew: crew)
        }
        var guess: [Int] = []
        for _ in 0..<count {
            let logits = run.logits(row: 0, crew: crew)
            let id = sampler.draw(
                logits.span, position: newIDs.count + guess.count, ids: newIDs + guess,
                promptCount: promptCount)
            guess.append(id)
            if guess.count < count { run.append([id][...], crew: crew) }
        }
        ids = newIDs + guess.dropLast()
        return guess
    }
}
