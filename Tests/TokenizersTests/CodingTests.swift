import Foundation
import Primitives
import Testing
import Tokenizers

struct CodingTests {
    /// Vocabularies of a few pieces, whose bytes stand in Tests/Vectors/tokenizer.json.
    static func tiny() -> TokenizerModel {
        var model = TokenizerModel(
            kind: .bytePairs,
            pieces: ["a", "b", "ab", " ", "<|end|>", "é"].map { Array($0.utf8) },
            types: [.normal, .normal, .normal, .normal, .control, .userDefined])
        model.traits[4] = .stripsRight
        model.traits[5] = .isNormalized
        model.merges = [.init(left: 0, right: 1, result: 2)]
        model.normalizations = [.composed]
        model.splittings = [
            .pattern(#"\s+"#, .isolated, isInverted: false), .spacePrefix, .byteLetters,
        ]
        model.ignoresMerges = true
        (model.bosID, model.eosIDs, model.prefixIDs, model.suffixIDs) = (4, [4], [4], [4])
        model.chatTemplate = "t"
        return model
    }

    static func small() -> [TokenizerModel] {
        var piece = TokenizerModel(
            kind: .sentencePiece, pieces: [Array("<unk>".utf8), Array("▁a".utf8)],
            types: [.unknown, .normal])
        piece.scores = [0, -1.5]
        piece.normalizations = [.prefixed("▁"), .replaced(" ", by: "▁")]
        (piece.dropsFirstSpace, piece.cutsLongestFirst, piece.unknownID) = (true, true, 0)
        var word = TokenizerModel(
            kind: .wordPiece, pieces: ["[UNK]", "a", "b"].map { Array($0.utf8) },
            types: [.control, .normal, .normal])
        word.traits[2] = .continuesWord
        (word.unknownID, word.wordCharacterCount) = (0, 100)
        word.normalizations = [
            .cleaned, .spacedIdeographs, .decomposed, .withoutAccents, .lowercased,
            .trimmed(left: true, right: true), .replacedMatches("x+", by: "y"),
        ]
        word.splittings = [
            .pattern(#"\s"#, .removed, isInverted: false),
            .pattern("z", .mergedWithNext, isInverted: true),
        ]
        var character = TokenizerModel(
            kind: .characterPairs, pieces: ["▁", "a", "▁a"].map { Array($0.utf8) },
            types: [.normal, .normal, .normal])
        character.merges = [.init(left: 0, right: 1, result: 2)]
        character.splittings = [.spaceMarks(.first, splits: true)]
        (character.fusesUnknown, character.takesLineFeedsWhole) = (true, true)
        (character.chatTemplate, character.toolTemplate) = ("{{ pad_token }}", "é")
        character.templateTexts = [
            .init(name: "bos_token", text: "▁"), .init(name: "pad_token", text: "<pad>"),
        ]
        var unigram = TokenizerModel(
            kind: .unigram, pieces: [Array("<unk>".utf8), Array("▁a".utf8)],
            types: [.unknown, .normal])
        (unigram.scores, unigram.unknownID) = ([0, -1.1], 0)
        unigram.normalizations = [.replacedByTable([0, 0, 0, 0], .clusters)]
        return [tiny(), piece, word, character, unigram]
    }

    @Test func `encoding has the bytes of the published vectors`() throws {
        let path =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().path + "/Vectors/tokenizer.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for model in Self.small() {
            let digits = hexadecimal(model.encode())
            #expect(text.contains("\"\(digits)\""), "\(digits)")
            #expect(try TokenizerModel(decoding: model.encode()) == model)
        }
    }

    @Test func `every value survives encoding`() throws {
        for model in [SmallModels.bytePairs(), SmallModels.sentencePiece()] + Self.small() {
            #expect(try TokenizerModel(decoding: model.encode()) == model)
        }
    }

    @Test(.enabled(if: ReferenceData.isPresent))
    func `real tokenizers survive encoding`() throws {
        for (_, path) in ReferenceTests.vocabularies {
            let model = try ReferenceTests.tokenizer(path).model
            #expect(try TokenizerModel(decoding: model.encode()) == model)
        }
    }

    @Test func `contradictions are refused`() throws {
        let changes: [(String, (inout TokenizerModel) -> Void)] = [
            ("vocabulary", { ($0.pieces, $0.types, $0.traits, $0.merges) = ([], [], [], []) }),
            ("special piece 5", { $0.pieces[5] = [0xC3] }),
            ("traits", { $0.traits.removeLast() }),
            ("types", { $0.types.removeLast() }), ("scores", { $0.scores = [1] }),
            ("merge", { $0.merges[0].result = 6 }), ("special ids", { $0.bosID = 6 }),
            ("special ids", { $0.eosIDs = [-1] }), ("end ids", { $0.eosIDs = Array(0..<65) }),
            ("special ids", { $0.suffixIDs = [6] }),
            ("around", { $0.prefixIDs = Array(repeating: 0, count: 9) }),
            ("pattern", { $0.splittings = [.pattern("(un", .isolated, isInverted: false)] }),
            ("pattern", { $0.normalizations = [.replacedMatches("(un", by: "")] }),
            ("steps", { $0.splittings = Array(repeating: .spacePrefix, count: 17) }),
            ("longest word", { $0.wordCharacterCount = -1 }),
            (
                "table of replacements",
                {
                    let table = [UInt8](repeating: 0, count: 1_048_577)
                    $0.normalizations = [.replacedByTable(table, .longest)]
                }
            ),
            ("scores", { ($0.kind, $0.merges) = (.unigram, []) }),
            (
                "scores",
                {
                    ($0.kind, $0.merges) = (.sentencePiece, [])
                    $0.scores = Array(repeating: 0.1, count: 6)
                }
            ),
            ("piece 0", { $0.pieces[0] = Array(repeating: 97, count: 5_000) }),
        ]
        for (place, change) in changes {
            var model = Self.tiny()
            change(&model)
            let error = failure { () throws(TokenizerError) in try Tokenizer(model) }
            #expect("\(error.map { "\($0)" } ?? "accepted")".contains(place), "\(place)")
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `changed bytes are refused or mean another tokenizer`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var refusedCount = 0
        for round in 0..<3_000 {
            let small = Self.small()
            var bytes =
                round % 2 == 0
                ? small[round / 2 % small.count].encode() : SmallModels.bytePairs().encode()
            for _ in 0...random.below(3) where !bytes.isEmpty {
                let place = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.removeLast(bytes.count - place)
                case 2: bytes[place] = 0xFF
                default: bytes.insert(bytes[place], at: place)
                }
            }
            do throws(TokenizerError) {
                let model = try TokenizerModel(decoding: bytes)
                #expect(model.encode() == bytes, "seed \(seed) round \(round)")
                guard let tokenizer = try? Tokenizer(model) else { continue }
                let ids = tokenizer.encode("ab é<|end|>", addSpecial: true, parseSpecial: true)
                #expect(ids.allSatisfy { model.pieces.indices.contains($0) })
            } catch {
                refusedCount += 1
                #expect(!error.description.isEmpty)
            }
        }
        #expect(refusedCount > 1_000, "seed \(seed)")
    }

    @Test func `a tokenizer cut at any byte is refused`() {
        let bytes = Self.tiny().encode()
        for count in bytes.indices {
            let error = failure { () throws(TokenizerError) in
                try TokenizerModel(decoding: Array(bytes[..<count]))
            }
            #expect(error != nil, "cut at \(count)")
        }
    }
}
