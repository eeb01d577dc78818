import Primitives
import Testing
import Tokenizers

/// Tables of replacements may come from a stranger.
struct CharacterMapTests {
    /// A table with this one key of one byte.
    private func table(_ key: UInt8, _ replacement: String) -> [UInt8] {
        // The root's children are at 256, so that the key's unit is at 256 xor key; its value is at
        // 768.
        var units = [UInt32](repeating: 0, count: 769)
        let place = 256 ^ Int(key)
        units[0] = 256 << 10
        units[place] = UInt32(key) | 1 << 8 | UInt32(place ^ 768) << 10
        let trie = units.flatMap { unit in (0..<4).map { UInt8(unit >> (8 * $0) & 0xFF) } }
        let count = UInt32(trie.count)
        return (0..<4).map { UInt8(count >> (8 * $0) & 0xFF) } + trie + Array(replacement.utf8) + [
            0
        ]
    }

    private func ids(_ text: String, _ normalizations: [Normalization]) throws -> [Int] {
        var model = TokenizerModel(
            kind: .unigram, pieces: ["?", "x", "a", "▁", "é"].map { Array($0.utf8) },
            types: [.unknown, .normal, .normal, .normal, .normal])
        (model.scores, model.unknownID) = ([0, -1, -1, -1, -1], 0)
        model.normalizations = normalizations
        return try Tokenizer(model).encode(text, addSpecial: false, parseSpecial: false)
    }

    @Test func `a key of one character is replaced`() throws {
        let table = table(UInt8(ascii: "a"), "x")
        for reading in [Normalization.TableReading.longest, .clusters] {
            #expect(try ids("▁aéa", [.replacedByTable(table, reading)]) == [3, 1, 4, 1])
        }
    }

    @Test(arguments: [Normalization.TableReading.longest, .clusters])
    func `a table that would make a text too long changes nothing`(
        reading: Normalization.TableReading
    ) throws {
        let long = table(UInt8(ascii: "a"), String(repeating: "x", count: 5_000))
        #expect(try ids("aaé", [.replacedByTable(long, reading)]) == [2, 2, 4])
        let text = "a" + String(repeating: "é", count: 100)
        let count = try ids(text, [.replacedByTable(long, reading)]).count
        #expect(count == 5_100)
    }

    @Test(arguments: [Normalization.TableReading.longest, .clusters])
    func `a key that ends inside of a character is none`(
        reading: Normalization.TableReading
    ) throws {
        // The first bytes of U+2581, of U+00E9 and of U+1F600.
        for key in [UInt8(0xE2), 0xC3, 0xF0, 0x80, 0x96] {
            let step = Normalization.replacedByTable(table(key, "x"), reading)
            for steps in [[step], [step, step], [step, .replacedMatches("x+", by: "a")]] {
                #expect(try ids("▁aé▁", steps) == [3, 2, 4, 3], "\(key)")
                #expect(try ids("😀a😀é", steps) == [0, 2, 0, 4], "\(key)")
            }
        }
    }
}
