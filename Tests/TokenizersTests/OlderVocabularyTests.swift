import Checkpoints
import Primitives
import Testing
import Tokenizers

/// Folders with `vocab.json` and `merges.txt`, or `vocab.txt`, against what transformers made of
/// them (Tests/Vectors/older-vocabularies.py).
struct OlderVocabularyTests {
    static let cases = TokenizerVectors.cases("older-vocabularies")

    static func checkpoint(_ files: [(name: String, text: String)]) throws -> Checkpoint {
        let regions = files.map {
            NamedRegion(name: $0.name, region: Region(Array($0.text.utf8)))
        }
        return try SafetensorsDirectory.openVocabulary(regions, name: "a folder")
    }

    static func message(_ work: () throws -> TokenizerModel) -> String {
        do {
            _ = try work()
            return "nothing"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: cases.indices)
    func `a folder without tokenizer json gives the ids of transformers`(index: Int) throws {
        let example = Self.cases[index]
        let files = try #require(example["files"]?.object)
        let named = zip(files.keys, files.values).map { (name: $0, text: $1.string ?? "") }
        #expect(named.allSatisfy { SafetensorsDirectory.isWanted($0.name) })
        #expect(named.contains { SafetensorsDirectory.isVocabulary($0.name) })
        let checkpoint = try Self.checkpoint(named)
        #expect(try !TokenizerModel.isAbsent(in: checkpoint))
        let model = try TokenizerModel(checkpoint)
        try TokenizerVectors.check(model, of: example, rowCount: 16)
    }

    @Test func `there are all of these folders`() { #expect(Self.cases.count == 12) }

    @Test func `a class that is not known is named, and ids need no class`() throws {
        let files = [
            (name: "vocab.json", text: #"{"a": 0}"#), (name: "merges.txt", text: ""),
            (name: "tokenizer_config.json", text: #"{"tokenizer_class": "EsmTokenizer"}"#),
        ]
        let message = Self.message { try TokenizerModel(Self.checkpoint(files)) }
        #expect(message.contains("vocab.json") && message.contains("EsmTokenizer"))
        #expect(message.contains("GPT2Tokenizer"))
        #expect(try TokenizerModel.isAbsent(in: Self.checkpoint(files)))
    }

    @Test func `bad files are named, and the place in them`() {
        let setting = (
            name: "tokenizer_config.json", text: #"{"tokenizer_class": "GPT2Tokenizer"}"#
        )
        let map = (name: "vocab.json", text: #"{"a": 0, "b": 1}"#)
        for (files, words) in [
            ([(name: "vocab.json", text: "[]"), setting], ["vocab.json", "an object"]),
            (
                [
                    (name: "vocab.json", text: #"{"a": -1}"#), (name: "merges.txt", text: ""),
                    setting,
                ],
                ["vocab.json", "the integer -1"]
            ),
            ([map, setting], ["merges.txt"]),
            (
                [map, (name: "merges.txt", text: "#version: 0.2\na b\nab\n"), setting],
                ["merges.txt", "line 3", "'ab'"]
            ),
        ] {
            let message = Self.message { try TokenizerModel(Self.checkpoint(files)) }
            for word in words { #expect(message.contains(word), "\(message)") }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `changed files are refused or mean another tokenizer, and never crash`(
        seed: UInt64
    ) throws {
        let refusedCount = try TokenizerVectors.refusedCount(of: 100, seed: seed) { random in
            let files = try #require(Self.cases[random.below(Self.cases.count)]["files"]?.object)
            var contents = files.values.map { Array(($0.string ?? "").utf8) }
            TokenizerVectors.change(&contents[random.below(contents.count)], &random)
            return zip(files.keys, contents).map { NamedRegion(name: $0, region: Region($1)) }
        } read: {
            try TokenizerModel(SafetensorsDirectory.openVocabulary($0, name: "x"))
        }
        #expect(refusedCount > 10, "seed \(seed)")
    }

    @Test func `a line of a list that is no UTF-8 is named by its offset`() throws {
        let regions = [
            NamedRegion(name: "vocab.txt", region: Region(Array("a\nb\n".utf8) + [0xff, 10])),
            NamedRegion(
                name: "config.json", region: Region(Array(#"{"model_type": "bert"}"#.utf8))),
        ]
        let checkpoint = try SafetensorsDirectory.openVocabulary(regions, name: "a folder")
        let message = Self.message { try TokenizerModel(checkpoint) }
        #expect(message.contains("vocab.txt") && message.contains("4"), "\(message)")
    }
}
