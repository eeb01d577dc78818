import Checkpoints
import Primitives
import Runtime
import Tensors
import Tokenizers
import Transformers
import Wire

/// A model that a person named: one of the store, or files at a path. Opened without a node, and
/// nothing is written for it.
///
/// What has a slash or ends in `.gguf`, `.json` or `.model` is a path; any other word is looked for
/// in the store first, then among the files here.
enum ModelSource {
    case stored(StoredModel, ModelStore)
    /// A GGUF file, also one with a vocabulary alone, a Hugging Face directory, or the files of a
    /// tokenizer.
    case checkpoint(Checkpoint, name: String)

    static func open(_ word: String, _ settings: Settings) throws -> ModelSource {
        let isPath =
            word.contains("/") || [".gguf", ".json", ".model"].contains { word.hasSuffix($0) }
        if !isPath {
            let store = ModelStore(
                path: (settings.string("data")
                    ?? DataDirectory.defaultPath(environment: environmentValue)) + "/models")
            if let stored = try store.model(named: word) { return .stored(stored, store) }
            if word == EmbeddedModel.name {
                return .checkpoint(try EmbeddedModel.checkpoint(), name: word)
            }
        }
        guard ModelFiles.isThere(word) else {
            throw CommandError(
                isPath
                    ? "There is no file or folder \(word)."
                    : "Neither the store nor this folder has a model '\(word)': see bored model "
                        + "list, or bring one in with bored model import PATH.")
        }
        return .checkpoint(try ModelFiles.open(word), name: word)
    }

    var name: String {
        switch self {
        case .stored(let model, _): model.manifest.name
        case .checkpoint(_, let name): name
        }
    }

    /// The tokenizer's rules; `Tokenizer` makes them work.
    func tokenizerModel() throws -> TokenizerModel {
        switch self {
        case .stored(let model, let store):
            return try TextModel.tokenizerModel(of: model.manifest, store: store)
        case .checkpoint(let checkpoint, _):
            do { return try TokenizerModel(checkpoint) } catch { throw CommandError("\(error)") }
        }
    }

    /// The whole model in memory. Throws where the store has only some of its pieces.
    func localModel() throws -> LocalModel {
        switch self {
        case .stored(let model, let store):
            guard model.hasAllPieces else {
                throw CommandError(
                    "The store has \(model.isComplete.count { $0 }) of the "
                        + "\(model.isComplete.count) pieces of \(name): bring it in with bored "
                        + "model import PATH.")
            }
            return try AloneAnswer.load(
                try TextModel(model.manifest, store: store), store: store)
        case .checkpoint(let checkpoint, _):
            return try ModelStore.localModel(of: checkpoint)
        }
    }
}

extension ModelStore {
    /// The model of this name, or whose digest begins with these digits; nil where there is none.
    /// Throws where there are several.
    func model(named word: String) throws(CommandError) -> StoredModel? {
        let found = models(matching: word)
        guard found.count < 2 else {
            throw CommandError(
                "\(found.count) models of the store are called '\(word)': name one by its digest, "
                    + "as bored model list shows it.")
        }
        return found.first
    }
}
