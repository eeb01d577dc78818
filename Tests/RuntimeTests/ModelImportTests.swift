import Checkpoints
import Glibc
import Identity
import Primitives
import Runtime
import Tensors
import Testing
import Transformers
import Wire

/// The folder of reference models, or nil where it is absent, which is said once a test.
private func referencePath() -> String? {
    let path =
        unsafe getenv("BORED_REFERENCE").map { unsafe String(cString: $0) }
        ?? "../shared/models"
    guard unsafe access(path + "/stories260K", R_OK) == 0 else {
        print("skipped: no reference models at \(path); set BORED_REFERENCE")
        return nil
    }
    return path
}

struct ModelImportTests {
    private let scratch = Scratch()

    @Test func `a model imported twice is the same model, in either format`() throws {
        guard let reference = referencePath() else { return }
        let checkpoint = try ModelFiles.open(
            reference + "/stories260K/stories260K-F32.gguf")
        let store = ModelStore(path: scratch.path + "/a")
        var steps: [Int] = []
        let signed = try store.importModel(checkpoint, name: "stories", keys: .seeded(1)) {
            steps.append($0.finishedPieceCount)
        }
        let again = try ModelStore(path: scratch.path + "/b").importModel(
            checkpoint, name: "stories", keys: .seeded(2))
        #expect(again.manifest == signed.manifest)
        #expect(again.publisher != signed.publisher)
        #expect(signed.isAuthentic(suite: .sodium))
        #expect(steps == Array(1...signed.manifest.pieces.count))
        let model = try #require(store.model(signed.manifest.digest))
        #expect(model.hasAllPieces)
        // The same pieces as in memory, and they make a model that runs.
        let pieces = try ModelStore.pieces(of: checkpoint)
        #expect(
            try ModelStore.manifest(of: checkpoint, name: "stories", pieces: pieces)
                == signed.manifest)
        let shape = try ModelShape(decoding: signed.manifest.shape)
        let weights = try model.manifest.pieces.map { try store.readPiece($0) }
        #expect(try LocalModel(shape: shape, pieces: weights).layers.count == shape.layerCount)
    }

    @Test func `an import that breaks off leaves no model, and can be tried again`() throws {
        let store = ModelStore(path: scratch.path)
        let whole = try GGUF.open(
            NamedRegion(name: "whole.gguf", region: EmbeddedModel.region))
        var bytes = EmbeddedModel.region.bytes
        let norm = try #require(whole.tensors.first { $0.name == "blk.3.ffn_norm.weight" })
        // Infinity in Float32.
        for (index, byte) in [0, 0, 0x80, 0x7F].enumerated() {
            bytes[norm.byteRange.lowerBound + index] = UInt8(byte)
        }
        let spoilt = try GGUF.open(NamedRegion(name: "spoilt.gguf", region: Region(bytes)))
        var steps = 0
        let error = #expect(throws: DataError.self) {
            try store.importModel(spoilt, name: "one", keys: .seeded(1)) { _ in steps += 1 }
        }
        let text = error?.description ?? ""
        #expect(text.contains("blk.3.ffn_norm.weight") && text.contains("spoilt.gguf"), "\(text)")
        #expect(steps == 4 && store.models(matching: "one").isEmpty)
        // Not even the piece that was under way.
        #expect(unsafe access(scratch.path + "/pieces/import.new", F_OK) != 0)
        let signed = try store.importModel(whole, name: "one", keys: .seeded(1))
        #expect(store.model(signed.manifest.digest)?.hasAllPieces == true)
    }

    @Test func `a Hugging Face directory is read too`() throws {
        guard let reference = referencePath() else { return }
        let checkpoint = try ModelFiles.open(reference + "/stories260K/hf/")
        let store = ModelStore(path: scratch.path)
        let signed = try store.importModel(checkpoint, keys: .seeded(1))
        #expect(store.model(signed.manifest.digest)?.hasAllPieces == true)
    }

    @Test func `what is no model is refused in a sentence that names it`() throws {
        _ = try DataDirectory(scratch.path)
        scratch.write(Array("hello".utf8), to: "text.gguf")
        for name in ["text.gguf", "absent.gguf", "", "parts-00001-of-00002.gguf"] {
            let path = scratch.path + "/" + name
            let error = #expect(throws: DataError.self) { try ModelFiles.open(path) }
            #expect(error?.description.contains(scratch.path) == true)
        }
    }
}
