import Primitives
import Testing
import Tokenizers

/// Steps may come from a stranger, and each one gets what the last one made.
struct NormalizationTests {
    private func ids(_ text: String, _ steps: [Normalization]) throws -> [Int] {
        var model = SmallModels.bytePairs()
        model.merges = []
        model.normalizations = steps
        return try Tokenizer(model).encode(text, addSpecial: false, parseSpecial: false)
    }

    @Test func `steps that multiply a text meet a limit, and are left out from there on`() throws {
        let long = String(repeating: "a", count: 4_000)
        for step in [
            Normalization.replaced("a", by: long), .replacedMatches("a", by: long), .prefixed(long),
        ] {
            // 32 x 200 + 256 bytes hold one of these, and not the next.
            let text = "a" + String(repeating: "b", count: 199)
            let count = try ids(text, [step, step, step]).count
            #expect(4_000..<6_656 ~= count, "\(step): \(count)")
            #expect(try ids("a", [step, step, step]) == [97])
        }
    }

    @Test func `a step behind one that is left out is done`() throws {
        let long = String(repeating: "b", count: 4_000)
        let steps: [Normalization] = [.replaced("a", by: long), .lowercased, .prefixed("x")]
        #expect(try ids("AaC", steps) == [120, 97, 97, 99])
    }

    @Test func `what Unicode's forms and marks for spaces make of a text is below the limit`()
        throws
    {
        // U+FDFA becomes 18 characters in NFKC, three of them spaces.
        let steps: [Normalization] = [
            .compatiblyComposed, .prefixed("▁"), .replaced(" ", by: "▁"), .spacedIdeographs,
        ]
        #expect(try ids("\u{FDFA}", steps).count == 33 + 3 + 3 * 2)
        let count = 100_000
        #expect(try ids(String(repeating: "\u{FDFA}", count: count), steps).count == count * 39 + 3)
        #expect(Limits.normalizedByteCount(of: 64 * 1_024 * 1_024) == 256 * 1_024 * 1_024)
    }
}
