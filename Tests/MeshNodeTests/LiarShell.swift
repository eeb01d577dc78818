import Identity
import MeshNode
import Pipelines
import Primitives
import Shards
import Wire

/// A node with a small shell that answers when it is told to, and not always well.
final class ShelledNode {
    var node: Node
    let address: PeerAddress
    private let models: [PieceModel]
    private var disk: Set<Digest> = []
    /// What the shell has still to answer.
    private(set) var pending: [NodeEffect] = []
    /// Requests of this node's own that run, and where the next step of each begins.
    var positions: [Ticket: Int] = [:]
    private(set) var seats: [StageSeat] = []
    private(set) var results: [[UInt8]] = []
    /// What must never happen.
    var faults: Set<String> = []

    init(_ node: consuming Node, address: PeerAddress, models: [PieceModel]) {
        self.node = node
        (self.address, self.models) = (address, models)
    }

    /// Puts a model onto the disk, all of it.
    func give(_ model: PieceModel, isServed: Bool, at now: Instant, into outbox: inout Outbox) {
        disk.formUnion(model.pieces.map(\.root))
        node.addModel(
            model.signed, pieces: status(of: model.signed), isServed: isServed, at: now,
            into: &outbox)
    }

    private func status(of signed: SignedManifest) -> [PieceStatus] {
        signed.manifest.pieces.map { disk.contains($0.root) ? .complete : .absent }
    }

    /// Takes what the node wants of its shell.
    func takeEffects() {
        var count = 0
        while let effect = node.nextEffect() {
            take(effect)
            count += 1
        }
        if count > 300 { faults.insert("\(count) effects of one input") }
        if pending.count > 1_000 { faults.insert("too much to do for a shell") }
    }

    private func take(_ effect: NodeEffect) {
        switch effect {
        case .load, .openCache, .compute, .exportCache, .importCache, .storeManifest, .readChunk,
            .readChunkList, .completePiece:
            pending.append(effect)
        case .closeCache(let id):
            pending.removeAll { effect in
                if case .compute(_, let step) = effect { return step.request == id }
                return false
            }
        case .removePiece(let piece): disk.remove(piece.root)
        case .storeChunk(let piece, _, let bytes):
            let isTrue = models.contains { $0.chunks[piece.root] == bytes }
            if !isTrue { faults.insert("a wrong chunk is kept") }
        case .requestOpened(let ticket, let seats):
            (positions[ticket], self.seats) = (0, seats)
        case .requestRewound(let ticket): positions[ticket] = 0
        case .requestFailed(let ticket, _): positions[ticket] = nil
        case .stepDone(_, let step): results.append(step.rows)
        default: break
        }
    }

    /// Answers one of the things the node waits for.
    func answer(_ index: Int, fails: Bool, at now: Instant, into outbox: inout Outbox) {
        switch pending.remove(at: index) {
        case .load(let model, let layers):
            node.layersLoaded(
                model: model, layers: layers, layerMicroseconds: fails ? nil : 100, at: now,
                into: &outbox)
        case .storeManifest(let signed):
            node.manifestStored(
                signed.manifest.digest, pieces: status(of: signed), at: now, into: &outbox)
        case .readChunk(let token, let piece, _):
            let bytes = fails ? nil : bytes(of: piece)
            node.chunkRead(token, bytes: bytes, at: now, into: &outbox)
        case .readChunkList(let token, let piece):
            let digests = fails ? nil : bytes(of: piece).map { [Digest.of($0, for: .chunk)] }
            node.chunkListRead(token, digests: digests, at: now, into: &outbox)
        case .completePiece(let model, let pieceIndex, let piece):
            if !fails { disk.insert(piece.root) }
            node.pieceStored(
                model: model, pieceIndex: pieceIndex, isWhole: !fails, at: now, into: &outbox)
        case .openCache(let offer):
            node.cacheOpened(
                offer.request, refusal: fails ? .memory : nil, keepsRows: true, at: now,
                into: &outbox)
        case .compute(let offer, let step): run(offer, step, fails: fails, at: now, into: &outbox)
        case .exportCache(let id, let from, let end):
            node.cacheExported(
                id, from: from, upTo: min(end, from + 2), bytes: fails ? nil : [1, 2, 3], at: now,
                into: &outbox)
        case .importCache(let id, let from, _):
            node.cacheImported(id, position: fails ? nil : from + 2, at: now, into: &outbox)
        default: break
        }
        takeEffects()
    }

    private func bytes(of piece: PieceEntry) -> [UInt8]? {
        models.lazy.compactMap { $0.chunks[piece.root] }.first
    }

    private func run(
        _ offer: StageOffer, _ step: Step, fails: Bool, at now: Instant, into outbox: inout Outbox
    ) {
        guard !step.isNamed else {
            return node.rowsNotKnown(step.request, step: step, at: now, into: &outbox)
        }
        let rows = step.rows.suffix(step.outputCount * 16)
        node.computed(
            step.request, step: step, output: fails ? nil : Pipe.run(offer.layers, Array(rows)),
            microseconds: 10, at: now, into: &outbox)
    }
}
