import Checkpoints
import Primitives

/// Pieces that files beside a `tokenizer.model` add to its vocabulary.
struct AddedPieces {
    private static let configurationName = "tokenizer_config.json"
    private static let olderName = "added_tokens.json"
    static let specialName = "special_tokens_map.json"
    /// Where files name special pieces; a text, or an object with a content. In the order in which
    /// transformers adds those that are new.
    static let specialKeys = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]
    /// Where they name several of them.
    private static let listKeys = ["additional_special_tokens", "extra_special_tokens"]

    private(set) var pieces: [TokenizerFile.AddedPiece] = []
    /// Who adds them.
    private var file = Self.configurationName

    /// Reads `added_tokens_decoder` of `tokenizer_config.json`; where that is not there,
    /// `added_tokens.json`, whose pieces are special if `special_tokens_map.json` or the
    /// configuration name them.
    init(_ checkpoint: Checkpoint) throws(CheckpointError) {
        let configuration = try checkpoint.json(named: Self.configurationName)
        if let added = configuration?["added_tokens_decoder"]?.object {
            for (key, value) in zip(added.keys, added.values) {
                guard let id = Int(key), let text = value["content"]?.string else {
                    throw wrong(value.kind, for: key)
                }
                var piece = TokenizerFile.addedPiece(value, id: id, text: text)
                // transformers gives these tokenizers no normalizer.
                piece.traits.remove(.isNormalized)
                pieces.append(piece)
            }
        } else if let added = try checkpoint.json(named: Self.olderName)?.object {
            file = Self.olderName
            let named = try checkpoint.json(named: Self.specialName)
            let special = Self.special(of: [configuration, named])
            for (text, value) in zip(added.keys, added.values) {
                guard let id = value.integer else { throw wrong(value.kind, for: text) }
                let isSpecial = special.contains(Array(text.utf8))
                pieces.append(
                    TokenizerFile.AddedPiece(id: id, text: text, isSpecial: isSpecial, traits: []))
            }
        }
    }

    static func text(of value: JSONValue) -> String? {
        value.string ?? value["content"]?.string
    }

    private static func special(of files: [JSONValue?]) -> Set<[UInt8]> {
        var texts: Set<[UInt8]> = []
        for file in files {
            for key in specialKeys + listKeys {
                let value = file?[key] ?? .null
                for one in value.array ?? [value] {
                    if let text = text(of: one) { texts.insert(Array(text.utf8)) }
                }
            }
        }
        return texts
    }

    func wrong(_ found: String, for key: String) -> CheckpointError {
        .metadata(
            file: file, key: String(key.prefix(80)),
            expected: "a text and an id that follows the vocabulary", found: found)
    }
}

extension TokenizerModel {
    /// Adds them, in their places or behind the vocabulary. Throws where that would leave a gap.
    mutating func addPieces(of checkpoint: Checkpoint) throws(CheckpointError) {
        let added = try AddedPieces(checkpoint)
        let most = min(pieces.count + added.pieces.count, Limits.vocabularyCount)
        for piece in added.pieces {
            guard (0..<most).contains(piece.id) else {
                throw added.wrong("\(piece.id)", for: piece.text)
            }
            while pieces.count <= piece.id {
                pieces.append([])
                scores.append(kind == .unigram ? -.infinity : 0)
                types.append(.unused)
                traits.append([])
            }
            pieces[piece.id] = Array(piece.text.utf8)
            types[piece.id] = piece.isSpecial ? .control : .userDefined
            traits[piece.id].formUnion(piece.traits)
        }
    }
}
