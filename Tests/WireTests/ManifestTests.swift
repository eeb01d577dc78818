import Identity
import Primitives
import Testing
import Wire

@Suite struct ManifestTests {
    private func manifest(layerCount: Int = 2) -> ModelManifest {
        let pieces = (0...layerCount).map { index in
            PieceEntry(byteCount: UInt64(index + 1), root: Digest.of([1], for: .piece))
        }
        return ModelManifest(
            name: "m", license: "none", layerCount: layerCount, hiddenSize: 8, shape: [1],
            pieces: pieces)
    }

    @Test func `a manifest says what another implementation wrote`() throws {
        let vectors = try Vectors()
        let bytes = try vectors["manifest"]
        let manifest = try ModelManifest(decoding: bytes)
        #expect(manifest.name == "ling–1" && manifest.license == "Apache-2.0")
        #expect(manifest.layerCount == 2 && manifest.hiddenSize == 64)
        #expect(manifest.shape == Array("shape".utf8))
        #expect(manifest.pieces.map(\.byteCount) == [100, 262_144, 262_145])
        #expect(manifest.pieces.map(\.chunkCount) == [1, 1, 2])
        #expect(manifest.pieces[2].byteCount(ofChunk: 1) == 1)
        #expect(try manifest.digest.bytes == vectors["manifestDigest"])
        let again = ModelManifest(
            name: manifest.name, license: manifest.license, layerCount: 2, hiddenSize: 64,
            shape: manifest.shape, pieces: manifest.pieces)
        #expect(again == manifest)
        var reader = ByteReader(try vectors["signedManifest"])
        let signed = try SignedManifest(from: &reader)
        #expect(reader.isAtEnd && signed.manifest == manifest)
        #expect(signed.isAuthentic(suite: .sodium))
    }

    @Test func `no byte of a manifest can be changed without its name changing`() {
        let manifest = manifest()
        for index in manifest.encoded.indices {
            var bent = manifest.encoded
            bent[index] ^= 1
            let read = try? ModelManifest(decoding: bent)
            #expect(read?.digest != manifest.digest, "byte \(index)")
        }
    }

    @Test func `manifests that are cut, lengthened or too large are refused`() {
        let bytes = manifest().encoded
        for count in 0..<bytes.count {
            #expect(throws: WireError.self) {
                try ModelManifest(decoding: Array(bytes[..<count]))
            }
        }
        #expect(throws: WireError.trailing) { try ModelManifest(decoding: bytes + [0]) }
        let large = [UInt8](repeating: 1, count: Limits.manifestByteCount + 1)
        #expect(throws: WireError.overLimit) { try ModelManifest(decoding: large) }
    }

    @Test func `a name that a terminal would obey is refused`() {
        for name in ["a\u{1B}[31m", "a\nb", "a\u{9B}b", "\u{7F}"] {
            let named = ModelManifest(
                name: name, license: "", layerCount: 2, hiddenSize: 8, shape: [1],
                pieces: manifest().pieces)
            #expect(throws: WireError.invalid) { try ModelManifest(decoding: named.encoded) }
        }
    }

    @Test func `a manifest of the most layers fits, and pieces of no bytes don't`() throws {
        let most = manifest(layerCount: Limits.layerCount)
        #expect(most.encoded.count <= Limits.manifestByteCount)
        #expect(try ModelManifest(decoding: most.encoded) == most)
        var bytes = manifest().encoded
        // The last piece: one byte of size, 32 of root.
        bytes[bytes.count - 33] = 0
        #expect(throws: WireError.overLimit) { try ModelManifest(decoding: bytes) }
    }

    @Test func `a piece's root commits to its chunks and their order`() {
        let digests = (0..<3).map { Digest.of([UInt8($0)], for: .chunk) }
        let piece = PieceEntry(
            byteCount: UInt64(2 * Limits.chunkByteCount + 1), root: PieceEntry.root(of: digests))
        #expect(piece.matches(chunkDigests: digests))
        #expect(!piece.matches(chunkDigests: digests.reversed()))
        #expect(!piece.matches(chunkDigests: Array(digests.dropLast())))
        #expect(!piece.matches(chunkDigests: []))
    }
}
