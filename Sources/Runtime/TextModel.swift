public import Checkpoints
public import Templates
public import Tokenizers
public import Transformers
public import Wire

/// What an entry needs of a model to speak with people: its ends, its tokenizer, its chat form.
public struct TextModel: Sendable {
    public let manifest: ModelManifest
    public let ends: Ends
    public let tokenizer: Tokenizer
    /// Nil where the model has no template, and its pieces tell no family: prompts are then
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
            throw DataError(
                "The model \(manifest.name) can't be used: \(ModelStore.sentence(of: error)).")
        }
        self.manifest = manifest
    }

    /// The tokenizer's rules of a stored model, which may be an encoder.
    public static func tokenizerModel(
        of manifest: ModelManifest, store: ModelStore
    ) throws(DataError) -> TokenizerModel {
        let bytes = try store.readPiece(manifest.pieces[0])
        do {
            return try TokenizerModel(
                endsPiece: bytes, shape: try ModelShape(decoding: manifest.shape))
        } catch {
            throw DataError(
                "The model \(manifest.name) can't be used: \(ModelStore.sentence(of: error)).")
        }
    }

    /// The ids of a prompt: a chat of one message, or, `isRaw` or without a template, the text
    /// itself behind the model's begin token. Throws where the template refuses it.
    public func promptIDs(for text: String, isRaw: Bool) throws(TemplateError) -> [Int] {
        guard template != nil, !isRaw else {
            return tokenizer.encode(text, addSpecial: true, parseSpecial: false)
        }
        return try promptIDs(forChat: [ChatMessage(role: "user", content: text).json])
    }

    /// The ids of a chat whose answer comes next. Without a template its texts follow each other.
    public func promptIDs(
        forChat messages: [JSONValue], tools: JSONValue = .null, documents: JSONValue = .null,
        others: JSONObject = JSONObject()
    ) throws(TemplateError) -> [Int] {
        guard let template else {
            var texts: [String] = []
            for message in messages {
                guard let text = message["content"]?.string else {
                    throw .failed("a model without a chat form takes messages of text alone")
                }
                texts.append(text)
            }
            return tokenizer.encode(
                texts.joined(separator: "\n"), addSpecial: true, parseSpecial: false)
        }
        let text = try template.render(
            messages, tools: tools, documents: documents, others: others,
            secondsSince1970: Int(SystemClock.wallSeconds()))
        return tokenizer.encode(text, addSpecial: false, parseSpecial: true)
    }

    /// Whether both models mean the same by every id: one can draft for the other.
    public func hasVocabulary(of other: TextModel) -> Bool {
        tokenizer.model.kind == other.tokenizer.model.kind
            && tokenizer.model.pieces == other.tokenizer.model.pieces
    }

    /// Ids that end an answer.
    public var stopIDs: [Int] { tokenizer.model.eosIDs }
}
