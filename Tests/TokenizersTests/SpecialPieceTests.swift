import Primitives
import Testing
import Tokenizers

struct SpecialPieceTests {
    /// The 256 bytes, and then special pieces; plain text becomes its bytes.
    private func model(
        _ specials: [(text: String, type: TokenizerModel.PieceType)], longestFirst: Bool
    ) -> TokenizerModel {
        let bytes = (0..<256).map { [UInt8($0)] }
        var model = TokenizerModel(
            kind: .bytePairs, pieces: bytes + specials.map { Array($0.text.utf8) },
            types: Array(repeating: .normal, count: 256) + specials.map(\.type))
        model.cutsLongestFirst = longestFirst
        return model
    }

    /// By Protocol.md's words, piece by piece.
    private func expected(_ text: [UInt8], _ model: TokenizerModel, parses: Bool) -> [Int] {
        let specials = (256..<max(256, model.pieces.count)).filter { !model.pieces[$0].isEmpty }
        func counts(_ id: Int) -> Bool { parses || model.types[id] == .userDefined }
        func fitting(_ text: ArraySlice<UInt8>) -> [Int] {
            specials.filter { text.starts(with: model.pieces[$0]) }
        }
        if !model.cutsLongestFirst {
            var (ids, index) = ([Int](), 0)
            while index < text.count {
                let all = fitting(text[index...])
                let count = all.map { model.pieces[$0].count }.max() ?? 1
                let found = all.first { model.pieces[$0].count == count }
                if let found, counts(found) {
                    ids.append(found)
                } else {
                    ids += text[index..<index + count].map { Int($0) }
                }
                index += count
            }
            return ids
        }
        // Bytes that no piece has taken yet, and pieces as negative numbers.
        var symbols = text.map { Int($0) }
        for count in Set(specials.map { model.pieces[$0].count }).sorted(by: >) {
            var index = 0
            while index + count <= symbols.count {
                let part = symbols[index..<index + count].map { UInt8(exactly: $0) }
                let found = specials.first { id in
                    model.pieces[id].count == count && counts(id)
                        && part == model.pieces[id].map { Optional($0) }
                }
                if let found { symbols.replaceSubrange(index..<index + count, with: [found]) }
                index += 1
            }
        }
        return symbols
    }

    @Test(arguments: [UInt64(1), 2, 3], [false, true])
    func `the pieces that win are those that Protocol.md names`(
        seed: UInt64, longestFirst: Bool
    ) throws {
        var random = SeededRandom(seed: seed)
        func any() -> String {
            String((0...random.below(4)).map { _ in "<ab>"[random.below(4)] })
        }
        for round in 0..<300 {
            let specials = (0...random.below(20)).map { _ in
                (any(), random.below(2) == 0 ? TokenizerModel.PieceType.control : .userDefined)
            }
            let model = model(specials, longestFirst: longestFirst)
            let tokenizer = try Tokenizer(model)
            let text = (0..<10).map { _ in any() }.joined()
            for parses in [false, true] {
                let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: parses)
                let slow = expected(Array(text.utf8), model, parses: parses)
                #expect(ids == slow, "seed \(seed) round \(round): \(text)")
            }
        }
    }

    @Test(arguments: [false, true])
    func `thousands of special pieces that begin alike take no time of their own`(
        longestFirst: Bool
    ) throws {
        // As Gemma's.
        let specials = (0..<6_242).map { ("<unused\($0)>", TokenizerModel.PieceType.userDefined) }
        let tokenizer = try Tokenizer(model(specials, longestFirst: longestFirst))
        let text = String(repeating: "<p class='x'><b></b></p><unused", count: 40_000)
        var ids: [Int] = []
        let time = ContinuousClock().measure {
            ids = tokenizer.encode(text + "<unused6241>", addSpecial: false, parseSpecial: true)
        }
        #expect(ids.last == 256 + 6_241 && ids.count == text.utf8.count + 1)
        // A tenth of a second; piece by piece it was six and ten.
        #expect(time < .seconds(5), "\(time)")
    }
}

extension String {
    fileprivate subscript(place: Int) -> Character { self[index(startIndex, offsetBy: place)] }
}
