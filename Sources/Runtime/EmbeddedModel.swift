import CModel
public import Checkpoints
public import Identity
import Primitives
import Wire

/// The model that comes with the program, so that a first prompt gets an answer with no download.
public enum EmbeddedModel {
    public static let name = "boredling"

    /// The bytes of its GGUF file.
    public static var region: Region {
        let count = Int(bored_model_byte_count())
        // Constant data of the program: it lives as long as the process does.
        return unsafe Region(
            owner: Owner(), bytes: UnsafeRawBufferPointer(start: bored_model_bytes(), count: count))
    }

    private final class Owner: Sendable {}

    /// Puts it into the store, by the way of any other model, unless it is there. The one of an
    /// older program makes room for it; a person's own model of this name stays, alone.
    public static func add(to store: ModelStore, keys: NodeKeys) throws(DataError) {
        let file = fileMark
        let named = store.models(matching: name).filter { $0.hasAllPieces && $0.isReadable }
        let older = named.filter { model in
            store.programFile(model.manifest.digest).map { $0 != file } ?? false
        }
        if older.count < named.count { return }
        let signed = try store.importModel(checkpoint(), name: name, keys: keys, isDurable: false)
        let digest = signed.manifest.digest
        try store.markFromProgram(digest, file: file)
        for model in older where model.manifest.digest != digest {
            try store.remove(model.manifest.digest)
        }
    }

    /// Tells its file from those of other versions. The last bytes are weights, which no two
    /// trainings share; hashing all of it would take every command some milliseconds.
    private static var fileMark: Digest {
        let count = region.byteCount
        return Digest.of(region.bytes(in: max(0, count - (1 << 16))..<count), for: .chunk)
    }

    /// Its file, read.
    public static func checkpoint() throws(DataError) -> Checkpoint {
        do { return try GGUF.open(NamedRegion(name: "\(name).gguf", region: region)) } catch {
            throw DataError("The embedded model can't be read. \(error)")
        }
    }
}

/// A file read whole, for settings.
public enum FileBytes {
    public static func read(_ path: String, limit: Int = 1 << 20) throws(DataError) -> [UInt8] {
        do {
            if let bytes = try Files.read(path, limit: limit) { return bytes }
        } catch {
            throw DataError("\(path) can't be read: \(error).")
        }
        throw DataError("\(path) does not exist.")
    }
}
