import Testing
import Transformers

/// Logits under which the token after `ids` is their sum modulo 10.
private func logits(after ids: some Sequence<Int>) -> [Float] {
    var logits = [Float](repeating: 0, count: 10)
    logits[ids.reduce(0, +) % 10] = 1
    return logits
}

private func makeGeneration(
    of promptIDs: [Int] = [1, 2, 3, 4, 5], _ settings: GenerationSettings,
    contextLength: Int = 100
) throws -> Generation {
    try Generation(
        promptIDs: promptIDs, settings: settings, vocabularySize: 10, contextLength: contextLength)
}

extension Generation {
    fileprivate mutating func accept(_ rows: Rows, logits: [Float]) -> Int? {
        accept(rows, logits: logits.span)
    }
}

/// Guesses that the last id comes again and again.
private final class Repeater: Drafter {
    func draft(after ids: [Int], count: Int) -> [Int] {
        Array(repeating: ids[ids.count - 1], count: count)
    }
}

/// Runs to the end and returns the steps that were asked for.
private func run(_ generation: inout Generation) -> [Generation.Rows] {
    var steps: [Generation.Rows] = []
    while let rows = generation.nextRows() {
        steps.append(rows)
        if rows.yieldsToken {
            _ = generation.accept(rows, logits: logits(after: generation.ids))
        } else {
            generation.accept(rows)
        }
    }
    return steps
}

@Suite struct `a generation` {
    @Test func `runs the prompt in chunks and then one position at a time`() throws {
        var generation = try makeGeneration(
            GenerationSettings(maximumTokenCount: 3, prefillRowCount: 2))
        let steps = run(&generation)
        #expect(steps.map(\.start) == [0, 2, 4, 5, 6])
        #expect(steps.map(\.count) == [2, 2, 1, 1, 1])
        #expect(steps.map(\.yieldsToken) == [false, false, true, true, true])
        #expect(generation.answerIDs == [5, 0, 0])
        #expect(generation.finishReason == .length)
    }

    @Test func `sends smaller and smaller steps towards a prompt's end`() {
        var settings = GenerationSettings(prefillRowCount: 32)
        settings.lastStepRowCount = 8
        func sizes(_ count: Int) -> [Int] {
            var (sizes, left) = ([Int](), count)
            while left > 0 {
                sizes.append(settings.rowCount(left: left))
                left -= sizes[sizes.count - 1]
            }
            return sizes
        }
        #expect(
            sizes(300) == [32, 32, 30, 30, 24, 24, 18, 18, 18, 12, 12, 12, 12, 12, 6, 8])
        #expect(sizes(7) == [7] && sizes(9) == [6, 3])
        for count in 1...600 { #expect(sizes(count).reduce(0, +) == count) }
        // Where nothing overlaps, nothing shrinks.
        settings.lastStepRowCount = .max
        #expect(sizes(100) == [32, 32, 32, 4])
    }

    @Test func `asks for new caches where the text outgrows the original context`() throws {
        var generation = try Generation(
            promptIDs: [1, 2, 3], settings: GenerationSettings(maximumTokenCount: 7),
            vocabularySize: 10, contextLength: 100, originalContextLength: 5)
        #expect(generation.positionCountMaximum == 10)
        for count in 3...5 {
            #expect(generation.ids.count == count && generation.cachePositionCount == 5)
            let next = generation.nextRows(draftedBy: Repeater())
            var rows = try #require(next)
            // No guess lies in a row that the caches have no room for.
            #expect(rows.start + rows.rowCount <= 5)
            rows.draft = []
            _ = generation.accept(rows, logits: logits(after: generation.ids))
        }
        #expect(generation.cachePositionCount == 10)
        generation.rewind()
        #expect(generation.nextRows() == Generation.Rows(start: 0, count: 6, yieldsToken: true))
        // An answer that ends before never asks.
        let short = try Generation(
            promptIDs: [1], settings: GenerationSettings(maximumTokenCount: 3), vocabularySize: 10,
            contextLength: 100, originalContextLength: 5)
        #expect(short.cachePositionCount == 4)
    }

    @Test func `hands out all chunks of a prompt before any comes back`() throws {
        var generation = try makeGeneration(GenerationSettings(prefillRowCount: 2))
        let rows = [generation.nextRows(), generation.nextRows(), generation.nextRows()]
        #expect(rows.compactMap { $0?.count } == [2, 2, 1])
        #expect(generation.nextRows() == nil)
        for case let chunk? in rows.dropLast() { generation.accept(chunk) }
        let last = try #require(rows[2])
        #expect(generation.accept(last, logits: logits(after: [7])) == 7)
        #expect(generation.nextRows() == Generation.Rows(start: 5, count: 1, yieldsToken: true))
    }

    @Test func `ends at a stop id without counting it`() throws {
        var generation = try makeGeneration(GenerationSettings(stopIDs: [5]))
        _ = run(&generation)
        #expect(generation.answerIDs.isEmpty)
        #expect(generation.finishReason == .stop)
        #expect(generation.nextRows() == nil)
    }

    @Test func `ends where the context is full`() throws {
        var generation = try makeGeneration(GenerationSettings(), contextLength: 7)
        _ = run(&generation)
        #expect(generation.ids.count == 7)
        #expect(generation.finishReason == .length)
    }

    @Test func `goes on after a rewind as if nothing had happened`() throws {
        let settings = GenerationSettings(
            sampling: try SamplingSettings(temperature: 2, seed: 3), maximumTokenCount: 20,
            prefillRowCount: 3)
        var whole = try makeGeneration(settings)
        _ = run(&whole)
        var broken = try makeGeneration(settings)
        for _ in 0..<5 {
            guard let rows = broken.nextRows() else { break }
            if rows.yieldsToken {
                _ = broken.accept(rows, logits: logits(after: broken.ids))
            } else {
                broken.accept(rows)
            }
        }
        _ = broken.nextRows()
        broken.rewind()
        #expect(broken.nextRows()?.start == 0)
        broken.rewind()
        _ = run(&broken)
        #expect(broken.ids == whole.ids)
        #expect(whole.answerIDs.count == 20)
    }

    @Test func `refuses prompts that cannot be continued`() {
        let settings = GenerationSettings()
        #expect(throws: GenerationError.emptyPrompt) { try makeGeneration(of: [], settings) }
        #expect(throws: GenerationError.unknownToken(10)) { try makeGeneration(of: [10], settings) }
        #expect(throws: GenerationError.unknownToken(-1)) { try makeGeneration(of: [-1], settings) }
        #expect(throws: GenerationError.promptTooLong(tokenCount: 3, contextLength: 3)) {
            try makeGeneration(of: [1, 1, 1], settings, contextLength: 3)
        }
    }

    @Test func `refuses settings out of range`() {
        for settings in [
            GenerationSettings(maximumTokenCount: 0), GenerationSettings(prefillRowCount: 0),
            GenerationSettings(stopStrings: [""]),
            GenerationSettings(stopStrings: [String(repeating: "a", count: 257)]),
            GenerationSettings(stopStrings: Array(repeating: "a", count: 17)),
        ] {
            #expect(throws: GenerationError.self) { try makeGeneration(of: [1], settings) }
        }
    }
}

@Suite struct `stop strings` {
    private func shown(_ stops: [String], _ parts: [String]) -> (String, Bool) {
        var matcher = StopStrings(stops)
        var text = ""
        for part in parts { text += matcher.append(part) }
        return (text + matcher.finish(), matcher.isFound)
    }

    @Test func `end the text where they begin, however it is cut`() {
        for cut in 0...11 {
            let text = "hello END of"
            let parts = [String(text.prefix(cut)), String(text.dropFirst(cut))]
            #expect(shown(["END"], parts) == ("hello ", true))
        }
    }

    @Test func `hold back only what may become one`() {
        var matcher = StopStrings(["\n\nUser:"])
        #expect(matcher.append("a\n") == "a")
        #expect(matcher.append("b") == "\nb")
        #expect(matcher.append("\n\nUs") == "")
        #expect(matcher.append("e") == "")
        #expect(matcher.finish() == "\n\nUse")
    }

    @Test func `are found inside of the beginning of a longer one`() {
        #expect(shown(["abcd", "bc"], ["abc"]) == ("a", true))
        #expect(shown(["abcd", "bc"], ["abcd"]) == ("", true))
        #expect(shown(["aab"], ["a", "a", "a", "b"]) == ("a", true))
        #expect(shown(["ü!"], ["für ", "ü", "!"]) == ("für ", true))
        #expect(shown([], ["x", "y"]) == ("xy", false))
    }
}
