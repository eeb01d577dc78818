import Primitives
import Testing
import Tokenizers

struct TokenizerTests {
    @Test func `SentencePiece merges the best score first and falls back to bytes`() throws {
        let tokenizer = try Tokenizer(SmallModels.sentencePiece())
        func ids(_ text: String) -> [Int] {
            tokenizer.encode(text, addSpecial: false, parseSpecial: false)
        }
        #expect(ids("ab") == [8])
        #expect(ids("ab ab") == [8, 8])
        #expect(ids("aab") == [6, 7])
        #expect(ids("é") == [3, 9])
        // U+00FC has no piece: its two bytes do.
        #expect(ids("ü") == [3, 10 + 0xC3, 10 + 0xBC])
        #expect(ids("") == [])
        #expect(tokenizer.encode("a", addSpecial: true, parseSpecial: false) == [1, 6])
    }

    @Test func `without byte pieces an unknown character is one unknown piece`() throws {
        var model = SmallModels.sentencePiece()
        model.pieces.removeLast(256)
        model.types.removeLast(256)
        model.traits.removeLast(256)
        model.scores.removeLast(256)
        let tokenizer = try Tokenizer(model)
        #expect(tokenizer.encode("aü", addSpecial: false, parseSpecial: false) == [6, 0])
    }

    @Test func `byte pairs merge by rank inside of words`() throws {
        let tokenizer = try Tokenizer(SmallModels.bytePairs())
        func ids(_ text: String) -> [Int] {
            tokenizer.encode(text, addSpecial: false, parseSpecial: false)
        }
        #expect(ids("ababab") == [257, 256])
        #expect(ids("ab ab") == [256, 32, 256])
        #expect(ids("é") == [0xC3, 0xA9])
    }

    @Test func `a word that is a piece is taken whole where merges are ignored`() throws {
        var model = SmallModels.bytePairs()
        model.pieces.append(Array("xyz".utf8))
        model.types.append(.normal)
        model.traits.append([])
        let merging = try Tokenizer(model)
        #expect(merging.encode("xyz", addSpecial: false, parseSpecial: false) == [120, 121, 122])
        model.ignoresMerges = true
        let ignoring = try Tokenizer(model)
        #expect(ignoring.encode("xyz", addSpecial: false, parseSpecial: false) == [260])
    }

    @Test func `control pieces are text unless they are asked for; user-defined ones never`() throws
    {
        let tokenizer = try Tokenizer(SmallModels.bytePairs())
        let text = "ab<|end|><tool>ab"
        let plain = tokenizer.encode(text, addSpecial: false, parseSpecial: false)
        #expect(!plain.contains(258) && plain.contains(259))
        let parsed = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
        #expect(parsed == [256, 258, 259, 256])
        #expect(tokenizer.decode(parsed, skipSpecial: true) == "ab<tool>ab")
        #expect(tokenizer.decode(parsed, skipSpecial: false) == text)
    }

    @Test func `the longest special piece wins, and Phi-3's swallow the space after them`() throws {
        var model = SmallModels.bytePairs()
        model.pieces += [Array("<|end|>x".utf8)]
        model.types += [.control]
        model.traits = model.types.map { $0 == .control ? .stripsRight : [] }
        let tokenizer = try Tokenizer(model)
        let ids = tokenizer.encode(
            "<|end|>x \n ab<|end|> ab", addSpecial: false, parseSpecial: true)
        #expect(ids == [260, 256, 258, 256])
    }

    @Test func `SentencePiece makes no piece of more than 256 bytes, and long ones take no time`()
        throws
    {
        var model = SmallModels.sentencePiece()
        func add(_ texts: [String]) {
            model.pieces += texts.map { Array($0.utf8) }
            model.types += texts.map { _ in .normal }
            model.traits += texts.map { _ in [] }
            model.scores += texts.map { Double($0.utf8.count) }
        }
        add((2...257).map { String(repeating: "q", count: $0) } + ["q"])
        add((0..<1_000).map { String(repeating: "ab", count: 2_045) + "\($0)" })
        var tokenizer: Tokenizer?
        let time = try ContinuousClock().measure { tokenizer = try Tokenizer(model) }
        // A few milliseconds; every split of every piece took 35 seconds.
        #expect(time < .seconds(5), "\(time)")
        let text = String(repeating: "q", count: 257)
        let ids = tokenizer?.encode(text, addSpecial: false, parseSpecial: false)
        #expect(ids?.map { model.pieces[$0].count } == [3, 256, 1])
    }

    @Test func `ids outside of the vocabulary add nothing`() throws {
        let tokenizer = try Tokenizer(SmallModels.bytePairs())
        #expect(tokenizer.decode([-1, 97, 9_999, 98], skipSpecial: true) == "ab")
    }

    @Test func `a character cut into bytes appears when it is complete`() throws {
        let tokenizer = try Tokenizer(SmallModels.bytePairs())
        var decoder = StreamingDecoder(tokenizer, startsText: true)
        let steps = Array("a😀é".utf8).map { decoder.append(Int($0)) }
        #expect(steps == ["a", "", "", "", "😀", "", "é"])
        #expect(decoder.finish() == "")
        #expect(decoder.append(0xE2) == "" && decoder.append(0x82) == "")
        #expect(decoder.finish() == "\u{FFFD}")
        #expect(decoder.append(0xFF) == "\u{FFFD}")
        #expect(decoder.append(0xE2) + decoder.append(97) == "\u{FFFD}a")
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `a stream of any ids joins to what all of them decode to`(seed: UInt64) throws {
        for model in [SmallModels.bytePairs(), SmallModels.sentencePiece()] {
            let tokenizer = try Tokenizer(model)
            var random = SeededRandom(seed: seed)
            for _ in 0..<200 {
                let ids = (0..<random.below(30)).map { _ in random.below(model.pieces.count) }
                var decoder = StreamingDecoder(tokenizer, startsText: true)
                let joined = ids.map { decoder.append($0) }.joined() + decoder.finish()
                // The same bytes at once, by the standard library.
                var bytes = ids.flatMap { id -> [UInt8] in
                    switch model.types[id] {
                    case .control, .unknown: []
                    case .byte: [UInt8(id - 10)]
                    default:
                        Array(
                            String(decoding: model.pieces[id], as: UTF8.self)
                                .replacing("▁", with: " ").utf8)
                    }
                }
                if model.kind == .bytePairs {
                    bytes = ids.flatMap { model.types[$0] == .control ? [] : model.pieces[$0] }
                } else if bytes.first == 32 {
                    bytes.removeFirst()
                }
                #expect(joined == String(decoding: bytes, as: UTF8.self), "seed \(seed) ids \(ids)")
            }
        }
    }

    @Test func `the leading space goes at the start of a text and stays in a continuation`() throws
    {
        let tokenizer = try Tokenizer(SmallModels.sentencePiece())
        for (startsText, text) in [(true, "ab ab"), (false, " ab ab")] {
            var decoder = StreamingDecoder(tokenizer, startsText: startsText)
            #expect(decoder.append(1) + decoder.append(8) + decoder.append(8) == text)
        }
    }

    @Test func `a hundred thousand equal characters take no quadratic time`() throws {
        let clock = ContinuousClock()
        for model in [SmallModels.bytePairs(), SmallModels.sentencePiece()] {
            let tokenizer = try Tokenizer(model)
            for unit in ["a", "ab", " ", "\n"] {
                let text = String(repeating: unit, count: 100_000)
                var ids: [Int] = []
                let time = clock.measure {
                    ids = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
                }
                #expect(tokenizer.decode(ids, skipSpecial: true) == text)
                // A second or so in a debug build; quadratic merging would take an hour.
                #expect(time < .seconds(120), "\(unit.debugDescription): \(time)")
            }
        }
    }

    /// What PCRE2 compiles to machine code has 32 KiB of stack, and gave up here.
    @Test(arguments: [5_000, 100_000])
    func `a word of very many letters is cut like any other, by patterns that repeat groups`(
        count: Int
    ) throws {
        var model = SmallModels.bytePairs()
        // As of Tekken, GPT-4o and Llama 4. What does not match vanishes.
        let letters = #"[^\r\n\p{L}\p{N}]?(?:(?=[\p{L}])[^a-z])*(?:(?=[\p{L}])[^A-Z])+"#
        model.splittings = [.pattern(letters, .removed, isInverted: true)]
        let text = "b1" + String(repeating: "a", count: count) + "11b1\nB1Xa"
        let ids = try Tokenizer(model).encode(text, addSpecial: false, parseSpecial: false)
        #expect(ids == [98] + Array(repeating: 97, count: count) + [98, 88, 97])
    }

    @Test func `a pattern that backtracks without end meets its limit, and no text is lost`() throws
    {
        var model = SmallModels.bytePairs()
        model.splittings = [.pattern("(a+)+$", .isolated, isInverted: false)]
        let tokenizer = try Tokenizer(model)
        let text = "b" + String(repeating: "a", count: 5_000) + "c"
        let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: false)
        #expect(tokenizer.decode(ids, skipSpecial: true) == text)
    }

    @Test func `a match of nothing cuts a word, and the search goes on behind it`() throws {
        var model = SmallModels.bytePairs()
        func ids(_ pattern: String) throws -> [Int] {
            model.splittings = [.pattern(pattern, .isolated, isInverted: false)]
            return try Tokenizer(model).encode("aab", addSpecial: false, parseSpecial: false)
        }
        #expect(try ids("(?=b)") == [97, 97, 98])
        #expect(try ids("(?=a)|x*") == [97, 97, 98])
        #expect(try ids("(?!)") == [97, 256])
    }
}
