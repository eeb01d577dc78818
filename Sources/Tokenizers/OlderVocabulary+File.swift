import Checkpoints
import Primitives

extension OlderVocabulary {
    /// All that `tokenizer.json` would say.
    func file(_ checkpoint: Checkpoint, _ configuration: JSONValue?) throws(CheckpointError)
        -> TokenizerFile
    {
        let map = try checkpoint.json(named: AddedPieces.specialName)
        var special: [String: String] = [:]
        for key in AddedPieces.specialKeys {
            // A null says that there is none.
            let said = configuration?[key] ?? map?[key]
            special[key] = said.map(AddedPieces.text) ?? family.specialTexts[key]
        }
        let added = try pieces(special, checkpoint, configuration)
        func id(_ text: String) -> Int? {
            added.first { Array($0.text.utf8) == Array(text.utf8) }?.id
                ?? vocabulary[text]?.integer
        }
        var model: [(String, JSONValue)] = [
            ("type", .string(family.isList ? "WordPiece" : "BPE")), ("vocab", .object(vocabulary)),
        ]
        if family.isList {
            model.append(("unk_token", special["unk_token"].map { .string($0) } ?? .null))
        } else {
            model.append(("merges", .array(merges)))
        }
        let (before, behind) = surroundings(special, configuration)
        let json = Self.object([
            ("model", Self.object(model)), ("normalizer", normalizer(configuration)),
            ("pre_tokenizer", preTokenizer(configuration)),
            ("post_processor", Self.surrounding(before, behind, ids: id)),
            ("decoder", Self.step(family.isList ? "WordPiece" : "ByteLevel")),
        ])
        return TokenizerFile(json, family.isList ? .wordPiece : .bytePairs, added)
    }

    /// What files add to the vocabulary, and special pieces that nobody has given an id.
    private func pieces(
        _ special: [String: String], _ checkpoint: Checkpoint, _ configuration: JSONValue?
    ) throws(CheckpointError) -> [TokenizerFile.AddedPiece] {
        let older = try AddedPieces(checkpoint)
        let decoder = configuration?["added_tokens_decoder"]?.object
        var added = decoder == nil ? older.pieces : []
        if let far = added.first(where: { !(0..<Limits.vocabularyCount).contains($0.id) }) {
            throw older.wrong("\(far.id)", for: far.text)
        }
        TokenizerFile.merge(decoder, into: &added, .object(vocabulary))
        let highest = (added.map(\.id) + vocabulary.values.compactMap(\.integer)).max() ?? -1
        var next = highest + 1
        for text in AddedPieces.specialKeys.compactMap({ special[$0] }) where !text.isEmpty {
            guard !added.contains(where: { Array($0.text.utf8) == Array(text.utf8) }) else {
                continue
            }
            let id = vocabulary[text]?.integer ?? next
            guard id < Limits.vocabularyCount else { continue }
            added.append(
                TokenizerFile.AddedPiece(id: id, text: text, isSpecial: true, traits: []))
            next = max(next, id + 1)
        }
        return added
    }

    private func normalizer(_ configuration: JSONValue?) -> JSONValue {
        switch family {
        case .gpt2, .roberta: .null
        case .qwen2: Self.step("NFC")
        case .bert:
            Self.step(
                "BertNormalizer",
                [
                    (
                        "handle_chinese_chars",
                        configuration?["tokenize_chinese_chars"] ?? .bool(true)
                    ),
                    ("strip_accents", configuration?["strip_accents"] ?? .null),
                    ("lowercase", configuration?["do_lower_case"] ?? .bool(true)),
                ])
        }
    }

    private func preTokenizer(_ configuration: JSONValue?) -> JSONValue {
        let prefix = (
            "add_prefix_space", JSONValue.bool(configuration?["add_prefix_space"]?.bool ?? false)
        )
        switch family {
        case .gpt2, .roberta: return Self.step("ByteLevel", [prefix])
        case .bert: return Self.step("BertPreTokenizer")
        case .qwen2:
            let pattern = Self.object([("Regex", .string(KnownPatterns.qwen2))])
            let steps = [
                Self.step("Split", [("pattern", pattern), ("behavior", .string("Isolated"))]),
                Self.step("ByteLevel", [prefix, ("use_regex", .bool(false))]),
            ]
            return Self.step("Sequence", [("pretokenizers", .array(steps))])
        }
    }

    private func surroundings(_ special: [String: String], _ configuration: JSONValue?)
        -> (before: [String], behind: [String])
    {
        func texts(_ key: String, if isWanted: Bool) -> [String] {
            isWanted ? [special[key]].compactMap { $0 } : []
        }
        switch family {
        case .bert, .roberta:
            return (texts("cls_token", if: true), texts("sep_token", if: true))
        case .gpt2, .qwen2:
            return (
                texts("bos_token", if: configuration?["add_bos_token"]?.bool ?? false),
                texts("eos_token", if: configuration?["add_eos_token"]?.bool ?? false)
            )
        }
    }

    private static func surrounding(
        _ before: [String], _ behind: [String], ids: (String) -> Int?
    ) -> JSONValue {
        func part(_ text: String) -> JSONValue {
            object([("SpecialToken", object([("id", .string(text))]))])
        }
        let sequence = object([("Sequence", object([("id", .string("A"))]))])
        let special = (before + behind).map { text in
            (text, object([("ids", .array(ids(text).map { [.integer(Int64($0))] } ?? []))]))
        }
        return step(
            "TemplateProcessing",
            [
                ("single", .array(before.map(part) + [sequence] + behind.map(part))),
                ("special_tokens", object(special)),
            ])
    }

    private static func step(_ type: String, _ members: [(String, JSONValue)] = []) -> JSONValue {
        object([("type", .string(type))] + members)
    }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        var object = JSONObject()
        for (name, value) in members { object.add(value, for: name) }
        return .object(object)
    }
}
