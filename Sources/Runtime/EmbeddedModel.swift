import CModel
public import Checkpoints
public import Identity
public import Wire

/// The small model inside the program: a whole GGUF file, read like any other.
public enum EmbeddedModel {
    /// The name by which it is asked for.
    public static let name = "boredling"

    /// The model's description and tensors, where they lie in the program.
    public static func checkpoint() throws(DataError) -> Checkpoint {
        let byteCount = Int(bored_model_byte_count())
        guard byteCount > 0, let start = unsafe bored_model_bytes() else {
            throw DataError("This program was built without a model of its own.")
        }
        // The bytes are constants of the program: nobody changes them, and nobody has to own them.
        let region = unsafe Region(
            owner: Constants.shared, bytes: UnsafeRawBufferPointer(start: start, count: byteCount))
        do {
            return try GGUF.open(NamedRegion(name: name + ".gguf", region: region))
        } catch {
            throw DataError("The model inside this program can't be read. \(error)")
        }
    }

    /// Owns what needs no owner.
    private final class Constants: Sendable {
        static let shared = Constants()
    }
}

extension ModelStore {
    /// The embedded model, in this store.
    ///
    /// Imports it each time: pieces that are there are not written again, and a program with a newer
    /// model of the same name is noticed (some tens of milliseconds).
    public func embeddedModel(keys: NodeKeys) throws(DataError) -> SignedManifest {
        try importModel(
            try EmbeddedModel.checkpoint(), name: EmbeddedModel.name, keys: keys)
    }
}
