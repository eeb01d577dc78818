import Checkpoints
import Primitives

extension TokenizerModel {
    /// A text that chat templates know by a name, such as `bos_token`.
    public struct TemplateText: Hashable, Sendable {
        public var name: String
        public var text: String

        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }

        /// Names stand in the order of their bytes.
        func stands(before other: TemplateText) -> Bool {
            name.utf8.lexicographicallyPrecedes(other.name.utf8)
        }

        var isShort: Bool {
            let limit = Limits.vocabularyPieceByteCount
            return name.utf8.count <= limit && text.utf8.count <= limit
        }
    }

    /// The texts of the pieces that begin and end a text and stand for what is unknown, as far as
    /// there are such: what templates know where no file says otherwise.
    private var textsOfIDs: [TemplateText] {
        let ids = [("bos_token", bosID), ("eos_token", eosIDs.first), ("unk_token", unknownID)]
        return ids.compactMap { name, id in
            id.map { TemplateText(name: name, text: String(decoding: pieces[$0], as: UTF8.self)) }
        }
    }

    /// What a chat template knows by name.
    var knownTexts: [TemplateText] { templateTexts ?? textsOfIDs }

    /// Reads what a checkpoint says beside its usual template. Longer templates than are known here
    /// are dropped.
    mutating func setChat(_ checkpoint: Checkpoint) throws(CheckpointError) {
        func usable(_ text: String?) -> String? {
            text.flatMap { $0.utf8.count > Limits.chatTemplateByteCount ? nil : $0 }
        }
        chatTemplate = usable(chatTemplate)
        guard chatTemplate != nil else { return }
        toolTemplate = usable(
            try checkpoint.metadata.string("tokenizer.chat_template.tool_use"))
        guard checkpoint.format == .safetensors else { return }
        let files = [
            try checkpoint.json(named: "tokenizer_config.json"),
            try checkpoint.json(named: "special_tokens_map.json"),
        ].compactMap { $0?.object }
        let said = files.reduce(into: []) { $0 += Self.texts(in: $1) }
        // The first file counts, also where it says that there is no such piece.
        let usual = textsOfIDs.filter { isInTemplates($0.name) }
        var texts: [TemplateText] = []
        for (name, text) in said + usual.map({ ($0.name, $0.text) }) where isInTemplates(name) {
            guard !texts.contains(where: { $0.name == name }) else { continue }
            texts.append(TemplateText(name: name, text: text ?? ""))
        }
        texts = texts.filter { !$0.text.isEmpty && $0.isShort }.sorted { $0.stands(before: $1) }
        guard texts != usual, texts.count <= Limits.templateTextCount else { return }
        templateTexts = texts
    }

    private func isInTemplates(_ name: String) -> Bool {
        [chatTemplate, toolTemplate].contains { $0?.contains(name) ?? false }
    }

    /// `bos_token` and the like: a text, an object with one, or null for none.
    private static func texts(in file: JSONObject) -> [(name: String, text: String?)] {
        var texts: [(name: String, text: String?)] = []
        for (name, value) in zip(file.keys, file.values) {
            if name == "extra_special_tokens", let object = value.object {
                texts += Self.texts(in: object)
            } else if name.hasSuffix("_token"), value == .null {
                texts.append((name, nil))
            } else if name.hasSuffix("_token"), let text = AddedPieces.text(of: value) {
                texts.append((name, text))
            }
        }
        return texts
    }
}

// MARK: the encoded form

extension TokenizerModel {
    /// What follows the ids: bits for what there is, then that.
    func writeChat(into writer: inout ByteWriter) {
        guard let chatTemplate else { return writer.write(UInt8(0)) }
        writer.write(
            1 | (toolTemplate == nil ? 0 : 2) as UInt8 | (templateTexts == nil ? 0 : 4))
        writer.writeString(chatTemplate)
        if let toolTemplate { writer.writeString(toolTemplate) }
        guard let templateTexts else { return }
        writer.writeVarint(templateTexts.count)
        for text in templateTexts {
            writer.writeString(text.name)
            writer.writeString(text.text)
        }
    }

    mutating func readChat(_ reader: inout ByteReader) throws(WireError) {
        let parts = try reader.readUInt8()
        guard parts < 8, parts == 0 || parts & 1 != 0 else { throw .invalid }
        let limit = Limits.chatTemplateByteCount
        if parts & 1 != 0 { chatTemplate = try reader.readString(limit: limit) }
        if parts & 2 != 0 { toolTemplate = try reader.readString(limit: limit) }
        guard parts & 4 != 0 else { return }
        var texts: [TemplateText] = []
        for _ in 0..<(try reader.readCount(limit: Limits.templateTextCount)) {
            texts.append(
                TemplateText(
                    name: try reader.readString(limit: Limits.vocabularyPieceByteCount),
                    text: try reader.readString(limit: Limits.vocabularyPieceByteCount)))
        }
        templateTexts = texts
    }
}
