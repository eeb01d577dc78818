import Primitives
import Runtime
import Tensors
import Transformers

/// What guessing ahead makes of a slow way: the same answers with and without it. The model
/// computes every row; the way is virtual, a round trip for each step.
enum DraftBench {
    private struct Outcome {
        var ids: [Int]
        var microseconds: UInt64
        var draftedCount: Int
        var heldCount: Int
    }

    static func run(_ model: LocalModel) throws {
        for roundTrip in [UInt64(0), 50_000] {
            for (what, prompt, answer) in DraftTexts.all {
                var words = WordTable()
                let ids = (prompt: words.ids(of: prompt), answer: words.ids(of: answer))
                try compare(what, roundTrip) { drafter in
                    try follow(ids.prompt, ids.answer, model, drafter, roundTrip)
                }
            }
            // Greedy answers of a random model run into loops, others never repeat.
            for (what, temperature) in [("that runs into a loop", Float(0)), ("by chance", 1.5)] {
                try compare("text " + what, roundTrip) { drafter in
                    try answer(model, drafter, roundTrip, temperature)
                }
            }
        }
    }

    private static func compare(
        _ what: String, _ roundTrip: UInt64, _ outcome: ((any Drafter)?) throws -> Outcome
    ) throws {
        let (plain, drafted) = (try outcome(nil), try outcome(PromptLookup()))
        report(
            "drafting, \(what), round trip \(roundTrip / 1_000) ms",
            "\(rounded(Double(plain.microseconds) / Double(drafted.microseconds))) times as fast, "
                + "\(drafted.heldCount) of \(drafted.draftedCount) held, "
                + (plain.ids == drafted.ids ? "same text" : "ANOTHER TEXT"))
    }

    /// The model's own answer to a prompt of no meaning.
    private static func answer(
        _ model: LocalModel, _ drafter: (any Drafter)?, _ roundTrip: UInt64, _ temperature: Float
    ) throws -> Outcome {
        var generation = try generation(
            [1, 5, 9], 160, try SamplingSettings(temperature: temperature, seed: 1), model)
        var run = localRun(generation, model)
        var way = Way(roundTrip: roundTrip)
        run.run(
            &generation,
            drafting: Drafting(drafter ?? NoDrafter()) { way.microseconds() },
            crew: SerialCrew())
        return outcome(of: generation, at: way.microseconds())
    }

    /// A given answer: the model computes every row, and then the answer's next id is the best.
    private static func follow(
        _ prompt: [Int], _ answer: [Int], _ model: LocalModel, _ drafter: (any Drafter)?,
        _ roundTrip: UInt64
    ) throws -> Outcome {
        let script = prompt + answer
        var generation = try generation(prompt, answer.count, .greedy, model)
        var run = localRun(generation, model)
        var way = Way(roundTrip: roundTrip)
        var decodeStart: UInt64?
        var last: UInt64 = 0
        while let rows = generation.nextRows(draftedBy: drafter) {
            let start = way.microseconds()
            run.truncate(to: rows.start)
            run.append(generation.ids(of: rows)[...])
            guard rows.yieldsToken else {
                generation.accept(rows)
                continue
            }
            let width = model.shape.vocabularySize
            var logits = [Float](repeating: 0, count: rows.yieldingRowCount * width)
            for row in 0..<rows.yieldingRowCount where generation.ids.count + row < script.count {
                logits[row * width + script[generation.ids.count + row]] = 1
            }
            last = way.microseconds()
            generation.accept(
                rows, logits: logits.span, microseconds: last - start, tell: { _ in true })
            decodeStart = decodeStart ?? last
        }
        precondition(generation.ids == script, "the best id is the script's")
        return outcome(of: generation, at: last - (decodeStart ?? 0))
    }

    private static func generation(
        _ prompt: [Int], _ count: Int, _ sampling: SamplingSettings, _ model: LocalModel
    ) throws -> Generation {
        try Generation(
            promptIDs: prompt,
            settings: GenerationSettings(sampling: sampling, maximumTokenCount: count),
            vocabularySize: model.shape.vocabularySize, contextLength: model.shape.contextLength)
    }

    private static func localRun(_ generation: Generation, _ model: LocalModel) -> LocalRun {
        LocalRun(
            model, kernels: Kernels(level: .detected),
            positionCount: generation.positionCountMaximum, rowCountMaximum: 64)
    }

    private static func outcome(of generation: Generation, at microseconds: UInt64) -> Outcome {
        Outcome(
            ids: generation.ids, microseconds: microseconds,
            draftedCount: generation.draftedCount, heldCount: generation.heldDraftCount)
    }
}

/// A clock that is looked at twice for each step: a round trip lies between the two looks.
private struct Way {
    let roundTrip: UInt64
    private let start = SystemClock.now()
    private var lookCount: UInt64 = 0

    init(roundTrip: UInt64) { self.roundTrip = roundTrip }

    mutating func microseconds() -> UInt64 {
        lookCount += 1
        return SystemClock.now().since(start).microseconds + lookCount / 2 * roundTrip
    }
}

/// Guesses nothing.
private final class NoDrafter: Drafter {
    func draft(after ids: [Int], count: Int) -> [Int] { [] }
}

/// Ids for words: letters and digits with the space before them, line breaks with the indentation
/// behind them, and every other sign alone.
private struct WordTable {
    private var numbers: [String: Int] = [:]

    mutating func ids(of text: String) -> [Int] {
        var (ids, word): ([Int], String) = ([], "")
        func isLetter(_ sign: Character) -> Bool { sign.isLetter || sign.isNumber }
        for sign in text {
            let goesOn =
                switch word.last {
                case nil: true
                case " " where word.first == "\n": sign == " "
                case "\n", " ": sign == " " || (word == " " && isLetter(sign))
                case let last?: isLetter(last) && isLetter(sign)
                }
            if !goesOn {
                ids.append(number(of: word))
                word = ""
            }
            word.append(sign)
        }
        return ids + [number(of: word)]
    }

    private mutating func number(of word: String) -> Int {
        if let number = numbers[word] { return number }
        numbers[word] = numbers.count
        return numbers.count - 1
    }
}
