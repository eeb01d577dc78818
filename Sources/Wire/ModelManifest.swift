public import Identity
public import Primitives

/// One content-addressed part of a model: its ends, or one layer.
public struct PieceEntry: Hashable, Sendable {
    public var byteCount: UInt64
    /// BLAKE2b-256 over the digests of the piece's chunks, in order.
    public var root: Digest

    public init(byteCount: UInt64, root: Digest) {
        self.byteCount = byteCount
        self.root = root
    }

    public var chunkCount: Int {
        Int((byteCount + UInt64(Limits.chunkByteCount) - 1) / UInt64(Limits.chunkByteCount))
    }

    /// The bytes of one chunk: all are `chunkByteCount` long but the last.
    public func byteCount(ofChunk index: Int) -> Int {
        let start = UInt64(index) * UInt64(Limits.chunkByteCount)
        return Int(min(UInt64(Limits.chunkByteCount), byteCount - start))
    }

    /// Whether `digests` are the chunk digests that this piece's root commits to.
    public func matches(chunkDigests: [Digest]) -> Bool {
        chunkDigests.count == chunkCount && Self.root(of: chunkDigests) == root
    }

    public static func root(of chunkDigests: [Digest]) -> Digest {
        Digest.of(chunkDigests.flatMap(\.bytes), for: .piece)
    }
}

/// What a model is made of. Its digest is the model's name in the mesh.
public struct ModelManifest: Hashable, Sendable {
    public static let version: UInt8 = 1

    public let name: String
    public let license: String
    public let scheme: UInt8
    public let layerCount: Int
    /// Floats in one position of the residual stream.
    public let hiddenSize: Int
    /// The model's shape as the Transformers room encodes it; opaque to the network.
    public let shape: [UInt8]
    /// The ends first, then each layer.
    public let pieces: [PieceEntry]
    public let encoded: [UInt8]
    public let digest: Digest

    public init(
        name: String, license: String, layerCount: Int, hiddenSize: Int, shape: [UInt8],
        pieces: [PieceEntry]
    ) {
        precondition(pieces.count == layerCount + 1 && layerCount <= Limits.layerCount)
        self.name = name
        self.license = license
        self.scheme = ArithmeticScheme.exact1.rawValue
        self.layerCount = layerCount
        self.hiddenSize = hiddenSize
        self.shape = shape
        self.pieces = pieces
        var writer = ByteWriter(reserving: 256 + 42 * pieces.count)
        writer.write(Self.version)
        writer.write(scheme)
        writer.writeString(name)
        writer.writeString(license)
        writer.writeVarint(layerCount)
        writer.writeVarint(hiddenSize)
        writer.writeBlob(shape)
        for piece in pieces {
            writer.writeVarint(piece.byteCount)
            writer.write(piece.root)
        }
        encoded = writer.bytes
        digest = Digest.of(encoded, for: .manifest)
    }

    public init(decoding bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Limits.manifestByteCount else { throw .overLimit }
        var reader = ByteReader(bytes)
        guard try reader.readUInt8() == Self.version else { throw .invalid }
        scheme = try reader.readUInt8()
        name = try reader.readString(limit: Limits.modelNameByteCount)
        license = try reader.readString(limit: Limits.modelNameByteCount)
        layerCount = try reader.readCount(limit: Limits.layerCount)
        hiddenSize = try reader.readCount(limit: 1 << 20)
        shape = try reader.readBlob(limit: Limits.shapeByteCount)
        var pieces: [PieceEntry] = []
        for _ in 0...layerCount {
            let byteCount = try reader.readVarint()
            guard byteCount > 0, byteCount < 1 << 40 else { throw .overLimit }
            pieces.append(PieceEntry(byteCount: byteCount, root: try reader.read32(Digest.self)))
        }
        try reader.finish()
        guard layerCount > 0, hiddenSize > 0, !name.isEmpty, (name + license).isPlain else {
            throw .invalid
        }
        self.pieces = pieces
        encoded = bytes
        digest = Digest.of(bytes, for: .manifest)
    }

    /// The piece that holds layer `layer`.
    public func piece(ofLayer layer: Int) -> PieceEntry { pieces[layer + 1] }
}

/// A manifest with the signature of whoever imported the model. The model's digest covers the
/// manifest alone: two people who import the same file name the same model.
public struct SignedManifest: Hashable, Sendable {
    public let manifest: ModelManifest
    public let publisher: PublicKey
    public let signature: Signature

    public init(_ manifest: ModelManifest, keys: NodeKeys) {
        self.manifest = manifest
        publisher = keys.signingKey
        signature = keys.sign(manifest.encoded)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        manifest = try ModelManifest(
            decoding: try reader.readBlob(limit: Limits.manifestByteCount))
        publisher = try reader.read32(PublicKey.self)
        signature = Signature(try reader.readBytes(64))
    }

    public func write(into writer: inout ByteWriter) {
        writer.writeBlob(manifest.encoded)
        writer.write(publisher)
        writer.write(signature.bytes)
    }

    public func isAuthentic(suite: CryptoSuite) -> Bool {
        suite.verify(signature, of: manifest.encoded, by: publisher)
    }
}
