internal import Placement
public import Primitives
public import Shards
public import Wire

/// From a model's manifest to layers in memory: what the shell says.
extension Node {
    /// The store has this model: its pieces can be given away, and, where `isServed`, the node
    /// chooses layers to hold. What `isKept` never makes room for other pieces.
    public mutating func addModel(
        _ manifest: SignedManifest, pieces: [PieceStatus], isServed: Bool, isKept: Bool = true,
        at now: Instant, into outbox: inout Outbox
    ) {
        accept(manifest, pieces: pieces, isServed: isServed, isKept: isKept, at: now)
        settle(at: now, into: &outbox)
    }

    /// Looks for a model by name or digest among the peers; `manifestFound` follows, and, where
    /// `isServed`, the node takes the pieces it chooses from its peers.
    public mutating func findModel(
        _ query: ManifestQuery, isServed: Bool, at now: Instant, into outbox: inout Outbox
    ) {
        if queries.count < Limits.modelsPerNode {
            queries.append(ManifestSearch(query: query, isServed: isServed, nextTry: now))
        }
        searchManifests(at: now)
        settle(at: now, into: &outbox)
    }

    /// Answers `storeManifest` with what the disk has of the model's pieces.
    public mutating func manifestStored(
        _ model: Digest, pieces: [PieceStatus], at now: Instant, into outbox: inout Outbox
    ) {
        if let manifest = shards.manifest(model) {
            let search = queries.first { $0.query.matches(manifest.manifest) }
            queries.removeAll { $0.query.matches(manifest.manifest) }
            accept(
                manifest, pieces: pieces, isServed: search?.isServed ?? false, isKept: false,
                at: now)
            emit(.manifestFound(manifest))
        }
        settle(at: now, into: &outbox)
    }

    /// Brings a piece to disk for the shell's own use: the ends, for a prompt.
    public mutating func fetch(
        model: Digest, pieceIndex: Int, at now: Instant, into outbox: inout Outbox
    ) {
        guard let entry = models[model], pieceIndex < entry.pieces.count else { return }
        if entry.pieces[pieceIndex] == .complete {
            emit(.pieceReady(model: model, pieceIndex: pieceIndex))
        } else {
            models.update(model) { $0.requestedPieces.append(pieceIndex) }
            fetchPiece(pieceIndex, of: model, at: now)
        }
        settle(at: now, into: &outbox)
    }

    /// Answers `completePiece`; nil where the disk failed.
    public mutating func pieceStored(
        model: Digest, pieceIndex: Int, isWhole: Bool, at now: Instant, into outbox: inout Outbox
    ) {
        if let entry = models[model], pieceIndex < entry.pieces.count {
            models.update(model) { $0.pieces[pieceIndex] = isWhole ? .complete : .absent }
            let piece = entry.manifest.manifest.pieces[pieceIndex]
            if isWhole { shards.offer(root: piece.root, chunkCount: piece.chunkCount) }
            tellDisk(model)
            answerShell(model, pieceIndex, isWhole: isWhole)
            continueWork(on: model, at: now)
            stateChanged = true
        }
        settle(at: now, into: &outbox)
    }

    /// Answers `load`: how long one layer takes for one position, or nil where it failed.
    public mutating func layersLoaded(
        model: Digest, layers: LayerRange, layerMicroseconds: Int?, at now: Instant,
        into outbox: inout Outbox
    ) {
        if let entry = models[model], entry.work == .loading(layers) {
            models.update(model) { entry in
                entry.work = .none
                guard let layerMicroseconds else { return }
                entry.loaded = layers
                entry.layerMicroseconds = layerMicroseconds
            }
            if layerMicroseconds == nil {
                placement.loadFailed(model: model, at: now)
                note(.loadFailed(model: entry.name, layers))
            } else {
                placement.held(
                    model: model, layers: layers, layerMicroseconds: layerMicroseconds ?? 0,
                    at: now)
                note(.ready(model: entry.name, layers))
                deadlines.publish = min(deadlines.publish, now + Limits.adGatherTime)
            }
            stateChanged = true
            continueWork(on: model, at: now)
        }
        settle(at: now, into: &outbox)
    }

    /// How many bytes of pieces may still be fetched and given away; nil for any number.
    public mutating func setPieceBudget(
        byteCount: Int?, at now: Instant, into outbox: inout Outbox
    ) {
        shards.setBudget(byteCount: byteCount, at: now, into: &mail)
        settle(at: now, into: &outbox)
    }

    public mutating func chunkRead(
        _ token: ReadToken, bytes: [UInt8]?, at now: Instant, into outbox: inout Outbox
    ) {
        shards.chunkRead(token, bytes: bytes, at: now, into: &mail)
        settle(at: now, into: &outbox)
    }

    public mutating func chunkListRead(
        _ token: ReadToken, digests: [Digest]?, at now: Instant, into outbox: inout Outbox
    ) {
        shards.chunkListRead(token, digests: digests, at: now, into: &mail)
        settle(at: now, into: &outbox)
    }
}

extension ManifestQuery {
    func matches(_ manifest: ModelManifest) -> Bool {
        switch self {
        case .digest(let digest): manifest.digest == digest
        case .name(let name): manifest.name == name
        }
    }
}

extension WantedModel {
    init(_ manifest: ModelManifest) {
        self.init(
            model: manifest.digest, layerCount: manifest.layerCount,
            layerByteCounts: manifest.pieces.dropFirst().map(\.byteCount),
            endsByteCount: manifest.pieces[0].byteCount)
    }
}
