import Testing
import Transformers

private struct SamplingVectors: Decodable {
    struct Word: Decodable { var seed: String, position: Int, word: String }
    struct Exponential: Decodable { var x: String, y: String }
    struct Draw: Decodable {
        var logits: Int, temperature: String, topK: Int, topP: String, seed: String, ids: [Int]
        var temperatureValue: Float { float(temperature) }
        var topPValue: Float { float(topP) }
    }
    struct Penalized: Decodable {
        var logits: Int, temperature: String, topK: Int, topP: String, minP: String
        var repetitionPenalty: String, frequencyPenalty: String, presencePenalty: String
        var biasIDs: [Int], biases: [String], ids: [Int], promptCount: Int, seed: String
        var chosen: [Int]

        func settings() throws -> SamplingSettings {
            try SamplingSettings(
                temperature: float(temperature), topK: topK, topP: float(topP), minP: float(minP),
                repetitionPenalty: float(repetitionPenalty),
                frequencyPenalty: float(frequencyPenalty),
                presencePenalty: float(presencePenalty),
                biases: zip(biasIDs, biases).map { .init(id: $0, value: float($1)) },
                seed: try #require(UInt64(seed)))
        }
    }
    struct Likelihoods: Decodable { var logits: Int, best: [Int], values: [String] }
    var words: [Word], exponentials: [Exponential], logits: [String], draws: [Draw]
    var penalized: [Penalized], likelihoods: [Likelihoods], logarithms: [Exponential]
    var tables: [[Float]] { logits.map { line in line.split(separator: " ").map { float($0) } } }
}

private func float(_ hexadecimal: some StringProtocol) -> Float {
    Float(bitPattern: UInt32(hexadecimal, radix: 16) ?? 0)
}

extension Sampler {
    fileprivate mutating func draw(_ logits: [Float], position: Int) -> Int {
        draw(logits.span, position: position)
    }

    fileprivate mutating func draw(
        _ logits: [Float], position: Int, ids: [Int], promptCount: Int
    ) -> Int {
        draw(logits.span, position: position, ids: ids, promptCount: promptCount)
    }
}

private func likelihoods(_ logits: [Float], of id: Int) -> LogProbabilities {
    LogProbabilities(logits.span, of: id, bestCount: 5)
}

@Suite struct `the sampler` {
    private let vectors: SamplingVectors

    init() throws { vectors = try Vectors.load(SamplingVectors.self, "sampling.json") }

    @Test func `draws the words of the vectors`() throws {
        #expect(vectors.words.count == 20)
        for vector in vectors.words {
            let seed = try #require(UInt64(vector.seed))
            let word = Chance.word(seed: seed, position: vector.position)
            #expect(word == UInt64(vector.word, radix: 16))
        }
    }

    @Test func `has the exponentials of the vectors`() throws {
        #expect(vectors.exponentials.count == 52)
        for vector in vectors.exponentials {
            let x = Double(bitPattern: try #require(UInt64(vector.x, radix: 16)))
            #expect(Sampler.exponential(x).bitPattern == UInt64(vector.y, radix: 16))
        }
        #expect(Sampler.exponential(.nan) == 0)
        #expect(Sampler.exponential(-.infinity) == 0)
    }

    @Test func `chooses the ids of the vectors`() throws {
        let tables = vectors.logits.map { line in line.split(separator: " ").map { float($0) } }
        #expect(vectors.draws.count == 560)
        for vector in vectors.draws {
            let settings = try SamplingSettings(
                temperature: vector.temperatureValue, topK: vector.topK, topP: vector.topPValue,
                seed: try #require(UInt64(vector.seed)))
            var sampler = Sampler(settings)
            let ids = vector.ids.indices.map {
                sampler.draw(tables[vector.logits], position: $0)
            }
            #expect(ids == vector.ids)
        }
    }

    @Test func `chooses the ids of the vectors with penalties, biases and a least likelihood`()
        throws
    {
        let tables = vectors.tables
        #expect(vectors.penalized.count == 168)
        for vector in vectors.penalized {
            var sampler = Sampler(try vector.settings())
            // Twice, because buffers are kept between draws.
            for _ in 0..<2 {
                let chosen = vector.chosen.indices.map { position in
                    sampler.draw(
                        tables[vector.logits], position: position, ids: vector.ids,
                        promptCount: vector.promptCount)
                }
                #expect(chosen == vector.chosen)
            }
        }
    }

    @Test func `says how likely tokens were, as the vectors do`() throws {
        for vector in vectors.logarithms {
            let x = Double(bitPattern: try #require(UInt64(vector.x, radix: 16)))
            #expect(Sampler.logarithm(x).bitPattern == UInt64(vector.y, radix: 16))
        }
        for vector in vectors.likelihoods {
            let logits = vectors.tables[vector.logits]
            for id in logits.indices {
                let found = likelihoods(logits, of: id)
                #expect(found.best.map(\.id) == vector.best)
                #expect(found.chosen.value.bitPattern == UInt64(vector.values[id], radix: 16))
                #expect(found.chosen.id == id && found.chosen.value <= 0)
            }
        }
    }

    @Test func `a bias forbids a token, and a penalty ends a loop, without a temperature too`()
        throws
    {
        var forbidding = Sampler(
            try SamplingSettings(temperature: 0, biases: [.init(id: 1, value: -100)]))
        #expect(forbidding.draw([1, 3, 2], position: 0) == 2)
        var repeating = Sampler(try SamplingSettings(temperature: 0, frequencyPenalty: 1))
        #expect(repeating.draw([1, 3, 2], position: 3, ids: [0, 1, 1], promptCount: 1) == 2)
        #expect(repeating.draw([1, 3, 2], position: 3, ids: [0, 1, 1], promptCount: 3) == 1)
    }

    @Test func `draws evenly below one`() {
        var counts = [Int](repeating: 0, count: 16)
        for position in 0..<16_000 {
            let uniform = Chance.uniform(seed: 9, position: position)
            #expect(uniform >= 0 && uniform < 1)
            counts[Int(uniform * 16)] += 1
        }
        // Sixteen bins of 1,000: six standard deviations are 184.
        #expect(counts.allSatisfy { abs($0 - 1_000) < 184 })
    }

    @Test func `follows the probabilities`() throws {
        // e^0 : e^-1 : e^-2 = 0.665 : 0.245 : 0.090
        var sampler = Sampler(try SamplingSettings(temperature: 1, seed: 5))
        var counts = [0, 0, 0]
        for position in 0..<10_000 { counts[sampler.draw([-1, 0, -2], position: position)] += 1 }
        #expect(abs(counts[1] - 6_652) < 300)
        #expect(abs(counts[0] - 2_447) < 300)
        #expect(abs(counts[2] - 900) < 200)
    }

    @Test func `takes the lower of two best ids`() {
        var sampler = Sampler(.greedy)
        #expect(sampler.draw([1, 3, 3, 2], position: 0) == 1)
        #expect(sampler.draw([-.infinity, .nan, -5, -5], position: 0) == 2)
        #expect(sampler.draw([.nan, .nan], position: 0) == 0)
    }

    @Test func `does not depend on earlier draws`() throws {
        let settings = try SamplingSettings(temperature: 1.2, topK: 5, topP: 0.9, seed: 77)
        let logits = (0..<50).map { Float(($0 * 37) % 50) / 10 }
        var used = Sampler(settings)
        for position in 0..<20 { _ = used.draw(logits.reversed(), position: position) }
        var fresh = Sampler(settings)
        for position in 0..<20 {
            #expect(used.draw(logits, position: position) == fresh.draw(logits, position: position))
        }
    }

    @Test(arguments: [
        (Float(-0.1), Float(1), Float(0), Float(0)), (1.1, 1, 0, 0), (.nan, 1, 0, 0), (0, 0, 0, 0),
        (0, -1, 0, 0), (0, .infinity, 0, 0), (0, 1, 101, 0), (0, 1, .nan, 0), (0, 1, 0, -101),
    ])
    func `refuses penalties out of range`(
        minP: Float, repetition: Float, frequency: Float, presence: Float
    ) {
        #expect(throws: GenerationError.self) {
            try SamplingSettings(
                temperature: 1, minP: minP, repetitionPenalty: repetition,
                frequencyPenalty: frequency, presencePenalty: presence)
        }
    }

    @Test func `refuses biases that are too many, too large, or name an id twice`() {
        let wrong: [[SamplingSettings.Bias]] = [
            [.init(id: 1, value: 1), .init(id: 0, value: 1), .init(id: 1, value: 2)],
            [.init(id: -1, value: 1)], [.init(id: 0, value: .nan)], [.init(id: 0, value: 2_000)],
            (0..<2_000).map { .init(id: $0, value: 1) },
        ]
        for biases in wrong {
            #expect(throws: GenerationError.self) {
                try SamplingSettings(temperature: 1, biases: biases)
            }
        }
    }

    @Test(arguments: [
        (Float(-1), 0, Float(1)), (.nan, 0, 1), (101, 0, 1), (1, -1, 1), (1, 0, 0), (1, 0, 1.5),
        (1, 0, .nan),
    ])
    func `refuses settings out of range`(temperature: Float, topK: Int, topP: Float) {
        #expect(throws: GenerationError.self) {
            try SamplingSettings(temperature: temperature, topK: topK, topP: topP)
        }
    }
}
