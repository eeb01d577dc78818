import Tokenizers

/// Vocabularies small enough to merge by hand.
enum SmallModels {
    /// Words of a, b and spaces; bytes for everything else.
    static func sentencePiece() -> TokenizerModel {
        let texts = ["<unk>", "<s>", "</s>", "▁", "a", "b", "▁a", "ab", "▁ab", "é"]
        let bytes = (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
        }
        var model = TokenizerModel(
            kind: .sentencePiece, pieces: (texts + bytes).map { Array($0.utf8) },
            types: [.unknown, .control, .control] + Array(repeating: .normal, count: 7)
                + Array(repeating: .byte, count: 256))
        model.scores = [0, 0, 0, -10, -11, -12, -3, -2, -1, -13] + Array(repeating: 0, count: 256)
        model.prefixIDs = [1]
        model.normalizations = [.prefixed("▁"), .replaced(" ", by: "▁")]
        (model.dropsFirstSpace, model.cutsLongestFirst) = (true, true)
        (model.bosID, model.unknownID, model.eosIDs) = (1, 0, [2])
        return model
    }

    /// All bytes as themselves, then "ab", "abab", a control piece and a user-defined one.
    static func bytePairs() -> TokenizerModel {
        var pieces = (0..<256).map { [UInt8($0)] }
        pieces += ["ab", "abab", "<|end|>", "<tool>"].map { Array($0.utf8) }
        let types: [TokenizerModel.PieceType] = Array(repeating: .normal, count: 258)
        var model = TokenizerModel(
            kind: .bytePairs, pieces: pieces, types: types + [.control, .userDefined])
        model.merges = [
            .init(left: 97, right: 98, result: 256), .init(left: 256, right: 256, result: 257),
        ]
        model.splittings = [.pattern(#"\s*\S+|\s+"#, .isolated, isInverted: false)]
        model.eosIDs = [258]
        model.chatTemplate = "<|im_start|>"
        return model
    }
}

/// What `body` throws, or nil.
func failure<Value>(_ body: () throws(TokenizerError) -> Value) -> TokenizerError? {
    do throws(TokenizerError) {
        _ = try body()
        return nil
    } catch { return error }
}
