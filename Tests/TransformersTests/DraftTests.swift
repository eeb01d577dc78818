import Primitives
import Tensors
import Testing
import Transformers

/// Guesses from outside: what a test wants guessed.
private final class ScriptedDrafter: Drafter {
    let guess: ([Int], Int) -> [Int]
    init(_ guess: @escaping ([Int], Int) -> [Int]) { self.guess = guess }
    func draft(after ids: [Int], count: Int) -> [Int] { guess(ids, count) }
}

private let prompt = (0..<30).map { ($0 * 37 + 11) % 100 }

private func makeGeneration(
    temperature: Float, maximumTokenCount: Int = 60, shape: ModelShape
) throws -> Generation {
    try Generation(
        promptIDs: prompt,
        settings: GenerationSettings(
            sampling: try SamplingSettings(temperature: temperature, topP: 0.9, seed: 4),
            maximumTokenCount: maximumTokenCount),
        vocabularySize: shape.vocabularySize, contextLength: shape.contextLength)
}

@Suite struct `drafting ahead` {
    /// The answer, and what was drafted and held.
    private func answer(
        _ model: LocalModel, _ drafter: (any Drafter)?, temperature: Float, telling: Int = .max
    ) throws -> (ids: [Int], drafted: Int, held: Int) {
        var generation = try makeGeneration(temperature: temperature, shape: model.shape)
        var run = LocalRun(
            model, kernels: fastestKernels, positionCount: generation.positionCountMaximum,
            rowCountMaximum: 64)
        var told: [Int] = []
        run.run(&generation, drafting: drafter.map { Drafting($0) { 0 } }) { id in
            told.append(id)
            return told.count < telling
        }
        #expect(told == Array(generation.answerIDs))
        return (told, generation.draftedCount, generation.heldDraftCount)
    }

    @Test(arguments: SmallShape.allCases, [0, 1] as [Float])
    func `never changes the text`(small: SmallShape, temperature: Float) throws {
        let model = try small.model()
        let plain = try answer(model, nil, temperature: temperature).ids
        let whole = prompt + plain
        var random = SeededRandom(seed: 9)
        let drafters: [any Drafter] = [
            PromptLookup(),
            // All right, all wrong, right now and then.
            ScriptedDrafter { ids, count in Array(whole.dropFirst(ids.count).prefix(count)) },
            ScriptedDrafter { ids, count in
                whole.dropFirst(ids.count).prefix(count).map { ($0 + 1) % 100 }
            },
            ScriptedDrafter { ids, count in
                whole.dropFirst(ids.count).prefix(random.below(count + 1)).map {
                    random.below(4) == 0 ? ($0 + 1) % 100 : $0
                }
            },
            ModelDrafter(
                model, sampling: try SamplingSettings(temperature: temperature, topP: 0.9, seed: 4),
                promptCount: prompt.count, positionCount: 90, kernels: fastestKernels,
                crew: SerialCrew()),
            ModelDrafter(
                RandomModel.make(shape: try small.make(), seed: 99),
                sampling: try SamplingSettings(temperature: temperature, topP: 0.9, seed: 4),
                promptCount: prompt.count, positionCount: 90, kernels: fastestKernels,
                crew: SerialCrew()),
        ]
        for (index, drafter) in drafters.enumerated() {
            let drafted = try answer(model, drafter, temperature: temperature)
            #expect(drafted.ids == plain, "drafter \(index)")
            #expect(drafted.drafted > 0 || index == 0)
            // The truth always holds; the model itself guesses from the text first.
            if index == 1 { #expect(drafted.held == drafted.drafted) }
            if index == 4 { #expect(drafted.held > 0) }
            if index == 2 { #expect(drafted.held == 0) }
            let cut = try answer(model, drafter, temperature: temperature, telling: 7)
            #expect(cut.ids == Array(plain.prefix(7)))
        }
    }

    @Test func `a text beyond the original context is what its ids give as a prompt`() throws {
        var numbers = BlockNumbers()
        numbers.longRotaryDivisors = (0..<8).map { 2 + Float($0) }
        numbers.originalContextLength = 40
        let model = RandomModel.make(
            shape: try makeShape(
                headSize: 16, rotaryDivisors: [1, 1, 1, 1, 1, 1, 1, 1], numbers: numbers), seed: 7)
        func answer(_ prompt: [Int], _ count: Int, _ drafter: (any Drafter)? = nil) throws -> [Int]
        {
            var generation = try Generation(
                promptIDs: prompt,
                settings: GenerationSettings(
                    sampling: try SamplingSettings(temperature: 0.9, seed: 4),
                    maximumTokenCount: count), vocabularySize: model.shape.vocabularySize,
                contextLength: model.shape.contextLength, originalContextLength: 40)
            var run = LocalRun(
                model, kernels: fastestKernels, positionCount: generation.cachePositionCount,
                rowCountMaximum: 64)
            run.run(&generation, drafting: drafter.map { Drafting($0) { 0 } })
            return generation.ids
        }
        let prompt = Array(1...37)
        let long = try answer(prompt, 12)
        #expect(try answer(prompt, 12, PromptLookup()) == long)
        // How far an answer may go changes none of its tokens.
        for count in 1...12 { #expect(try answer(prompt, count) == Array(long.prefix(37 + count))) }
        // Nor does where the prompt ends; the first 40 ids need the plain divisors only.
        for split in 38...48 {
            #expect(try answer(Array(long.prefix(split)), 49 - split) == long, "\(split)")
        }
    }

    @Test func `a lookup guesses what followed before`() {
        let lookup = PromptLookup()
        #expect(lookup.draft(after: [1, 2, 3, 4, 5], count: 3).isEmpty)
        #expect(lookup.draft(after: [1, 2, 3, 4, 5, 2, 3, 4], count: 3) == [5, 2, 3])
        // Two ids that agree do where three do not; the last place counts.
        #expect(lookup.draft(after: [1, 2, 3, 4, 5, 2, 3, 4, 9, 3, 4], count: 2) == [9, 3])
        // A loop goes on.
        #expect(PromptLookup().draft(after: [7, 8, 7, 8, 7], count: 5) == [8, 7, 8, 7, 8])
        #expect(PromptLookup().draft(after: [7], count: 5).isEmpty)
        #expect(PromptLookup().draft(after: [], count: 5).isEmpty)
    }
}

@Suite struct `what drafts cost` {
    /// The virtual time of an answer of `tokenCount` ids whose truth is `truth(position)`.
    private func time(
        tokenCount: Int, drafter: (any Drafter)?, perRow: UInt64, truth: (Int) -> Int
    ) throws -> UInt64 {
        var generation = try Generation(
            promptIDs: [0],
            settings: GenerationSettings(maximumTokenCount: tokenCount), vocabularySize: 100,
            contextLength: 10_000)
        var time: UInt64 = 0
        while let rows = generation.nextRows(draftedBy: drafter) {
            var logits: [Float] = []
            for row in 0..<rows.yieldingRowCount {
                var one = [Float](repeating: 0, count: 100)
                one[truth(generation.ids.count + row)] = 1
                logits += one
            }
            let step = 1_000 + perRow * UInt64(rows.draft.count)
            time += step
            generation.accept(rows, logits: logits.span, microseconds: step) { _ in true }
        }
        #expect(generation.answerIDs.count == tokenCount)
        #expect(
            zip(generation.ids.indices, generation.ids).dropFirst().allSatisfy { truth($0) == $1 })
        return time
    }

    @Test(arguments: [10, 300, 1_000] as [UInt64])
    func `is a small part of the time where none holds`(perRow: UInt64) throws {
        let wrong = ScriptedDrafter { _, count in Array(repeating: 99, count: count) }
        for tokenCount in [100, 1_000] {
            let plain = try time(
                tokenCount: tokenCount, drafter: nil, perRow: perRow, truth: { $0 % 90 })
            let drafted = try time(
                tokenCount: tokenCount, drafter: wrong, perRow: perRow, truth: { $0 % 90 })
            #expect(Double(drafted) < 1.08 * Double(plain))
            if tokenCount == 1_000 { #expect(Double(drafted) < 1.05 * Double(plain)) }
        }
    }

    @Test func `comes back many times where they hold`() throws {
        let text = (0..<2_000).map { $0 / 40 % 2 == 0 ? $0 % 40 : $0 % 40 + 50 }
        let plain = try time(
            tokenCount: 1_000, drafter: nil, perRow: 50, truth: { text[$0] })
        let drafted = try time(
            tokenCount: 1_000, drafter: PromptLookup(), perRow: 50, truth: { text[$0] })
        #expect(2 * drafted < plain)
    }

    @Test func `where rows cost as much as steps they are left alone`() throws {
        var random = SeededRandom(seed: 1)
        let text = (0..<2_000).map { _ in random.below(90) }
        let half = ScriptedDrafter { ids, count in
            (0..<count).map { $0 % 2 == 0 ? text[ids.count + $0] : 99 }
        }
        let plain = try time(
            tokenCount: 1_000, drafter: nil, perRow: 1_000, truth: { text[$0] })
        let drafted = try time(
            tokenCount: 1_000, drafter: half, perRow: 1_000, truth: { text[$0] })
        #expect(Double(drafted) < 1.05 * Double(plain))
    }
}
