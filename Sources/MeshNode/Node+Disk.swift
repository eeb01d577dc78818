internal import Gossip
internal import Identity
internal import Pipelines
internal import Primitives
internal import Shards
internal import Wire

/// Room on the disk for pieces fetched from peers.
extension Node {
    /// Frees what the missing pieces of a window need, of what is best covered elsewhere; false,
    /// and nothing is freed, where that is not enough.
    mutating func makeRoom(for layers: LayerRange, of model: Digest, at now: Instant) -> Bool {
        guard let limit = settings.diskByteLimit, let entry = models[model] else { return true }
        var needed: UInt64 = 0
        for layer in layers.range where entry.pieces[layer + 1] != .complete {
            needed += entry.manifest.manifest.pieces[layer + 1].byteCount
        }
        var used = fetchedByteCount
        guard used + needed > limit else { return true }
        var victims: [StoredPiece] = []
        for piece in evictablePieces(beside: layers, of: model, at: now) {
            victims.append(piece)
            used -= piece.entry.byteCount
            if used + needed <= limit {
                evict(victims)
                return true
            }
        }
        return false
    }

    private struct StoredPiece {
        var model: Digest
        var index: Int
        var entry: PieceEntry
        var holderCount: Int
    }

    /// Bytes on the disk, or on their way to it, of models that were not imported by hand.
    private var fetchedByteCount: UInt64 {
        models.values.reduce(0) { sum, entry in
            guard !entry.isKept else { return sum }
            let sizes = entry.manifest.manifest.pieces.map(\.byteCount)
            return entry.pieces.indices.reduce(sum) {
                $0 + (entry.pieces[$1] == .absent ? 0 : sizes[$1])
            }
        }
    }

    /// Whole pieces that are in no use here and that at least two others hold, the best covered
    /// first: two nodes that make room at one moment leave one.
    private func evictablePieces(
        beside layers: LayerRange, of model: Digest, at now: Instant
    ) -> [StoredPiece] {
        var found: [StoredPiece] = []
        for (digest, entry) in zip(models.keys, models.values) where !entry.isKept {
            for index in entry.pieces.indices where entry.pieces[index] == .complete {
                if digest == model, layers.contains(index - 1) { continue }
                let piece = entry.manifest.manifest.pieces[index]
                guard !isInUse(index, of: entry), places(of: piece.root).count == 1 else {
                    continue
                }
                let count = sources(of: index, digest, at: now).count
                guard count >= 2 else { continue }
                found.append(
                    StoredPiece(model: digest, index: index, entry: piece, holderCount: count))
            }
        }
        // Stable among equals: models in order, pieces in order.
        return found.enumerated().sorted {
            ($1.element.holderCount, $0.offset) < ($0.element.holderCount, $1.offset)
        }.map(\.element)
    }

    private func isInUse(_ index: Int, of entry: ModelEntry) -> Bool {
        // The ends serve this node's own prompts.
        guard index > 0 else { return true }
        var windows = [entry.loaded, entry.chosen].compactMap { $0 }
        switch entry.work {
        case .fetching(let layers), .loading(let layers): windows.append(layers)
        case .none: break
        }
        return windows.contains { $0.contains(index - 1) }
            || entry.requestedPieces.contains(index)
    }

    private mutating func evict(_ pieces: [StoredPiece]) {
        for piece in pieces {
            models.update(piece.model) { $0.pieces[piece.index] = .absent }
            shards.withdraw(root: piece.entry.root)
            emit(.removePiece(piece.entry))
        }
        for model in models.keys {
            let count = pieces.count { $0.model == model }
            guard count > 0, let entry = models[model] else { continue }
            note(.evicted(model: entry.name, pieceCount: count))
            tellDisk(model)
        }
        stateChanged = true
    }
}
