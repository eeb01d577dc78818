import Checkpoints
import Foundation
import Primitives
import Testing
import Tokenizers

/// `tokenizer.json` in its many forms, against what the tokenizers library made of them
/// (Tests/Vectors/tokenizer-files.py).
struct TokenizerFileTests {
    static let cases = TokenizerVectors.cases("tokenizer-files")

    static func checkpoint(_ text: String) throws -> Checkpoint {
        let file = NamedRegion(name: "tokenizer.json", region: Region(Array(text.utf8)))
        return try SafetensorsDirectory.openVocabulary([file], name: "a tokenizer")
    }

    static func model(_ text: String) throws -> TokenizerModel {
        try TokenizerModel(checkpoint(text))
    }

    @Test(arguments: cases.indices)
    func `a file gives the ids of the tokenizers library`(index: Int) throws {
        let example = Self.cases[index]
        let model = try Self.model(try #require(example["file"]).text)
        try TokenizerVectors.check(model, of: example, rowCount: 25)
    }

    @Test func `a model that does not say what it is is known by what only it has`() throws {
        let word = try Self.model(
            """
            {"model": {"unk_token": "[UNK]", "continuing_subword_prefix": "##",
             "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "a": 1, "##b": 2}}}
            """)
        #expect(word.kind == .wordPiece)
        let ids = try Tokenizer(word).encode("ab", addSpecial: false, parseSpecial: false)
        #expect(ids == [1, 2])
        let unigram = try Self.model(
            #"{"model": {"unk_id": 0, "vocab": [["<unk>", 0], ["a", -1]]}}"#)
        #expect(unigram.kind == .unigram)
        #expect(throws: CheckpointError.self) { try Self.model(#"{"model": {"vocab": {"a": 0}}}"#) }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `changed files are refused or mean another tokenizer, and never crash`(
        seed: UInt64
    ) throws {
        let refusedCount = try TokenizerVectors.refusedCount(of: 120, seed: seed) { random in
            let example = Self.cases[random.below(Self.cases.count)]
            var bytes = Array(try #require(example["file"]).text.utf8)
            TokenizerVectors.change(&bytes, &random)
            return NamedRegion(name: "tokenizer.json", region: Region(bytes))
        } read: {
            try TokenizerModel(SafetensorsDirectory.openVocabulary([$0], name: "x"))
        }
        #expect(refusedCount > 20, "seed \(seed)")
    }

    /// As transformers 5.24 reads them; it adds what is new in order.
    @Test func `pieces of tokenizer_config.json are added, and their traits count more`() throws {
        let texts = [
            (
                "tokenizer.json",
                #"{"model":{"type":"BPE","vocab":{"a":0," ":1,"b":2},"merges":[]},"#
                    + #""added_tokens":[{"id":3,"content":"<s>","special":true}]}"#
            ),
            (
                "tokenizer_config.json",
                #"{"added_tokens_decoder":{"3":{"content":"<s>","special":true,"lstrip":true},"#
                    + #""4":{"content":"<new>"},"9":{"content":"<far>"}}}"#
            ),
        ]
        let files = texts.map { NamedRegion(name: $0.0, region: Region(Array($0.1.utf8))) }
        let model = try TokenizerModel(SafetensorsDirectory.openVocabulary(files, name: "x"))
        let ids = try Tokenizer(model).encode(
            "a <s>b<new>", addSpecial: false, parseSpecial: true)
        #expect(ids == [0, 3, 2, 4])
        #expect(model.specialID("<far>") == nil)
    }

    @Test func `all forms are there`() { #expect(Self.cases.count >= 28) }

    @Test(arguments: [
        (#"{"model":{"type":"WordLevel","vocab":{}}}"#, "WordLevel"),
        (#"{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}"#, "ids from 0"),
        (#"{"model":{"type":"BPE","vocab":{"a":99999999},"merges":[]}}"#, "ids from 0"),
        (#"{"model":{"type":"BPE","vocab":{"a":1000000},"merges":[]}}"#, "large gaps"),
        (#"{"model":{"type":"BPE","vocab":{},"merges":[]}}"#, "1 to"),
        (#"{"model":{"type":"BPE","vocab":{"a":0}}}"#, "merges"),
        (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":["ab"]}}"#, "two pieces"),
        (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}}"#, "two pieces"),
        (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a "]}}"#, "two pieces"),
        (#"{"model":{"type":"BPE","vocab":{"a":0,"":1},"merges":[["a",""]]}}"#, "two pieces"),
        (#"{"model":{"vocab":{"a":0},"merges":[],"end_of_word_suffix":"</w>"}}"#, "</w>"),
        (
            #"{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"("}},"#
                + #""model":{"vocab":{"a":0},"merges":[]}}"#, "regular expression"
        ),
        (
            #"{"pre_tokenizer":{"type":"UnicodeScripts"},"model":{"vocab":{"a":0},"merges":[]}}"#,
            "UnicodeScripts"
        ),
        (#"{"normalizer":{"type":"Nmt"},"model":{"vocab":{"a":0},"merges":[]}}"#, "Nmt"),
        (#"{"added_tokens":[{"id":-1,"content":"x"}],"model":{"merges":[]}}"#, "an id and"),
        (#"{"model":{"type":"WordPiece","vocab":{"a":0},"max_input_chars_per_word":0}}"#, "1 to"),
        (#"{"model":{"type":"Unigram","vocab":[]}}"#, "1 to"),
        (#"{"model":{"type":"Unigram","vocab":{"a":0}}}"#, "an array"),
        (#"{"model":{"type":"Unigram","vocab":[["a"]]}}"#, "texts with a score"),
        (#"{"model":{"type":"Unigram","unk_id":1,"vocab":[["a",0]]}}"#, "the id of a piece"),
        (
            #"{"normalizer":{"type":"Precompiled","precompiled_charsmap":"?"},"#
                + #""model":{"type":"Unigram","vocab":[["a",0]]}}"#, "base64"
        ),
        (
            #"{"normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAA"},"#
                + #""model":{"type":"Unigram","vocab":[["a",0]]}}"#, "table of replacements"
        ),
    ])
    func `a file that can't be used is refused with the reason`(text: String, reason: String) {
        do {
            _ = try Tokenizer(Self.model(text))
            Issue.record("accepted: \(text)")
        } catch {
            #expect("\(error)".contains(reason), "\(error)")
        }
    }
}

extension JSONValue {
    /// The document again, as JSON.
    var text: String {
        func quoted(_ text: String) -> String {
            let data = try? JSONEncoder().encode(text)
            return data.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
        }
        switch self {
        case .null: return "null"
        case .bool(let value): return "\(value)"
        case .integer(let value): return "\(value)"
        case .number(let value): return "\(value)"
        case .string(let text): return quoted(text)
        case .array(let all): return "[" + all.map(\.text).joined(separator: ",") + "]"
        case .object(let object):
            let members = zip(object.keys, object.values).map { quoted($0) + ":" + $1.text }
            return "{" + members.joined(separator: ",") + "}"
        }
    }
}
