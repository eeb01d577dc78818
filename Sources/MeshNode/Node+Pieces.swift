internal import Gossip
internal import Identity
internal import Placement
internal import Primitives
internal import Shards
internal import Wire

/// From a model's manifest to layers in memory: pieces are fetched, given away and loaded.
extension Node {
    mutating func accept(
        _ manifest: SignedManifest, pieces: [PieceStatus], isServed: Bool, isKept: Bool,
        at now: Instant
    ) {
        let digest = manifest.manifest.digest
        precondition(pieces.count == manifest.manifest.pieces.count)
        guard models.count < Limits.modelsPerNode || models.contains(digest) else { return }
        shards.offer(manifest)
        for (index, piece) in manifest.manifest.pieces.enumerated()
        where pieces[index] == .complete {
            shards.offer(root: piece.root, chunkCount: piece.chunkCount)
        }
        let wasServed = models[digest]?.isServed ?? false
        if models[digest] == nil {
            models[digest] = ModelEntry(
                manifest: manifest, pieces: pieces, isServed: isServed, isKept: isKept)
        }
        models.update(digest) { $0.isServed = $0.isServed || isServed }
        if isServed, !wasServed, presence == .idle {
            placement.want(WantedModel(manifest.manifest), at: now)
        }
        tellDisk(digest)
        stateChanged = true
    }

    /// The next thing to do for a model: nothing, fetch what is missing, or load what is there.
    mutating func continueWork(on model: Digest, at now: Instant) {
        guard let entry = models[model] else { return }
        if case .fetching(let layers) = entry.work, entry.isComplete(layers) {
            load(layers, of: model)
            return
        }
        guard entry.work == .none, let chosen = entry.chosen else { return }
        guard chosen != entry.loaded else {
            models.update(model) { $0.chosen = nil }
            return
        }
        if entry.isComplete(chosen) {
            load(chosen, of: model)
            return
        }
        guard makeRoom(for: chosen, of: model, at: now) else {
            note(.diskFull(model: entry.name))
            models.update(model) { $0.chosen = nil }
            placement.loadFailed(model: model, at: now)
            stateChanged = true
            return
        }
        models.update(model) { entry in
            entry.chosen = nil
            entry.work = .fetching(chosen)
        }
        let missing = chosen.range.map { $0 + 1 }.filter { entry.pieces[$0] != .complete }
        note(.fetching(model: entry.name, pieceCount: missing.count))
        for index in missing { fetchPiece(index, of: model, at: now) }
    }

    private mutating func load(_ layers: LayerRange, of model: Digest) {
        models.update(model) { entry in
            entry.chosen = nil
            entry.work = .loading(layers)
        }
        emit(.load(model: model, layers: layers))
    }

    mutating func fetchPiece(_ index: Int, of model: Digest, at now: Instant) {
        guard let entry = models[model] else { return }
        var digests: [Digest]?
        var present: [Int] = []
        if case .partial(let known, let chunks) = entry.pieces[index] {
            digests = known
            present = chunks
        }
        shards.fetch(
            entry.manifest.manifest.pieces[index], from: sources(of: index, model, at: now),
            knownChunkDigests: digests, presentChunks: present, at: now, into: &mail)
    }

    /// Peers that have a piece, nearest first.
    func sources(of pieceIndex: Int, _ model: Digest, at now: Instant) -> [NodeID] {
        func has(_ holding: Holding) -> Bool {
            if holding.hasAllPieces { return true }
            return pieceIndex == 0 ? holding.hasEnds : holding.layers.contains(pieceIndex - 1)
        }
        var found: [(id: NodeID, microseconds: Int)] = []
        for known in gossip.known.values {
            guard let holding = known.signed.state.holding(of: model), has(holding) else {
                continue
            }
            let id = known.signed.record.id
            found.append((id, roundTripMicroseconds(id)))
        }
        for ad in adHolders.ads(for: model, at: now) where has(ad.holding) {
            guard !found.contains(where: { $0.id == ad.record.id }) else { continue }
            found.append((ad.record.id, Limits.unknownRoundTripMicroseconds))
        }
        found.sort { ($0.microseconds, $0.id) < ($1.microseconds, $1.id) }
        return found.map(\.id).filter { $0 != id }.prefix(Limits.pieceSourceCount).map { $0 }
    }

    /// Newly learnt holders may have what is being fetched.
    mutating func offerSources(at now: Instant) {
        for (model, entry) in zip(models.keys, models.values) {
            var wanted = entry.requestedPieces
            if case .fetching(let layers) = entry.work { wanted += layers.range.map { $0 + 1 } }
            for index in wanted where entry.pieces[index] != .complete {
                shards.addSources(
                    sources(of: index, model, at: now),
                    for: entry.manifest.manifest.pieces[index].root, at: now, into: &mail)
            }
        }
    }

    mutating func handle(_ event: ShardEvent, at now: Instant) {
        switch event {
        case .manifestArrived(let manifest):
            // Kept in memory for its name; on disk only where somebody here asked for the model.
            guard queries.contains(where: { $0.query.matches(manifest.manifest) }) else {
                return shards.keepHeard(manifest)
            }
            shards.offer(manifest)
            emit(.storeManifest(manifest))
        case .manifestMissing: break
        case .readChunk(let token, let root, let index):
            if let piece = piece(root) {
                emit(.readChunk(token, piece, index: index))
            } else {
                shards.chunkRead(token, bytes: nil, at: now, into: &mail)
            }
        case .readChunkList(let token, let root):
            if let piece = piece(root) {
                emit(.readChunkList(token, piece))
            } else {
                shards.chunkListRead(token, digests: nil, at: now, into: &mail)
            }
        case .chunkListArrived(let root, let digests):
            if let piece = piece(root) { emit(.storeChunkList(piece, digests)) }
        case .storeChunk(let root, let index, let bytes):
            if let piece = piece(root) { emit(.storeChunk(piece, index: index, bytes: bytes)) }
        case .pieceComplete(let root):
            for (model, index) in places(of: root) {
                guard let piece = piece(root) else { continue }
                emit(.completePiece(model: model, pieceIndex: index, piece))
            }
        case .fetchFailed(let root, _):
            note(.chunkRefused(root: root))
            for (model, index) in places(of: root) { fetchFailed(index, of: model, at: now) }
        }
    }

    private mutating func fetchFailed(_ index: Int, of model: Digest, at now: Instant) {
        guard let entry = models[model] else { return }
        answerShell(model, index, isWhole: false)
        guard case .fetching(let layers) = entry.work, layers.contains(index - 1) else { return }
        models.update(model) { $0.work = .none }
        placement.loadFailed(model: model, at: now)
        stateChanged = true
    }

    mutating func answerShell(_ model: Digest, _ index: Int, isWhole: Bool) {
        guard models[model]?.requestedPieces.contains(index) == true else { return }
        models.update(model) { $0.requestedPieces.removeAll { $0 == index } }
        emit(
            isWhole
                ? .pieceReady(model: model, pieceIndex: index)
                : .pieceFailed(model: model, pieceIndex: index))
    }

    private func piece(_ root: Digest) -> PieceEntry? {
        guard let (model, index) = places(of: root).first else { return nil }
        return models[model]?.manifest.manifest.pieces[index]
    }

    /// Where a piece stands in the models known here.
    func places(of root: Digest) -> [(Digest, Int)] {
        zip(models.keys, models.values).flatMap { model, entry in
            entry.manifest.manifest.pieces.indices.filter {
                entry.manifest.manifest.pieces[$0].root == root
            }.map { (model, $0) }
        }
    }
}
