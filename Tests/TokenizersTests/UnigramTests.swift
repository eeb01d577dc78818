import Checkpoints
import Foundation
import Primitives
import Testing
import Tokenizers

/// A unigram model in the formats of SentencePiece and llama.cpp, against the ids of both
/// (Tests/Vectors/unigrams.py). `TokenizerFileTests` has those of the tokenizers library.
struct UnigramTests {
    static let vectors: JSONValue = {
        let path =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().path + "/Vectors/unigrams.json"
        let bytes = (try? Data(contentsOf: URL(fileURLWithPath: path))).map { Array($0) } ?? []
        return (try? JSONValue(parsing: bytes, file: path)) ?? .null
    }()
    static let cases = vectors["cases"]?.array ?? []

    static func model(_ example: JSONValue) throws -> TokenizerModel {
        let name = try #require(example["file"]?.string)
        let data = try #require(Data(base64Encoded: example["bytes"]?.string ?? ""))
        let file = NamedRegion(name: name, region: Region(Array(data)))
        if name.hasSuffix(".gguf") { return try TokenizerModel(GGUF.open([file])) }
        return try TokenizerModel(SafetensorsDirectory.openVocabulary([file], name: "x"))
    }

    /// A unigram model of these pieces, the first of which is unknown.
    static func model(_ pieces: [(text: String, score: Double)]) -> TokenizerModel {
        var model = TokenizerModel(
            kind: .unigram, pieces: [Array("<unk>".utf8)] + pieces.map { Array($0.text.utf8) },
            types: [.unknown] + Array(repeating: .normal, count: pieces.count))
        model.scores = [0] + pieces.map(\.score)
        model.unknownID = 0
        return model
    }

    static func ids(_ text: String, _ model: TokenizerModel) throws -> [Int] {
        try Tokenizer(model).encode(text, addSpecial: false, parseSpecial: false)
    }

    @Test(arguments: cases.indices)
    func `a model file gives the ids of whose format it is`(index: Int) throws {
        let example = Self.cases[index]
        let model = try Self.model(example)
        let tokenizer = try Tokenizer(model)
        let rows = try #require(example["rows"]?.array)
        #expect(rows.count >= 20)
        for row in rows {
            let text = try #require(row["text"]?.string)
            for (key, isWhole) in [("plain", false), ("whole", true)] {
                guard let expected = row[key]?.array?.compactMap(\.integer) else { continue }
                let ids = tokenizer.encode(text, addSpecial: isWhole, parseSpecial: isWhole)
                #expect(
                    ids == expected,
                    "\(example["name"]?.string ?? ""), \(key) of \(text.debugDescription)")
            }
        }
        #expect(try TokenizerModel(decoding: model.encode()) == model)
    }

    @Test func `a tokenizer_model that marks the ends of words is refused by name`() throws {
        // A piece "a"; the trainer's field 24, without and with it.
        for (value, isRefused) in [(UInt8(0), false), (1, true)] {
            let bytes: [UInt8] = [10, 3, 10, 1, 97, 18, 3, 0xC0, 1, value]
            let file = NamedRegion(name: "tokenizer.model", region: Region(bytes))
            var message = "nothing"
            do {
                _ = try TokenizerModel(SafetensorsDirectory.openVocabulary([file], name: "x"))
            } catch {
                message = "\(error)"
            }
            #expect(message.contains("treat_whitespace_as_suffix") == isRefused, "\(message)")
        }
    }

    @Test func `all formats are there`() { #expect(Self.cases.count >= 8) }

    @Test func `the pieces with the highest sum make up a word`() throws {
        let model = Self.model([
            ("a", 0), ("b", 0), ("c", 0), ("d", 0), ("cd", 1), ("ab", 2), ("abc", 5), ("abcd", 10),
        ])
        // Kudo's own example, as the tokenizers library tells it.
        #expect(try Self.ids("abcd", model) == [8])
        #expect(try Self.ids("abcdacd", model) == [8, 1, 5])
    }

    @Test func `of equal sums the one with the longer last piece counts`() throws {
        let model = Self.model([("a", -1), ("b", -1), ("c", -1), ("ab", -2), ("bc", -2)])
        #expect(try Self.ids("abc", model) == [1, 5])
    }

    @Test func `neighbouring unknown characters are one, between pieces`() throws {
        let model = Self.model([("a", -1)])
        #expect(try Self.ids("éüaéa", model) == [0, 1, 0, 1])
        var silent = model
        silent.unknownID = nil
        #expect(try Self.ids("éüaéa", silent) == [1, 1])
    }

    @Test func `of equal pieces the last counts, and what is no piece of the model is not found`()
        throws
    {
        var model = Self.model([("a", -1), ("a", -5), ("ab", -.infinity), ("b", -2)])
        #expect(try Self.ids("ab", model) == [2, 4])
        model.types[2] = .control
        #expect(try Self.ids("ab", model) == [1, 4])
    }

    @Test func `scores of any size give ids`() throws {
        for score in [-1e300, 1e300, 0, 1e-300] {
            let model = Self.model([("a", score), ("aa", -score), ("b", score)])
            let ids = try Self.ids("aaaabéaab", model)
            #expect(ids.contains(0) && ids.count <= 9, "\(score)")
        }
    }

    @Test func `a long text takes time in proportion to its length`() throws {
        let model = Self.model([("a", -1), ("aa", -1.5), ("b", -2), ("▁", -3)])
        let text = String(repeating: "aab", count: 100_000)
        #expect(try Self.ids(text, model).count == 200_000)
    }

    @Test func `a table of replacements that is none is refused`() throws {
        let tables: [[UInt8]] = [
            [], [1, 2], [8, 0, 0, 0, 1, 2, 3, 4], [3, 0, 0, 0, 1, 2, 3], [0, 0, 0, 0, 0xFF],
        ]
        for table in tables {
            var model = Self.model([("a", -1)])
            model.normalizations = [.replacedByTable(table, .longest)]
            let error = failure { () throws(TokenizerError) in try Tokenizer(model) }
            #expect("\(error.map { "\($0)" } ?? "accepted")".contains("table of replacements"))
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `a changed table of replacements replaces something else, and never crashes`(
        seed: UInt64
    ) throws {
        let text = try #require(Self.vectors["table"]?.string)
        let table = Array(try #require(Data(base64Encoded: text)))
        var random = SeededRandom(seed: seed)
        var acceptedCount = 0
        for round in 0..<2_000 {
            var changed = table
            for _ in 0...random.below(6) {
                changed[random.below(changed.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            var model = Self.model([("a", -1), ("é", -2)])
            let reading: Normalization.TableReading = round % 2 == 0 ? .longest : .clusters
            model.normalizations = [.replacedByTable(changed, reading)]
            guard let tokenizer = try? Tokenizer(model) else { continue }
            acceptedCount += 1
            let ids = tokenizer.encode(
                "aé e\u{301}½ Straße 日本\n\u{feff}か\u{3099}", addSpecial: false,
                parseSpecial: false)
            #expect(ids.allSatisfy { model.pieces.indices.contains($0) })
        }
        #expect(acceptedCount > 500, "seed \(seed)")
    }
}
