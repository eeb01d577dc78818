import Checkpoints
import Foundation
import Testing
import Tokenizers

/// Regular expressions of `tokenizer.json`, against the words that the tokenizers library cuts by
/// them (Tests/Vectors/tokenizer-patterns.py).
struct PatternTests {
    private static let vectors: JSONValue? = {
        let path =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().path + "/Vectors/tokenizer-patterns.json"
        let bytes = (try? Data(contentsOf: URL(fileURLWithPath: path))).map { Array($0) } ?? []
        return try? JSONValue(parsing: bytes, file: path)
    }()
    private static var cases: [JSONValue] { vectors?["cases"]?.array ?? [] }

    @Test(arguments: cases.indices)
    func `a pattern cuts the words of the tokenizers library`(index: Int) throws {
        let example = Self.cases[index]
        let name = example["name"]?.string ?? ""
        let tokenizer = try Tokenizer(
            TokenizerFileTests.model(try #require(example["file"]).text))
        let texts = try #require(Self.vectors?["texts"]?.array)
        let rows = try #require(example["ids"]?.array)
        #expect(rows.count == texts.count && texts.count > 10)
        for (text, row) in zip(texts, rows) {
            let text = try #require(text.string)
            #expect(
                tokenizer.encode(text, addSpecial: false, parseSpecial: false)
                    == row.array?.compactMap(\.integer),
                "\(name) of \(text.debugDescription)")
        }
    }

    @Test(arguments: [
        "[a", "[", "[^", "[]", "[a&&", "[&&a]", "[a&&]", "[[:nothing:]]", "\\u12", "\\p{L", "\\",
        "(", "[\\", "[[[", "a{2", "\\p{Nothing}",
    ])
    func `a pattern that is none, or that PCRE2 can't say, is refused or taken as text`(
        pattern: String
    ) {
        let quoted = JSONValue.string(pattern).text
        let file = """
            {"model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 1}, "unk_token": "[UNK]"},
             "pre_tokenizer": {"type": "Split", "pattern": {"Regex": \(quoted)},
             "behavior": "Isolated", "invert": false}}
            """
        let text: String
        do {
            let tokenizer = try Tokenizer(TokenizerFileTests.model(file))
            text = pattern == "a{2" ? "" : "accepted"
            #expect(tokenizer.encode("a", addSpecial: false, parseSpecial: false) == [1])
        } catch {
            text = "\(error)"
        }
        #expect(text.isEmpty || text.contains("expression"), "\(text)")
    }

    @Test(arguments: ["[", "(", "{", "()"])
    func `patterns as long as a file are refused at once`(text: String) {
        for count in [4_000, 1_000_000] {
            let file = """
                {"model": {"type": "WordPiece", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"},
                 "pre_tokenizer": {"type": "Split", "behavior": "Isolated", "pattern": {"Regex":
                 "\(String(repeating: text, count: count))"}}}
                """
            let model = try? TokenizerFileTests.model(file)
            #expect(count < 5_000 || model == nil)
            let isRun = model.map { (try? Tokenizer($0)) != nil } ?? false
            #expect(isRun == (text == "{" && count == 4_000))
        }
    }
}
