import Checkpoints
import Foundation
import Primitives
import Testing
import Tokenizers

/// Files of tokenizers, and what other implementations made of texts with them.
enum TokenizerVectors {
    /// The cases of `Tests/Vectors/NAME.json`; none where it can't be read.
    static func cases(_ name: String) -> [JSONValue] {
        let path =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().path + "/Vectors/\(name).json"
        let bytes = (try? Data(contentsOf: URL(fileURLWithPath: path))).map { Array($0) } ?? []
        return (try? JSONValue(parsing: bytes, file: path))?["cases"]?.array ?? []
    }

    /// The ids of each row's text: special pieces as text, as pieces, and with what surrounds it.
    static func check(_ model: TokenizerModel, of example: JSONValue, rowCount: Int) throws {
        let name = example["name"]?.string ?? ""
        let tokenizer = try Tokenizer(model)
        let rows = try #require(example["rows"]?.array)
        #expect(rows.count >= rowCount)
        for row in rows {
            let text = try #require(row["text"]?.string)
            for (key, parses, adds) in [
                ("plain", false, false), ("special", true, false), ("whole", true, true),
            ] {
                let ids = tokenizer.encode(text, addSpecial: adds, parseSpecial: parses)
                #expect(
                    ids == row[key]?.array?.compactMap(\.integer),
                    "\(name), \(key) of \(text.debugDescription)")
            }
        }
        #expect(try TokenizerModel(decoding: model.encode()) == model)
    }

    /// A text with special pieces becomes ids that there are, and they become a text.
    static func checkRange(_ model: TokenizerModel, round: Int) throws {
        let tokenizer = try Tokenizer(model)
        let text = " Été <tool>日本 <left> <|turn|> 12 ab"
        let ids = tokenizer.encode(text, addSpecial: true, parseSpecial: true)
        #expect(ids.allSatisfy { model.pieces.indices.contains($0) }, "round \(round)")
        _ = tokenizer.decode(ids, skipSpecial: false)
    }

    /// How many of so many changed files are refused, with words; the others mean tokenizers.
    static func refusedCount<File>(
        of count: Int, seed: UInt64, file: (inout SeededRandom) throws -> File,
        read: (File) throws -> TokenizerModel
    ) throws -> Int {
        var random = SeededRandom(seed: seed)
        var refusedCount = 0
        for round in 0..<count {
            let file = try file(&random)
            do {
                try checkRange(read(file), round: round)
            } catch {
                refusedCount += 1
                #expect(!"\(error)".isEmpty)
            }
        }
        return refusedCount
    }

    /// Changes up to four places of a file.
    static func change(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        for _ in 0...random.below(4) {
            guard !bytes.isEmpty else { return }
            let place = random.below(bytes.count)
            switch random.below(4) {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.removeSubrange(place..<min(bytes.count, place + random.below(40)))
            case 2: bytes.insert(bytes[random.below(bytes.count)], at: place)
            // Digits matter most: ids, counts.
            default:
                let digits = bytes.indices.filter { (48...57).contains(bytes[$0]) }
                if let digit = digits.isEmpty ? nil : digits[random.below(digits.count)] {
                    bytes[digit] = UInt8(ascii: "9")
                }
            }
        }
    }
}
