public import Tokenizers
public import Transformers
public import Wire

/// What an entry needs of a model to speak with people: its ends, its tokenizer, its chat form.
public struct TextModel: Sendable {
    public let manifest: ModelManifest
    public let ends: Ends
    public let tokenizer: Tokenizer
    /// Nil where the model has no template, or one of a family that is not known: prompts are then
    /// continued as they stand.
    public let template: ChatTemplate?

    public var shape: ModelShape { ends.shape }

    /// Reads the ends of a stored model. Throws where they are not on the disk, or not of the
    /// manifest's shape.
    public init(_ manifest: ModelManifest, store: ModelStore) throws(DataError) {
        let bytes = try store.readPiece(manifest.pieces[0])
        do {
            let shape = try ModelShape(decoding: manifest.shape)
            ends = try Ends(bytes, shape: shape)
            let model = try TokenizerModel(decoding: ends.tokenizerBytes)
            tokenizer = try Tokenizer(model)
            template = ChatTemplate(model)
        } catch {
            throw DataError("The model \(manifest.name) can't be used: \(error).")
        }
        self.manifest = manifest
    }

    /// The ids of a prompt: a chat of one message, or, `isRaw` or without a template, the text
    /// itself behind the model's begin token.
    public func promptIDs(for text: String, isRaw: Bool) -> [Int] {
        guard let template, !isRaw else {
            return tokenizer.encode(text, addSpecial: true, parseSpecial: false)
        }
        let chat = template.render([ChatMessage(role: "user", content: text)])
        return tokenizer.encode(
            chat, addSpecial: !template.writesBOS, parseSpecial: true)
    }

    /// Whether both models mean the same by every id: one can draft for the other.
    public func hasVocabulary(of other: TextModel) -> Bool {
        tokenizer.model.kind == other.tokenizer.model.kind
            && tokenizer.model.pieces == other.tokenizer.model.pieces
    }

    /// Ids that end an answer.
    public var stopIDs: [Int] { tokenizer.model.eosIDs }
}
